//! What stands in the books: tickets, leases and connections as those hold them who use the pool.

use pool_core::{ConnId, EndpointId, Lease, Priority, Ticket, Time};

use crate::input::Key;

/// What the holder of a ticket will hear when it claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It still waits.
    Waiting,
    /// A lease.
    Granted,
    /// Its patience has ended.
    TimedOut,
    /// The pool gave up on everyone: unavailable or closed.
    Failed,
    /// It was woken while outputs were held back, or its lease was abandoned: either answer may come.
    Unknown,
}

/// A ticket that is out.
#[derive(Debug)]
pub struct Waiter {
    /// The ticket itself.
    pub ticket: Ticket,
    /// The acquire that it came from.
    pub key: Key,
    /// Its class.
    pub class: Priority,
    /// When it was queued.
    pub since: Time,
    /// When its patience ends.
    pub deadline: Time,
    /// What it asks of its connection.
    pub proven_since: Option<Time>,
    /// What is known of its future.
    pub fate: Fate,
    /// When it was granted.
    pub granted_at: Time,
}

impl Clone for Waiter {
    /// For a clone of the pool.
    fn clone(&self) -> Waiter {
        Waiter { ticket: self.ticket.twin(), ..*self }
    }
}

/// A lease that is out.
#[derive(Debug)]
pub struct Tenant {
    /// The lease itself.
    pub lease: Lease,
    /// The acquire that it came from.
    pub key: Key,
    /// When it was granted.
    pub since: Time,
    /// Whether the pool has ended it: a shutdown's grace is over, or its connection was found dead.
    pub abandoned: bool,
}

impl Clone for Tenant {
    /// For a clone of the pool.
    fn clone(&self) -> Tenant {
        Tenant { lease: self.lease.twin(), ..*self }
    }
}

/// Where the driver's object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The connect runs.
    Dialling,
    /// The connection is there.
    Open,
    /// The close runs; what was there before.
    Closing,
}

/// A connection as its driver holds it.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// Its name.
    pub id: ConnId,
    /// Where it goes.
    pub endpoint: EndpointId,
    /// Where it is.
    pub stage: Stage,
    /// Since when a probe runs.
    pub probing: Option<Time>,
    /// Whether it is not known if a probe runs.
    pub unsure: bool,
    /// When the last probe ended.
    pub probed: Time,
    /// When it last made progress for certain: a lease came back, or the driver saw some.
    pub moved: Time,
    /// Probes of it that were answered while it stalled, since it was last without a lease.
    pub answers: u32,
    /// When the close was asked for.
    pub closing: Time,
    /// The pool's generation when it was dialled.
    pub generation: u32,
    /// Whether a lease on it was reported as held too long.
    pub leak_reported: bool,
}

/// How far the pool is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Not at all.
    Not,
    /// It drains.
    Draining,
    /// It was shut down; when the grace ends.
    ShutDown(Time),
}
