//! What went wrong, in the only terms the core decides by: whose fault it was, whether the connection can
//! go on, whether the peer may have acted, and whether acting twice would matter.
//!
//! The rule of blame: only a connection fault touches a connection, only an endpoint fault an endpoint;
//! saturation touches load estimates; application and caller faults touch nothing but the statistics.

/// Whose fault a failure was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum FaultClass {
    /// This connection: reset, closed under a request, protocol error, no answer.
    Connection,
    /// The endpoint behind it: refused, name not found, the service says that it cannot serve.
    Endpoint,
    /// The endpoint has too much to do: "too many requests", its own pool exhausted.
    Saturation,
    /// The request: a 4xx, an SQL error. The peer works as it should.
    Application,
    /// The caller went away or asked wrongly.
    Caller,
}

impl FaultClass {
    /// All classes, in the order of [`Stats::faults`](crate::Stats::faults).
    pub const ALL: [FaultClass; 5] = [
        FaultClass::Connection,
        FaultClass::Endpoint,
        FaultClass::Saturation,
        FaultClass::Application,
        FaultClass::Caller,
    ];

    /// The class in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            FaultClass::Connection => "connection",
            FaultClass::Endpoint => "endpoint",
            FaultClass::Saturation => "saturation",
            FaultClass::Application => "application",
            FaultClass::Caller => "caller",
        }
    }
}

/// Whether the connection may carry another request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Reuse {
    /// It may.
    Keep,
    /// It must not: it is dead, or an answer may still be under way on it.
    Discard,
}

/// How the use of a lease ended; reported with [`Pool::release`](crate::Pool::release).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Outcome {
    /// The peer answered: a proof of life.
    Success,
    /// Given back without a verdict: no proof of life, no fault.
    Returned,
    /// It failed.
    Failed {
        /// Whose fault it was.
        class: FaultClass,
        /// Whether the connection can go on.
        reuse: Reuse,
    },
}

impl Outcome {
    /// The connection is dead or its stream out of step: a connection fault, not to be reused.
    pub const BROKEN: Outcome = Outcome::Failed { class: FaultClass::Connection, reuse: Reuse::Discard };
    /// The caller went away in mid-request: nobody's fault, but the connection must not be reused.
    pub const ABANDONED: Outcome = Outcome::Failed { class: FaultClass::Caller, reuse: Reuse::Discard };

    /// A fault of class `class` after which the connection can go on.
    pub const fn fault(class: FaultClass) -> Outcome {
        Outcome::Failed { class, reuse: Reuse::Keep }
    }

    /// Whether the peer answered in a way that proves this connection alive.
    pub(crate) const fn proves_life(self) -> bool {
        match self {
            Outcome::Success => true,
            Outcome::Returned => false,
            Outcome::Failed { class, reuse } => {
                matches!(reuse, Reuse::Keep)
                    && matches!(
                        class,
                        FaultClass::Application | FaultClass::Saturation | FaultClass::Endpoint
                    )
            }
        }
    }
}

/// Whether the peer can have seen the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Sent {
    /// Certainly not: it was never written, or the peer says that it did not process it.
    No,
    /// It may have.
    Maybe,
}

/// What it would mean to run a request twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Safety {
    /// It only reads.
    Safe,
    /// It writes, and writing twice is the same as writing once.
    Idempotent,
    /// Writing twice writes twice.
    Unsafe,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_has_its_name() {
        let names = FaultClass::ALL.map(FaultClass::name);
        assert_eq!(names, ["connection", "endpoint", "saturation", "application", "caller"]);
    }
}
