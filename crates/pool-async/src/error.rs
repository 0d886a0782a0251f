//! Why a caller got no connection, or no result: the pool's own reason, its load at that moment, and the error of the
//! last failed connect as `source()`.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use pool_core::{AcquireErrorKind, Cause, Load, StopReason, Time};

use crate::sync::Arc;

/// Why a connect failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectError<E> {
    /// The backend says why.
    Failed(E),
    /// It was not done after [`Config::connection_timeout`](pool_core::Config::connection_timeout).
    TimedOut(Duration),
}

impl<E: fmt::Display> fmt::Display for ConnectError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConnectError::Failed(error) => error.fmt(f),
            ConnectError::TimedOut(after) => {
                write!(f, "the connect was not done after {after:?} (connection_timeout)")
            }
        }
    }
}

impl<E: Error + 'static> Error for ConnectError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            ConnectError::Failed(error) => error.source(),
            ConnectError::TimedOut(_) => None,
        }
    }
}

/// An acquire that failed. [`source`](Error::source) is the error of the last failed connect, where that is the reason.
///
/// It is one pointer wide, so that the path on which nothing fails need not carry it around.
pub struct AcquireError<E>(Box<Inner<E>>);

struct Inner<E> {
    why: pool_core::AcquireError,
    cause: Option<Arc<ConnectError<E>>>,
    driver: DriverState,
}

/// Whether there is anybody to perform what the core asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DriverState {
    Alive,
    Dropped,
}

impl<E> AcquireError<E> {
    pub(crate) fn new(
        why: pool_core::AcquireError,
        cause: Option<Arc<ConnectError<E>>>,
        driver: DriverState,
    ) -> Self {
        AcquireError(Box::new(Inner { why, cause, driver }))
    }

    /// A caller that was handed a dead connection has waited since before the acquire that failed.
    pub(crate) fn waited_since(mut self, since: Time, now: Time) -> Self {
        self.0.why.waited = now.since(since);
        self
    }

    /// Why.
    pub fn kind(&self) -> AcquireErrorKind {
        self.0.why.kind
    }

    /// How long the caller has waited.
    pub fn waited(&self) -> Duration {
        self.0.why.waited
    }

    /// The pool at that moment.
    pub fn load(&self) -> Load {
        self.0.why.load
    }

    /// Which endpoint is backing off and since how many failures, if one is.
    pub fn cause(&self) -> Option<Cause> {
        self.0.why.cause
    }

    /// The last failed connect of the endpoint that is backing off, if one is.
    pub fn connect_error(&self) -> Option<&ConnectError<E>> {
        self.0.cause.as_deref()
    }

    /// When the endpoint that is backing off is dialled again at the earliest, on the pool's clock ([`Pool::now`](crate::Pool::now)).
    pub fn retry_at(&self) -> Option<Time> {
        self.0.why.cause.map(|cause| cause.retry_at)
    }

    /// The caller's patience ended.
    pub fn is_timeout(&self) -> bool {
        self.0.why.is_timeout()
    }

    /// The pool drains or is shut down: no later acquire will succeed.
    pub fn is_closed(&self) -> bool {
        self.0.why.is_closed()
    }

    /// The pool had too much to do: the queue was full, or none was free at once.
    pub fn is_exhausted(&self) -> bool {
        self.0.why.is_exhausted()
    }

    /// Nothing is open, and every endpoint is backing off after a failed connect.
    pub fn is_unavailable(&self) -> bool {
        matches!(self.0.why.kind, AcquireErrorKind::Unavailable)
    }
}

impl<E> Clone for AcquireError<E> {
    fn clone(&self) -> Self {
        AcquireError::new(self.0.why, self.0.cause.clone(), self.0.driver)
    }
}

impl<E: fmt::Debug> fmt::Debug for AcquireError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireError").field("why", &self.0.why).field("cause", &self.0.cause).finish()
    }
}

