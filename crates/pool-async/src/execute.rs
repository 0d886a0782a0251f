//! Work on a connection, tried again where that can help and cannot hurt; the core decides, this loop obeys.
//!
//! Rules kept here: one deadline for waiting, working and waiting again; a try that follows a broken connection takes one that
//! has proved alive since; work that is dropped in the middle never leaves its half-read answer to the next caller.

use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use pool_core::{Failure, Outcome, Priority, Retry, Reuse, Safety, Time};

use crate::acquire::AcquireOptions;
use crate::backend::{Backend, Fault};
use crate::clock::Clock;
use crate::error::ExecuteError;
use crate::lease::Lease;
use crate::pool::Pool;

/// How to [`execute`](Pool::execute).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExecuteOptions {
    /// What running the work twice would mean. Default: [`Safety::Unsafe`].
    pub safety: Safety,
    /// The class of the queue.
    pub priority: Priority,
    /// The time for everything together: waiting for connections, every try, and the waits between them; when it is up, work under way
    /// is dropped and its connection closed. Default: none; then waiting and trying again end after
    /// [`Config::acquire_timeout`](pool_core::Config::acquire_timeout), and a try under way takes as long as it takes.
    pub timeout: Option<Duration>,
}

impl Default for ExecuteOptions {
    fn default() -> Self {
        ExecuteOptions::new(Safety::Unsafe)
    }
}

impl ExecuteOptions {
    /// Options for work of this safety.
    pub const fn new(safety: Safety) -> Self {
        ExecuteOptions { safety, priority: Priority::Normal, timeout: None }
    }

    /// Sets the time for everything together.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the class of the queue.
    #[must_use]
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }
}

impl<B: Backend, C: Clock> Pool<B, C> {
    /// Runs `work` on a connection, again on another where [`Config::retry`](pool_core::Config::retry) and the failure allow it. Errors are
    /// judged by [`Backend::classify`]. The crate's first example shows it.
    ///
    /// To spawn it on a runtime with several threads, let the closure own what it uses (`async move |conn| …`): of one that borrows from
    /// around it, the compiler cannot show yet that the future is `Send`.
    ///
    /// # Errors
    ///
    /// When there is no connection to be had, or the work has failed and is not tried again.
    ///
    /// # Cancel safety
    ///
    /// The future may be dropped at any time; a connection on which work is under way is closed, not reused. Whether the
    /// peer has acted is then unknown.
    pub async fn execute<T>(
        &self,
        safety: Safety,
        work: impl AsyncFnMut(&mut B::Conn) -> Result<T, B::Error>,
    ) -> Result<T, ExecuteError<B::Error, B::Error>> {
        self.execute_with(ExecuteOptions::new(safety), |error| self.backend().classify(error), work).await
    }

    /// Runs `work` like [`execute`](Pool::execute), with options, and with errors of its own that `classify` judges.
    ///
    /// # Errors
    ///
    /// As [`execute`](Pool::execute), and when [`ExecuteOptions::timeout`] is over.
    ///
    /// # Cancel safety
    ///
    /// As [`execute`](Pool::execute).
    pub async fn execute_with<T, X>(
        &self,
        options: ExecuteOptions,
        classify: impl Fn(&X) -> Fault,
        mut work: impl AsyncFnMut(&mut B::Conn) -> Result<T, X>,
    ) -> Result<T, ExecuteError<X, B::Error>> {
        let start = self.now();
        let patience = options.timeout.unwrap_or(self.acquire_timeout());
        let (deadline, mut attempts, mut last, mut proven_since) = (start + patience, 0, None, None);
        loop {
            let acquire = AcquireOptions {
                priority: options.priority,
                deadline: Some(deadline),
                proven_since,
                ..AcquireOptions::default()
            };
            let lease = match self.acquire_with(acquire).await {
                Ok(lease) => lease,
                Err(error) => return Err(ExecuteError::Acquire { error, attempts, last }),
            };
            attempts += 1;
            let cut = options.timeout.map(|_| deadline);
            let error = match self.attempt(lease, cut, &classify, &mut work).await {
                None => return Err(ExecuteError::Timeout { after: patience, attempts, last }),
                Some(Ok(value)) => return Ok(value),
                Some(Err(error)) => error,
            };
            let Fault { class, reuse, sent, after } = classify(&error);
            let failure = Failure { attempt: attempts, class, sent, safety: options.safety, after, deadline };
            // The siblings of a dead connection are often dead too; of one that goes on, nothing is to be feared.
            proven_since = (reuse == Reuse::Discard).then(|| self.now());
            match self.retry(failure) {
                Retry::Stop(stop) => return Err(ExecuteError::Failed { error, attempts, stop }),
                Retry::After(Duration::ZERO) => {}
                Retry::After(wait) => self.sleep_until(self.now() + wait).await,
            }
            last = Some(error);
        }
    }

    /// The clock is the truth: a sleep that ends early is begun again.
    async fn sleep_until(&self, at: Time) {
        while let left = at.since(self.now())
            && !left.is_zero()
        {
            self.clock().sleep(left).await;
        }
    }

    /// One try: `None` if it was cut short at `cut`. The lease is over when this returns.
    async fn attempt<T, X>(
        &self,
        mut lease: Lease<B, C>,
        cut: Option<Time>,
        classify: &impl Fn(&X) -> Fault,
        work: &mut impl AsyncFnMut(&mut B::Conn) -> Result<T, X>,
    ) -> Option<Result<T, X>> {
        // Should this future be dropped: an answer may be under way.
        lease.drop_as(Outcome::ABANDONED);
        let result = match cut {
            None => Some(work(&mut lease).await),
            Some(cut) => match select(pin!(work(&mut lease)), pin!(self.sleep_until(cut))).await {
                Either::Left((result, _)) => Some(result),
                Either::Right(((), _)) => None,
            },
        };
        lease.release(match &result {
            Some(Ok(_)) => Outcome::Success,
            Some(Err(error)) => classify(error).outcome(),
            // Impatience is nobody's fault; but an answer may be under way. Probes find a peer that never answers.
            None => Outcome::ABANDONED,
        });
        result
    }
}
