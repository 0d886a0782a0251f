//! The two words that an adapter says about a failure: how far the request had got, and what went wrong.

use pool_core::Sent;

/// How far a request got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// The name of the host was being resolved.
    Resolve,
    /// The socket was being connected.
    Connect,
    /// TLS was being set up.
    Tls,
    /// The connection was there, but the request certainly was not processed: it was never written, or the peer says so
    /// (HTTP/2 GOAWAY below the stream, or REFUSED_STREAM).
    NotSent,
    /// Bytes of the request may have left, and no head of an answer has come.
    Sent,
    /// The head of the answer has come, its body has not come whole.
    Body,
}

impl Phase {
    /// Whether the peer can have seen the request.
    pub const fn sent(self) -> Sent {
        match self {
            Phase::Resolve | Phase::Connect | Phase::Tls | Phase::NotSent => Sent::No,
            Phase::Sent | Phase::Body => Sent::Maybe,
        }
    }

    pub(crate) const fn during(self) -> &'static str {
        match self {
            Phase::Resolve => "while resolving the host's name",
            Phase::Connect => "while connecting",
            Phase::Tls => "while setting up TLS",
            Phase::NotSent => "before the request was sent",
            Phase::Sent => "while waiting for the answer",
            Phase::Body => "while reading the body of the answer",
        }
    }
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// Nothing listens there, or the peer turned the stream away.
    Refused,
    /// The peer reset the connection.
    Reset,
    /// The peer closed the connection.
    Closed,
    /// A limit of time of ours was reached.
    TimedOut,
    /// The pool gave the connection up while this request was under way on it: the peer was asked for a sign of life and gave none.
    Dead,
    /// The name does not resolve.
    Dns,
    /// TLS failed: certificate, protocol version, handshake.
    Tls,
    /// The peer does not speak HTTP as it should.
    Protocol,
    /// The body ended before its end.
    Truncated,
    /// The caller went away.
    Cancelled,
    /// The answer is larger than the limit on its size.
    TooLarge,
    /// The peer said "enhance your calm" (HTTP/2) or its equivalent.
    Overloaded,
    /// The request cannot be sent as it is: a header or target that HTTP does not allow.
    Invalid,
    /// Anything else.
    Other,
}

impl TransportErrorKind {
    pub(crate) const fn words(self) -> &'static str {
        match self {
            TransportErrorKind::Refused => "the peer refused",
            TransportErrorKind::Reset => "the peer reset the connection",
            TransportErrorKind::Closed => "the peer closed the connection",
            TransportErrorKind::TimedOut => "the time limit was reached",
            TransportErrorKind::Dead => "the connection was found dead",
            TransportErrorKind::Dns => "the name was not found",
            TransportErrorKind::Tls => "TLS failed",
            TransportErrorKind::Protocol => "the peer broke the HTTP protocol",
            TransportErrorKind::Truncated => "the answer was cut short",
            TransportErrorKind::Cancelled => "the caller cancelled",
            TransportErrorKind::TooLarge => "the answer exceeds the size limit",
            TransportErrorKind::Overloaded => "the peer asks for less load",
            TransportErrorKind::Invalid => "the request is not valid HTTP",
            TransportErrorKind::Other => "the transport failed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_phases_before_the_request_left_are_certain() {
        for phase in [Phase::Resolve, Phase::Connect, Phase::Tls, Phase::NotSent] {
            assert_eq!(phase.sent(), Sent::No);
        }
        for phase in [Phase::Sent, Phase::Body] {
            assert_eq!(phase.sent(), Sent::Maybe);
        }
    }
}
