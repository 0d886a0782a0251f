//! One call: build, acquire, send, read, judge; and again where the table of errors and the core's rules allow it.
//!
//! The table (`error::table`) knows which failures did not run or may be repeated; the core owns attempts, budget, jitter
//! and deadline. This loop only carries the question from one to the other.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use http::HeaderValue;
use pool_async::{AcquireError, AcquireOptions, Backend, Clock};
use pool_core::{AcquireErrorKind, Failure, FaultClass, Outcome, Retry, Safety, Sent, Time};
use pool_http::{HttpConnection, Limits, Request, RetryAction};

use super::{CallOptions, SupabasePool};
use crate::error::Stage;
use crate::query::Query;
use crate::token::Epoch;
use crate::{Client, Error};

/// What a call carries from attempt to attempt.
struct Call {
    request: Request,
    options: CallOptions,
    deadline: Time,
    attempt: u32,
    proven_since: Option<Time>,
    /// The generation of the token in the request.
    epoch: Option<Epoch>,
    refreshed: bool,
}

pub(super) async fn run<B, C, T, K>(
    pool: &SupabasePool<B, C>,
    query: &Query<T, K>,
    options: CallOptions,
) -> Result<T, Error>
where
    B: Backend,
    B::Conn: HttpConnection,
    B::Error: Send + Sync,
    C: Clock,
{
    let deadline = pool.pool.now() + options.timeout;
    let request = query.build()?;
    let mut call =
        Call { request, options, deadline, attempt: 0, proven_since: None, epoch: None, refreshed: false };
    call.authorize(pool).await?;
    let mut last = None;
    loop {
        call.attempt += 1;
        let error = match attempt(pool, query, &call).await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        call.proven_since = Some(pool.pool.now());
        match call.next(pool, &error).await {
            Next::Again(wait) => {
                if !wait.is_zero() {
                    pool.pool.clock().sleep(wait).await;
                }
                call.count();
                last = Some(Box::new(error));
            }
            Next::Stop => return Err(call.explain(pool, error, last)),
            Next::Late(stage) => return Err(Error::Deadline { stage, last: Some(Box::new(error)) }),
        }
    }
}

/// One attempt. The lease is over when this returns; dropped in the middle, its connection is closed.
async fn attempt<B, C, T, K>(pool: &SupabasePool<B, C>, query: &Query<T, K>, call: &Call) -> Result<T, Error>
where
    B: Backend,
    B::Conn: HttpConnection,
    B::Error: Send + Sync,
    C: Clock,
{
    let options = AcquireOptions {
        priority: call.options.priority,
        timeout: Some(pool.acquire_timeout),
        deadline: Some(call.deadline),
        proven_since: call.proven_since,
        ..AcquireOptions::default()
    };
    let mut lease = pool.pool.acquire_with(options).await.map_err(|error| refused(error, pool.pool.now()))?;
    lease.drop_as(Outcome::ABANDONED);
    let limits = Limits::within(call.deadline.since(pool.pool.now()));
    let answer = match lease.send(call.request.clone(), limits).await {
        Ok(response) => query.decode(&response),
        Err(error) => Err(Error::from(error)),
    };
    lease.release(answer.as_ref().map_or_else(Error::outcome, |_| Outcome::Success));
    answer
}

/// The pool's refusal, with the reason that it gives.
fn refused<E: std::error::Error + Send + Sync + 'static>(error: AcquireError<E>, now: Time) -> Error {
    if error.is_closed() {
        return Error::Closed;
    }
    let retry_after = error.retry_at().map(|at| at.since(now));
    Error::Acquire { kind: error.kind(), retry_after, source: Box::new(error) }
}

enum Next {
    Again(Duration),
    Stop,
    /// The deadline came before it was known.
    Late(Stage),
}

impl Call {
    async fn authorize<B: Backend, C: Clock>(&mut self, pool: &SupabasePool<B, C>) -> Result<(), Error> {
        let Some(credential) = &pool.credential else { return Ok(()) };
        let Some(token) = self.in_time(pool, credential.token()).await else {
            return Err(Error::Deadline { stage: Stage::Credential, last: None });
        };
        if let Some(token) = token {
            Client::authorize(&mut self.request, &token);
            self.epoch = Some(token.epoch());
        }
        Ok(())
    }

