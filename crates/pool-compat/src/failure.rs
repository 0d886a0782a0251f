//! What a manager's error means to the pool depends on what was being done when it came up, and that is all that is known of
//! an error of any type. Rules kept here: the step is never lost; text and `source()` are those of the manager's own error.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use pool_async::Fault;
use pool_async::pool_core::{FaultClass, Reuse, Sent};

/// The error of a manager, or of work on one of its connections, with the step in which it came up.
///
/// `?` makes a [`Failure::Work`] of an `E`, so that work given to [`Pool::execute`](pool_async::Pool::execute) reads as it would without the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure<E> {
    /// The manager could not connect.
    Connect(E),
    /// The manager tested a connection and found that it is not good any more.
    Probe(E),
    /// The manager says in words that a connection is not to be used again (deadpool's `RecycleError::Message`).
    Refused(Cow<'static, str>),
    /// Work on a connection failed.
    Work(E),
}

/// How the errors of a backend are judged.
#[cfg(any(feature = "bb8", feature = "deadpool"))]
pub(crate) type Classify<E> = Box<dyn Fn(&Failure<E>) -> Fault + Send + Sync>;

impl<E> Failure<E> {
    /// What follows from the step alone:
    ///
    /// | step | whose fault | the connection | the peer may have acted |
    /// |---|---|---|---|
    /// | [`Connect`](Failure::Connect) | the endpoint's | there is none | no |
    /// | [`Probe`](Failure::Probe), [`Refused`](Failure::Refused) | the connection's | closed | perhaps |
    /// | [`Work`](Failure::Work) | the connection's | closed | perhaps |
    ///
    /// The last row is the cautious one: an error of which nothing is known may mean that the connection is dead or out of step, so it
    /// is not lent again, and work that only reads is tried on another. A classifier that knows the harmless errors saves both.
    pub fn fault(&self) -> Fault {
        match self {
            Failure::Connect(_) => Fault::new(FaultClass::Endpoint, Reuse::Discard).sent(Sent::No),
            Failure::Probe(_) | Failure::Refused(_) | Failure::Work(_) => Fault::broken(),
        }
    }

    /// The error itself, unless the manager said only words.
    pub fn error(&self) -> Option<&E> {
        match self {
            Failure::Connect(error) | Failure::Probe(error) | Failure::Work(error) => Some(error),
            Failure::Refused(_) => None,
        }
    }

    /// The error itself, unless the manager said only words.
    pub fn into_error(self) -> Option<E> {
        match self {
            Failure::Connect(error) | Failure::Probe(error) | Failure::Work(error) => Some(error),
            Failure::Refused(_) => None,
        }
    }
}

impl<E> From<E> for Failure<E> {
    fn from(error: E) -> Self {
        Failure::Work(error)
    }
}

impl<E: fmt::Display> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Connect(error) | Failure::Work(error) => error.fmt(f),
            Failure::Probe(error) => write!(f, "the connection is not good any more: {error}"),
            Failure::Refused(words) => write!(f, "the connection is not good any more: {words}"),
        }
    }
}

impl<E: Error> Error for Failure<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error().and_then(Error::source)
    }
}
