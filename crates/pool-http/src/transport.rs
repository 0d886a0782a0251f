//! How far a request got before it failed, and why: the phase and the kind, set by the adapter that saw it.
//!
//! The phase decides what may be repeated, the kind decides whom to blame. An adapter that does not know whether
//! bytes left says [`Phase::Sent`]: a doubt is never resolved in favour of writing twice.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use pool_core::{FaultClass, Outcome, Reuse, Sent};

use crate::{Phase, TransportErrorKind};

/// A request that got no whole answer.
///
/// ```
/// use pool_http::{Phase, Sent, TransportError, TransportErrorKind};
///
/// let error = TransportError::new(Phase::Connect, TransportErrorKind::Refused);
/// assert_eq!(error.sent(), Sent::No);
/// assert_eq!(
///     error.at("127.0.0.1:3000").to_string(),
///     "127.0.0.1:3000: the peer refused while connecting; check the port, and that the service runs"
/// );
/// ```
#[derive(Debug)]
pub struct TransportError {
    phase: Phase,
    kind: TransportErrorKind,
    peer: Option<Arc<str>>,
    idle_for: Option<Duration>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl TransportError {
    /// A failure of kind `kind` in phase `phase`, without a cause to show.
    pub const fn new(phase: Phase, kind: TransportErrorKind) -> Self {
        TransportError { phase, kind, peer: None, idle_for: None, source: None }
    }

    /// With the error that caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// With the name of the peer, such as host and port, for the message. It must not contain credentials.
    #[must_use]
    pub fn at(mut self, peer: impl Into<Arc<str>>) -> Self {
        self.peer = Some(peer.into());
        self
    }

    /// It happened on a connection that had served before and then been idle this long: the peer may have closed it
    /// meanwhile, and the pool can learn from it how long this peer keeps idle connections.
    #[must_use]
    pub const fn after_idle(mut self, idle_for: Duration) -> Self {
        self.idle_for = Some(idle_for);
        self
    }

    /// How far the request got.
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// What went wrong.
    pub const fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// How long the connection had been idle before, when it was a reused one.
    pub const fn idle_for(&self) -> Option<Duration> {
        self.idle_for
    }

    /// Whether the peer can have seen the request.
    pub const fn sent(&self) -> Sent {
        self.phase.sent()
    }

    /// Whether a limit of time of ours was reached.
    pub const fn is_timeout(&self) -> bool {
        matches!(self.kind, TransportErrorKind::TimedOut)
    }

    /// Whether no connection could be made at all.
    pub const fn is_connect(&self) -> bool {
        matches!(self.phase, Phase::Resolve | Phase::Connect | Phase::Tls)
    }

    /// Whether the caller went away.
    pub const fn is_cancelled(&self) -> bool {
        matches!(self.kind, TransportErrorKind::Cancelled)
    }

    /// Whether a reused connection died under the request before any answer: what a peer's idle close looks like.
    pub const fn is_stale_connection(&self) -> bool {
        self.idle_for.is_some()
            && matches!(self.phase, Phase::NotSent | Phase::Sent)
            && matches!(self.kind, TransportErrorKind::Reset | TransportErrorKind::Closed)
    }

    /// Whose fault it was.
    pub const fn class(&self) -> FaultClass {
        match self.kind {
            TransportErrorKind::Cancelled | TransportErrorKind::Invalid => FaultClass::Caller,
            TransportErrorKind::TooLarge => FaultClass::Application,
            TransportErrorKind::Overloaded => FaultClass::Saturation,
            TransportErrorKind::Dns | TransportErrorKind::Tls => FaultClass::Endpoint,
            TransportErrorKind::Refused
            | TransportErrorKind::Reset
            | TransportErrorKind::Closed
            | TransportErrorKind::TimedOut
            | TransportErrorKind::Dead
            | TransportErrorKind::Protocol
            | TransportErrorKind::Truncated
            | TransportErrorKind::Other => {
                if self.is_connect() {
                    FaultClass::Endpoint
                } else {
                    FaultClass::Connection
                }
            }
        }
    }

    /// Whether the connection may carry another request: only when nothing of this one was put on it.
    pub const fn reuse(&self) -> Reuse {
        match (self.phase, self.kind) {
            (Phase::NotSent, TransportErrorKind::Cancelled | TransportErrorKind::Invalid) => Reuse::Keep,
            _ => Reuse::Discard,
        }
    }

    const fn advice(&self) -> Option<&'static str> {
        match (self.phase, self.kind) {
            (Phase::Resolve, TransportErrorKind::Dns) => Some("check the host in the URL, and the network"),
            (Phase::Connect, TransportErrorKind::Refused) => {
                Some("check the port, and that the service runs")
            }
            (Phase::Connect, TransportErrorKind::TimedOut) => {
                Some("check the host and port, the network, and firewalls")
            }
            (Phase::Tls, _) => {
                Some("check that the URL leads to the right host, its certificate, and this machine's clock")
            }
            _ => None,
        }
    }