    /// What `work` gives, if that is before the deadline. Where tokens come from is not ours: it may take for ever.
    async fn in_time<B: Backend, C: Clock, T>(
        &self,
        pool: &SupabasePool<B, C>,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let left = self.deadline.since(pool.pool.now());
        match select(pin!(work), pin!(pool.pool.clock().sleep(left))).await {
            Either::Left((value, _)) => Some(value),
            Either::Right(_) => None,
        }
    }

    /// Whether the call goes on after `error`, and after which wait.
    async fn next<B: Backend, C: Clock>(&mut self, pool: &SupabasePool<B, C>, error: &Error) -> Next {
        let safety = self.request.meta.safety;
        let action = error.action(safety);
        let (class, sent, after) = match (action, error) {
            (RetryAction::RefreshCredential, _) => return self.refresh(pool).await,
            // Nothing was sent. Before the endpoint may be dialled again, another try would only be refused again.
            (_, Error::Acquire { kind: AcquireErrorKind::Unavailable, retry_after, .. }) => {
                (FaultClass::Endpoint, Sent::No, *retry_after)
            }
            (RetryAction::No, _) => return Next::Stop,
            (RetryAction::FreshConnectionNow, _) => (FaultClass::Connection, Sent::No, None),
            (RetryAction::After { at_most: Some(most), .. }, _) if self.attempt > most => return Next::Stop,
            (RetryAction::After { min, .. }, _) => (repeatable_class(error), sent(safety), Some(min)),
        };
        let failure = Failure { attempt: self.attempt, class, sent, safety, after, deadline: self.deadline };
        match pool.pool.retry(failure) {
            Retry::After(wait) => Next::Again(wait),
            Retry::Stop(_) => Next::Stop,
        }
    }

    /// Once per call, a token that the service refused is replaced; that is not one of the attempts.
    async fn refresh<B: Backend, C: Clock>(&mut self, pool: &SupabasePool<B, C>) -> Next {
        let (Some(credential), Some(epoch), false) = (&pool.credential, self.epoch, self.refreshed) else {
            return Next::Stop;
        };
        self.refreshed = true;
        match self.in_time(pool, credential.newer_than(epoch)).await {
            None => Next::Late(Stage::Credential),
            Some(Ok(token)) => {
                Client::authorize(&mut self.request, &token);
                self.epoch = Some(token.epoch());
                self.attempt -= 1;
                Next::Again(Duration::ZERO)
            }
            // The refusal is what the caller must act on; why the refresh failed, its source has seen.
            Some(Err(_)) => Next::Stop,
        }
    }

    /// Says in the request how often it was sent before.
    fn count(&mut self) {
        if self.attempt == 0 {
            return;
        }
        self.request.headers.insert("x-retry-count", HeaderValue::from(self.attempt));
    }

    /// The last error; where the deadline cut the call short, the one before is part of it.
    fn explain<B: Backend, C: Clock>(
        &self,
        pool: &SupabasePool<B, C>,
        error: Error,
        last: Option<Box<Error>>,
    ) -> Error {
        let expired = pool.pool.now() >= self.deadline;
        if matches!(error, Error::Acquire { kind: AcquireErrorKind::Timeout, .. }) && last.is_some() {
            return Error::Deadline { stage: Stage::Acquire, last };
        }
        if matches!(&error, Error::Transport(transport) if expired && transport.is_timeout()) {
            return Error::Deadline { stage: Stage::Request, last: last.or(Some(Box::new(error))) };
        }
        error
    }
}

/// Whose fault a failure was that may be repeated. Some are answers about the request (a deadlock, a statement timeout), which the
/// core would not repeat: the table knows that they pass, as load does.
fn repeatable_class(error: &Error) -> FaultClass {
    match error.outcome() {
        Outcome::Failed { class: FaultClass::Application | FaultClass::Caller, .. } => FaultClass::Saturation,
        Outcome::Failed { class, .. } => class,
        Outcome::Success | Outcome::Returned => FaultClass::Saturation,
    }
}

/// Where the table lets an unsafe request be repeated, it did not run.
const fn sent(safety: Safety) -> Sent {
    match safety {
        Safety::Unsafe => Sent::No,
        Safety::Safe | Safety::Idempotent => Sent::Maybe,
    }
}
