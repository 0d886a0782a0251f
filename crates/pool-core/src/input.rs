//! What goes in: a caller's request for a lease, and the driver's reports of what it was asked to do.

use core::time::Duration;

use crate::fault::{FaultClass, Reuse};
use crate::id::{ConnId, LeaseId, TicketId};
use crate::time::Time;

/// Which queue a waiter stands in. A class is served only when no better one waits; inside a class, first come first served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Priority {
    /// Served before all others.
    High,
    /// The default.
    #[default]
    Normal,
    /// Served when nobody else waits.
    Low,
}

impl Priority {
    /// All classes, best first.
    pub const ALL: [Priority; 3] = [Priority::High, Priority::Normal, Priority::Low];
}

/// How long a caller will wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Patience {
    /// As long as [`Config::acquire_timeout`](crate::Config::acquire_timeout) from now.
    #[default]
    Configured,
    /// Until this instant.
    Until(Time),
    /// Not at all: a connection now, or an error.
    None,
}

/// Where a waiter joins the queue of its class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Place {
    /// Behind everyone: the default.
    #[default]
    Back,
    /// Before everyone: for a caller that has waited already and was given a connection that turned out dead.
    Front,
}

/// A request for a lease. `Request::default()` waits as configured, in the normal class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Request {
    /// The class of the queue.
    pub priority: Priority,
    /// How long to wait.
    pub patience: Patience,
    /// Where to join the queue.
    pub place: Place,
    /// Take only a connection that has proved alive at or after this instant; one that has not is probed first.
    /// For a retry: the siblings of a dead connection are often dead too.
    pub proven_since: Option<Time>,
}

/// A place in the queue. Give it back with [`Pool::claim`](crate::Pool::claim) or
/// [`Pool::cancel`](crate::Pool::cancel); it is moved, never copied.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a ticket that is neither claimed nor cancelled keeps the connection granted to it for ever"]
pub struct Ticket {
    pub(crate) id: TicketId,
}

impl Ticket {
    /// The id that [`Action::Wake`](crate::Action::Wake) will name.
    pub const fn id(&self) -> TicketId {
        self.id
    }
}

/// The right to use one connection. Give it back with [`Pool::release`](crate::Pool::release) or
/// [`Pool::detach`](crate::Pool::detach); it is moved, never copied.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a lease that is not released keeps its connection for ever"]
pub struct Lease {
    pub(crate) id: LeaseId,
    pub(crate) conn: ConnId,
}

impl Lease {
    /// This lease.
    pub const fn id(&self) -> LeaseId {
        self.id
    }

    /// The connection that it is on.
    pub const fn conn(&self) -> ConnId {
        self.conn
    }
}

/// A report of the driver: the end of something the core asked for, or something the transport noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Event {
    /// The connect has succeeded, up to and including the handshake: the connection can carry `leases_max` leases at once (0 counts as 1).
    Connected {
        /// Which connection.
        conn: ConnId,
        /// 1 for HTTP/1.1, the peer's stream limit for HTTP/2.
        leases_max: u32,
    },
    /// The connect has failed; there is nothing to close.
    ConnectFailed {
        /// Which connection.
        conn: ConnId,
        /// Whose fault it was.
        class: FaultClass,
    },
    /// The probe has been answered.
    Probed {
        /// Which connection.
        conn: ConnId,
    },
    /// The probe has failed.
    ProbeFailed {
        /// Which connection.
        conn: ConnId,
        /// Whose fault it was.
        class: FaultClass,
        /// Whether the connection can go on.
        reuse: Reuse,
    },
    /// The close that the core asked for is done.
    Closed {
        /// Which connection.
        conn: ConnId,
    },
    /// The peer has closed the connection, or the transport found it dead. The core answers with
    /// [`Action::Close`](crate::Action::Close) as soon as no lease is on it. If that happens within half a second of its opening,
    /// before anybody used it, it counts as a failed connect.
    Lost {
        /// Which connection.
        conn: ConnId,
    },
    /// The peer asks for no further requests on this connection (GOAWAY, `Connection: close`).
    Retiring {
        /// Which connection.
        conn: ConnId,
    },
    /// Something came back on a connection in use: the head or the end of an answer. Feeds the progress gate.
    Progress {
        /// Which connection.
        conn: ConnId,
    },
    /// The peer has changed how many leases the connection can carry at once (0 counts as 1).
    LeaseLimit {
        /// Which connection.
        conn: ConnId,
        /// The new limit.
        leases_max: u32,
    },
    /// The peer has said for how long it keeps an idle connection (`Keep-Alive: timeout`).
    KeepAlive {
        /// Which connection.
        conn: ConnId,
        /// The time that the peer named.
        timeout: Duration,
    },
}

impl Event {
    /// The same event of another connection.
    #[must_use]
    pub const fn renamed(mut self, to: ConnId) -> Event {
        match &mut self {
            Event::Connected { conn, .. }
            | Event::ConnectFailed { conn, .. }
            | Event::Probed { conn }
            | Event::ProbeFailed { conn, .. }
            | Event::Closed { conn }
            | Event::Lost { conn }
            | Event::Retiring { conn }
            | Event::Progress { conn }
            | Event::LeaseLimit { conn, .. }
            | Event::KeepAlive { conn, .. } => *conn = to,
        }
        self
    }

    /// The connection that the event is about.
    pub const fn conn(&self) -> ConnId {
        match *self {
            Event::Connected { conn, .. }
            | Event::ConnectFailed { conn, .. }
            | Event::Probed { conn }
            | Event::ProbeFailed { conn, .. }
            | Event::Closed { conn }
            | Event::Lost { conn }
            | Event::Retiring { conn }
            | Event::Progress { conn }
            | Event::LeaseLimit { conn, .. }
            | Event::KeepAlive { conn, .. } => conn,
        }
    }
}

/// An endpoint to dial, as the core needs to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EndpointSpec {
    /// Endpoints of a higher number are dialled only while none of a lower one works. Default 0.
    pub priority: u8,
    /// The share of connections beside others of the same priority, 1 or more. Default 1.
    pub weight: u16,
}

impl Default for EndpointSpec {
    fn default() -> Self {
        EndpointSpec { priority: 0, weight: 1 }
    }
}
