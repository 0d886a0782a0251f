//! What comes out: every action, who performs it, and what must be reported back.
//!
//! | action | the driver | and reports |
//! |---|---|---|
//! | `Connect` | dials the endpoint | `Connected` or `ConnectFailed` |
//! | `Probe` | asks the connection for a sign of life | `Probed` or `ProbeFailed` |
//! | `Close` | stops what runs on the connection (connect, probe; of a dead one also what its leases have under way), closes it | `Closed` |
//! | `Forget` | drops whatever it still holds of the connection: its close took too long | nothing |
//! | `Wake` | wakes the task that holds the ticket, which then claims | nothing |
//! | `Notice` | tells whoever watches | nothing |
//!
//! Every action that asks for a report has a deadline in the core, so a peer that never answers holds no slot. Where several
//! inputs come before the actions are fetched, a `Probe` can name a connection that has been detached meanwhile: it is void.

use crate::id::{ConnId, EndpointId, TicketId};
use crate::state::CloseReason;
use crate::time::Time;

/// What the driver is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[must_use = "an action that is not performed and reported holds its slot until its deadline"]
pub enum Action {
    /// Dial `endpoint`; report [`Event::Connected`](crate::Event::Connected) or [`Event::ConnectFailed`](crate::Event::ConnectFailed).
    Connect {
        /// The name of the connection to be.
        conn: ConnId,
        /// Where to.
        endpoint: EndpointId,
        /// Connects to this endpoint that have failed in a row before this one.
        attempt: u32,
    },
    /// Ask for a sign of life; report [`Event::Probed`](crate::Event::Probed) or [`Event::ProbeFailed`](crate::Event::ProbeFailed).
    Probe {
        /// Which connection.
        conn: ConnId,
    },
    /// Close it, stopping a connect or a probe that is under way; report [`Event::Closed`](crate::Event::Closed).
    Close {
        /// Which connection.
        conn: ConnId,
        /// Why.
        reason: CloseReason,
    },
    /// Drop whatever is left of it: the close has had its time, and the slot is free. No report.
    Forget {
        /// Which connection.
        conn: ConnId,
    },
    /// Wake the task that holds this ticket; it then calls [`Pool::claim`](crate::Pool::claim).
    Wake {
        /// Which ticket.
        ticket: TicketId,
    },
    /// Tell whoever watches.
    Notice(Notice),
}

/// Something worth telling a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Notice {
    /// An endpoint went down: it is dialled again no earlier than its backoff says.
    EndpointDown {
        /// Which endpoint.
        endpoint: EndpointId,
        /// Failed connects in a row.
        failures: u32,
    },
    /// An endpoint is up again.
    EndpointUp {
        /// Which endpoint.
        endpoint: EndpointId,
    },
    /// Traffic and probes say that the endpoint does not work, though it may accept connections.
    EndpointUnhealthy {
        /// Which endpoint.
        endpoint: EndpointId,
    },
    /// An endpoint answers as it should again.
    EndpointHealthy {
        /// Which endpoint.
        endpoint: EndpointId,
    },
    /// A connection became unhealthy and will be replaced.
    ConnectionUnhealthy {
        /// Which connection.
        conn: ConnId,
    },
    /// A lease is older than [`Config::leak_after`](crate::Config::leak_after). It is not taken away.
    LeaseHeld {
        /// On which connection.
        conn: ConnId,
        /// How long, in milliseconds.
        held_ms: u32,
    },
    /// A lease that was reported as held too long has come back.
    LeaseReturned {
        /// On which connection.
        conn: ConnId,
        /// How long it was out, in milliseconds.
        held_ms: u32,
    },
    /// The idle time after which the endpoint closes connections was learned; connections idle for longer are probed before use.
    FreshnessLearned {
        /// Which endpoint.
        endpoint: EndpointId,
        /// The new limit, in milliseconds.
        limit_ms: u32,
    },
    /// The grace of the shutdown is over: this connection is still leased and no longer belongs to the pool.
    LeaseAbandoned {
        /// Which connection.
        conn: ConnId,
    },
}

/// What [`Pool::poll`](crate::Pool::poll) answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "an output is an action to perform or the instant to wake up at"]
pub enum Output {
    /// Do this, then poll again.
    Do(Action),
    /// Nothing to do until then (or until an input).
    Idle {
        /// When to call [`Pool::advance`](crate::Pool::advance); `None`: only an input can change anything.
        until: Option<Deadline>,
    },
}

/// The next instant at which the pool does something by itself, and what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Deadline {
    /// When.
    pub at: Time,
    /// What for.
    pub why: Wakeup,
}

/// Why the pool wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wakeup {
    /// A waiter's patience ends.
    Waiter(TicketId),
    /// A connect has had its time.
    ConnectTimeout(ConnId),
    /// A probe has had its time.
    ProbeTimeout(ConnId),
    /// A close has had its time.
    CloseTimeout(ConnId),
    /// A connection has been idle for as long as it may.
    IdleExpiry(ConnId),
    /// A connection is due to be probed.
    ProbeDue(ConnId),
    /// A connection comes to the end of its life soon: its place in the row of retirements is taken, or its replacement dialled.
    Renewal(ConnId),
    /// A connection has come to the end of its life.
    Retirement(ConnId),
    /// A connection in use has made no progress.
    Stall(ConnId),
    /// A lease is to be reported as held too long.
    LeaseWatch(ConnId),
    /// An endpoint may be dialled again.
    Redial(EndpointId),
    /// The number of idle connections is sampled.
    ShrinkSample,
    /// The grace of a shutdown ends.
    ShutdownGrace,
}

/// Whether a report was about something that still is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "a stale report means that the driver still holds an object that the pool no longer knows: drop it"]
pub enum Verdict {
    /// It was, and has been acted on.
    Accepted,
    /// It was not; nothing has changed. An object that came with the report belongs to the driver: close it.
    Stale,
}

const _: () = assert!(size_of::<Action>() <= 24, "I35");
