//! Why an acquire failed, with what a person needs at 3 a.m.: the load at that moment and the last failed connect.

use core::fmt;
use core::time::Duration;

use crate::fault::FaultClass;
use crate::id::EndpointId;
use crate::time::Time;

/// Why no connection was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum AcquireErrorKind {
    /// The caller's patience ended.
    Timeout,
    /// As many callers as allowed wait already.
    QueueFull,
    /// None was free, and the caller would not wait.
    Exhausted,
    /// Nothing is open, and every endpoint is backing off after a failed connect.
    Unavailable,
    /// The pool drains or is shut down.
    Closed,
}

/// The last failed connect of an endpoint that is backing off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cause {
    /// Which endpoint.
    pub endpoint: EndpointId,
    /// Whose fault the last failure was.
    pub class: FaultClass,
    /// Failed connects in a row.
    pub failures: u32,
    /// When it is dialled again at the earliest.
    pub retry_at: Time,
}

/// The load of the pool at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Load {
    /// Connections in any state.
    pub total: u32,
    /// Connections with a lease on them.
    pub in_use: u32,
    /// Connections that could be granted now.
    pub available: u32,
    /// Connects under way.
    pub connecting: u32,
    /// Callers that wait.
    pub waiting: u32,
    /// The most connections there may be.
    pub max: u32,
}

/// An acquire that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcquireError {
    /// Why.
    pub kind: AcquireErrorKind,
    /// How long the caller has waited.
    pub waited: Duration,
    /// The pool at that moment.
    pub load: Load,
    /// What the last failed connect says, if an endpoint is backing off.
    pub cause: Option<Cause>,
}

impl AcquireError {
    /// The caller's patience ended.
    pub const fn is_timeout(&self) -> bool {
        matches!(self.kind, AcquireErrorKind::Timeout)
    }

    /// The pool drains or is shut down: no later acquire will succeed.
    pub const fn is_closed(&self) -> bool {
        matches!(self.kind, AcquireErrorKind::Closed)
    }

    /// The pool had too much to do: the queue was full, or none was free at once.
    pub const fn is_exhausted(&self) -> bool {
        matches!(self.kind, AcquireErrorKind::QueueFull | AcquireErrorKind::Exhausted)
    }
}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            AcquireErrorKind::Timeout => write!(f, "no connection within {:?}", self.waited)?,
            AcquireErrorKind::QueueFull => {
                write!(f, "no connection: the queue is full with {} waiting", self.load.waiting)?
            }
            AcquireErrorKind::Exhausted => {
                f.write_str("no connection is free, and the caller would not wait")?
            }
            AcquireErrorKind::Unavailable => f.write_str("no connection: the endpoint cannot be reached")?,
            AcquireErrorKind::Closed => return f.write_str("the pool is closed"),
        }
        write!(f, " ({})", self.load)?;
        match self.cause {
            Some(Cause { endpoint, class: FaultClass::Connection, .. }) => {
                write!(f, "; endpoint {endpoint} accepts connections and closes them")
            }
            Some(Cause { endpoint, failures: 1, .. }) => {
                write!(f, "; the last connect to endpoint {endpoint} failed")
            }
            Some(Cause { endpoint, failures, .. }) => {
                write!(f, "; the last {failures} connects to endpoint {endpoint} failed")
            }
            None => Ok(()),
        }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Load { total, in_use, available, connecting, waiting, max } = self;
        write!(
            f,
            "{total} of {max} connections: {in_use} in use, {available} free, {connecting} connecting; {waiting} waiting"
        )
    }
}

impl core::error::Error for AcquireError {}
