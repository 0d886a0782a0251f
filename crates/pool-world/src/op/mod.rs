//! The steps of a history in small numbers. Every number is taken modulo what is there, and a step about something of
//! which there is nothing does nothing: so every `Vec<Op>` is a valid history, and shrinks well.

mod apply;

/// One step. `nth` counts among the candidates; `ms` are milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "each variant says what it is; the fields are the small numbers described above"
)]
pub enum Op {
    /// A caller; `ms` is its patience: 0 none, 255 as configured, else from now.
    Acquire {
        class: u8,
        ms: u8,
        front: bool,
        proven: u8,
    },
    /// A ticket is claimed; woken ones come first.
    Claim {
        nth: u8,
    },
    /// A ticket is given up.
    Cancel {
        nth: u8,
    },
    /// A lease ends; `how` chooses the outcome.
    Release {
        nth: u8,
        how: u8,
    },
    /// A lease is taken out of the pool.
    Detach {
        nth: u8,
    },
    /// A lease comes back: its connection was dead when it was handed out.
    Reject {
        nth: u8,
    },
    /// Time passes.
    Wait {
        ms: u16,
    },
    /// Time passes exactly to the pool's deadline.
    Tick,
    /// Time passes, and nobody tells the pool until the next step.
    Oversleep {
        ms: u16,
    },
    /// Hours pass.
    Sleep {
        hours: u8,
    },
    /// The clock steps back.
    Back {
        ms: u16,
    },
    /// A connect succeeds.
    Connected {
        nth: u8,
        leases: u8,
    },
    /// A connect fails.
    Refused {
        nth: u8,
        class: u8,
    },
    /// A probe is answered.
    Probed {
        nth: u8,
    },
    /// A probe fails.
    ProbeFailed {
        nth: u8,
        class: u8,
        discard: bool,
    },
    /// A close is done.
    Closed {
        nth: u8,
    },
    /// The peer closes a connection.
    Lost {
        nth: u8,
    },
    /// The peer wants no more requests on a connection.
    Retiring {
        nth: u8,
    },
    /// Something came back on a connection.
    Progress {
        nth: u8,
    },
    /// The peer changes how much a connection carries.
    LeaseLimit {
        nth: u8,
        leases: u8,
    },
    /// The peer says how long it keeps idle connections.
    KeepAlive {
        nth: u8,
        seconds: u8,
    },
    /// A report that does not fit: `what` chooses it, about a connection that is there or is gone.
    Stray {
        nth: u8,
        what: u8,
        gone: bool,
    },
    /// The pool is resized.
    Resize {
        min: u8,
        max: u8,
    },
    Suspend,
    Resume,
    Invalidate,
    AddEndpoint {
        priority: u8,
        weight: u8,
    },
    DrainEndpoint {
        nth: u8,
    },
    Drain,
    Shutdown {
        ms: u16,
    },
    /// A failed request asks whether to try again.
    Retry {
        attempt: u8,
        class: u8,
        kind: u8,
        ms: u16,
    },
    /// Outputs are left in the core.
    Hold,
    /// Outputs are drained again.
    Unhold,
}
