//! What can go wrong, with a request and with a connection.
//!
//! Rules: a fault says whether the request took effect, because that is what its client cannot know.

use std::time::Duration;

use crate::canned::CannedAnswer;
use crate::rule::Rule;

/// Before or after the request took effect: for a client the two look the same, for its data they do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The data never saw the request.
    BeforeExecution,
    /// The request was executed; only its answer is lost.
    AfterExecution,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With a FIN.
    Close,
    /// With a RST.
    Reset,
}

/// How the length of a body that will be cut was announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// By `Content-Length`.
    Length,
    /// In chunks (over HTTP/2: not at all).
    Chunked,
}

/// Why an HTTP/2 stream is reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamReset {
    /// `REFUSED_STREAM`: nothing was done, any request may be sent again.
    Refused,
    /// `ENHANCE_YOUR_CALM`: the client asks for too much.
    EnhanceYourCalm,
    /// `INTERNAL_ERROR`: nobody knows what was done.
    InternalError,
}

/// What can go wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The way to the server takes longer, by a time between the two, drawn by the rule's seed.
    Latency {
        /// The least.
        min: Duration,
        /// The most.
        max: Duration,
    },
    /// The statement takes longer and holds its connection of the server's own pool meanwhile; limited by the role's
    /// statement timeout.
    SlowQuery {
        /// The least.
        min: Duration,
        /// The most.
        max: Duration,
    },
    /// The connection ends without an answer.
    Drop {
        /// With a FIN or a RST.
        ending: Ending,
        /// Whether the request took effect.
        stage: Stage,
    },
    /// The HTTP/2 stream is reset, and the connection lives on. Over HTTP/1.1, which has no streams, it is reset.
    ResetStream {
        /// The reason that is given.
        reason: StreamReset,
        /// Whether the request took effect.
        stage: Stage,
    },
    /// There is never an answer, and the connection stays open.
    Hang {
        /// Whether the request took effect.
        stage: Stage,
    },
    /// The head of the answer arrives, and nothing of its body before the connection ends.
    DropAfterHead(
        /// With a FIN or a RST.
        Ending,
    ),
    /// Half of the body arrives before the connection ends.
    CutBody {
        /// How its length was announced.
        framing: Framing,
        /// With a FIN or a RST.
        ending: Ending,
    },
    /// Half of the body arrives, the rest never does, and the connection stays open.
    StallBody,
    /// The body arrives in small pieces.
    Drip {
        /// Bytes in a piece.
        piece: usize,
        /// The time between two pieces.
        every: Duration,
    },
    /// The answer says that the connection ends after it: `Connection: close`, over HTTP/2 a GOAWAY.
    AnnounceClose,
    /// A `103 Early Hints` comes before the answer. Only on HTTP/1.1 without TLS; elsewhere the answer comes alone.
    EarlyHints,
    /// Another answer is given.
    Answer {
        /// That answer.
        answer: CannedAnswer,
        /// Whether the request took effect all the same.
        stage: Stage,
    },
}

/// What can go wrong with a new connection, before any request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AcceptFault {
    /// Accepted, then silence: no TLS handshake, no answer; closed when the client closes.
    Hang,
    /// Accepted and ended at once.
    Drop(
        /// With a FIN or a RST.
        Ending,
    ),
    /// Nothing is read for this long; then all is well.
    Delay(
        /// How long.
        Duration,
    ),
}

impl Fault {
    /// The same delay for every request.
    pub fn latency(delay: Duration) -> Self {
        Self::Latency { min: delay, max: delay }
    }

    /// The same statement time for every request.
    pub fn slow_query(delay: Duration) -> Self {
        Self::SlowQuery { min: delay, max: delay }
    }

    /// A RST instead of an answer; the request was not executed.
    pub fn reset() -> Self {
        Self::Drop { ending: Ending::Reset, stage: Stage::BeforeExecution }
    }

    /// A RST instead of an answer; the request **was** executed.
    pub fn reset_after_execution() -> Self {
        Self::Drop { ending: Ending::Reset, stage: Stage::AfterExecution }
    }

    /// The stream is refused before anything was done: an invitation to send the request again.
    pub fn refuse_stream() -> Self {
        Self::ResetStream { reason: StreamReset::Refused, stage: Stage::BeforeExecution }
    }

    /// Never an answer; the request was not executed.
    pub fn black_hole() -> Self {
        Self::Hang { stage: Stage::BeforeExecution }
    }

    /// Another answer instead; the request was not executed.
    pub fn answer(answer: CannedAnswer) -> Self {
        Self::Answer { answer, stage: Stage::BeforeExecution }
    }

    /// Meets the next `count` requests, then no more.
    pub fn times(self, count: u64) -> Rule {
        Rule::new(self).times(count)
    }

    /// Meets only requests with a path that starts so.
    pub fn path(self, prefix: &str) -> Rule {
        Rule::new(self).path(prefix)
    }

    /// Meets only requests with this method.
    pub fn method(self, method: &str) -> Rule {
        Rule::new(self).method(method)
    }

    /// Meets a request with this probability, drawn from the seed.
    pub fn chance(self, probability: f64, seed: u64) -> Rule {
        Rule::new(self).chance(probability, seed)
    }
}