    /// What to report to the pool with the lease.
    pub const fn outcome(&self) -> Outcome {
        Outcome::Failed { class: self.class(), reuse: self.reuse() }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(peer) = &self.peer {
            write!(f, "{peer}: ")?;
        }
        write!(f, "{} {}", self.kind.words(), self.phase.during())?;
        if let Some(idle) = self.idle_for {
            write!(f, " (on a connection that had been idle for {idle:?})")?;
        }
        self.advice().map_or(Ok(()), |advice| write!(f, "; {advice}"))
    }
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn shareable<T: Send + Sync + 'static>() {}
    const _: () = shareable::<TransportError>();

    #[test]
    fn blame_follows_kind_and_phase() {
        use FaultClass::{Application, Caller, Connection, Endpoint, Saturation};
        use TransportErrorKind as Kind;
        let table = [
            (Phase::Resolve, Kind::Dns, Endpoint, Reuse::Discard),
            (Phase::Connect, Kind::Refused, Endpoint, Reuse::Discard),
            (Phase::Connect, Kind::TimedOut, Endpoint, Reuse::Discard),
            (Phase::Tls, Kind::Tls, Endpoint, Reuse::Discard),
            (Phase::Connect, Kind::Cancelled, Caller, Reuse::Discard),
            (Phase::NotSent, Kind::Closed, Connection, Reuse::Discard),
            (Phase::NotSent, Kind::Refused, Connection, Reuse::Discard),
            (Phase::NotSent, Kind::Cancelled, Caller, Reuse::Keep),
            (Phase::NotSent, Kind::Invalid, Caller, Reuse::Keep),
            (Phase::Sent, Kind::Reset, Connection, Reuse::Discard),
            (Phase::Sent, Kind::TimedOut, Connection, Reuse::Discard),
            (Phase::Sent, Kind::Dead, Connection, Reuse::Discard),
            (Phase::Sent, Kind::Cancelled, Caller, Reuse::Discard),
            (Phase::Sent, Kind::Overloaded, Saturation, Reuse::Discard),
            (Phase::Body, Kind::Truncated, Connection, Reuse::Discard),
            (Phase::Body, Kind::TooLarge, Application, Reuse::Discard),
            (Phase::Body, Kind::Protocol, Connection, Reuse::Discard),
        ];
        for (phase, kind, class, reuse) in table {
            let error = TransportError::new(phase, kind);
            assert_eq!((error.class(), error.reuse()), (class, reuse), "{phase:?} {kind:?}");
        }
    }

    #[test]
    fn a_death_on_a_reused_connection_before_any_answer_is_a_stale_connection() {
        let reset = |phase| TransportError::new(phase, TransportErrorKind::Reset);
        let idle = Duration::from_secs(60);
        assert!(reset(Phase::Sent).after_idle(idle).is_stale_connection());
        assert!(!reset(Phase::Sent).is_stale_connection(), "a first use");
        assert!(!reset(Phase::Body).after_idle(idle).is_stale_connection(), "the answer had begun");
    }

    #[test]
    fn messages_say_what_happened_and_when() {
        let text = |phase, kind| TransportError::new(phase, kind).to_string();
        assert_eq!(
            text(Phase::Sent, TransportErrorKind::TimedOut),
            "the time limit was reached while waiting for the answer"
        );
        assert_eq!(
            text(Phase::Sent, TransportErrorKind::Dead),
            "the connection was found dead while waiting for the answer"
        );
        assert_eq!(
            text(Phase::Resolve, TransportErrorKind::Dns),
            "the name was not found while resolving the host's name; check the host in the URL, and the network"
        );
        let stale =
            TransportError::new(Phase::Sent, TransportErrorKind::Closed).after_idle(Duration::from_secs(61));
        assert_eq!(
            stale.to_string(),
            "the peer closed the connection while waiting for the answer (on a connection that had been idle for 61s)"
        );
    }
}