impl<E: fmt::Display> fmt::Display for AcquireError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.why.fmt(f)?;
        if self.is_closed() && self.0.driver == DriverState::Dropped {
            f.write_str(": its driver has ended or was dropped; keep the future of `Driver::run` running")?;
        }
        match self.0.cause.as_deref() {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

impl<E: Error + 'static> Error for AcquireError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self.0.cause.as_deref() {
            Some(ConnectError::Failed(error)) => Some(error),
            Some(timed_out @ ConnectError::TimedOut(_)) => Some(timed_out),
            None => None,
        }
    }
}

/// Why [`Pool::execute`](crate::Pool::execute) gave no result: `X` is the error of the work, `E` the backend's.
#[derive(Debug)]
#[non_exhaustive]
pub enum ExecuteError<X, E> {
    /// There was no connection to be had.
    #[non_exhaustive]
    Acquire {
        /// Why.
        error: AcquireError<E>,
        /// How often the work has been tried before.
        attempts: u32,
        /// How the last try ended, if there was one.
        last: Option<X>,
    },
    /// The work failed, and is not tried again.
    #[non_exhaustive]
    Failed {
        /// The last try's error.
        error: X,
        /// How often it has been tried.
        attempts: u32,
        /// Why not once more.
        stop: StopReason,
    },
    /// [`ExecuteOptions::timeout`](crate::ExecuteOptions::timeout) ended while the work was under way; the peer may have acted on it.
    #[non_exhaustive]
    Timeout {
        /// The time that it had.
        after: Duration,
        /// How often it has been tried, the one cut short included.
        attempts: u32,
        /// How the try before ended, if there was one.
        last: Option<X>,
    },
}

impl<X, E> ExecuteError<X, E> {
    /// The time was up: before a connection was granted, or while the work was under way.
    pub fn is_timeout(&self) -> bool {
        match self {
            ExecuteError::Acquire { error, .. } => error.is_timeout(),
            ExecuteError::Failed { stop, .. } => matches!(stop, StopReason::Deadline),
            ExecuteError::Timeout { .. } => true,
        }
    }

    /// The pool drains or is shut down.
    pub fn is_closed(&self) -> bool {
        matches!(self, ExecuteError::Acquire { error, .. } if error.is_closed())
    }

    /// How often the work has been tried.
    pub fn attempts(&self) -> u32 {
        match *self {
            ExecuteError::Acquire { attempts, .. }
            | ExecuteError::Failed { attempts, .. }
            | ExecuteError::Timeout { attempts, .. } => attempts,
        }
    }

    /// The error of the last try that came to an end.
    pub fn into_work_error(self) -> Option<X> {
        match self {
            ExecuteError::Failed { error, .. } => Some(error),
            ExecuteError::Acquire { last, .. } | ExecuteError::Timeout { last, .. } => last,
        }
    }
}

impl<X: fmt::Display, E: fmt::Display> fmt::Display for ExecuteError<X, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = match self {
            ExecuteError::Acquire { error, attempts, last } => {
                error.fmt(f)?;
                if *attempts > 0 {
                    write!(f, "; tried {attempts} times before")?;
                }
                last
            }
            ExecuteError::Failed { error, attempts, stop } => {
                let why = match stop {
                    StopReason::Permanent => "trying again would not help",
                    StopReason::MaybeSent => "not tried again, because the peer may have acted on it",
                    StopReason::Attempts => "no attempts are left",
                    StopReason::Budget => "the budget for retries is used up",
                    StopReason::Deadline => "no time is left for another try",
                    _ => "not tried again",
                };
                return write!(f, "{error} (attempt {attempts}; {why})");
            }
            ExecuteError::Timeout { after, attempts, last } => {
                write!(f, "not done after {after:?} (attempt {attempts} was under way)")?;
                last
            }
        };
        match last {
            Some(error) => write!(f, "; the last try failed: {error}"),
            None => Ok(()),
        }
    }
}

impl<X: Error + 'static, E: Error + 'static> Error for ExecuteError<X, E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            ExecuteError::Acquire { error, .. } => Some(error),
            ExecuteError::Failed { error, .. } => Some(error),
            ExecuteError::Timeout { last, .. } => last.as_ref().map(|error| error as &(dyn Error + 'static)),
        }
    }
}
