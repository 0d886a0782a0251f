//! The record of a connection, and what can be read off it alone.

use crate::id::{ConnId, EndpointId, LeaseId, TicketId};
use crate::list::{Links, List, Via};
use crate::state::{CloseReason, Lifecycle};
use crate::status::Health;
use crate::time::{Span, Time};

/// Which of the pool's lists of grantable (or kept) connections a connection is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) enum Shelf {
    /// May be granted, as far as is known; in the order of the last proof of life or use.
    Ready,
    /// Idle for longer than its endpoint keeps connections: to be probed before it is granted.
    Stale,
    /// In use without progress: granted when nothing else is left.
    Stalled,
    /// Unhealthy, without leases: waits for its replacement.
    Sick,
}

/// By lines of the cache, with the head of its slot: what every use reads, what every use writes, and the rest.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub(crate) struct Conn {
    pub(crate) endpoint: EndpointId,
    pub(crate) leases_max: u32,
    pub(crate) life: Lifecycle,
    pub(crate) health: Health,
    pub(crate) mark: Option<CloseReason>,
    pub(crate) shelf: Option<Shelf>,
    pub(crate) probing: bool,
    /// It has been idle for as long as it may, and is among the kept.
    pub(crate) expired: bool,
    pub(crate) stalled: bool,
    /// Probes of a stall that were answered without any other progress: each doubles the patience.
    pub(crate) stalls: u32,
    /// Faults of traffic in a row.
    pub(crate) faults: u32,
    /// Failed probes in a row.
    pub(crate) probe_failures: u32,
    /// Successful probes in a row while unhealthy.
    pub(crate) recoveries: u32,
    /// The probe interval with this connection's own jitter; zero: never.
    pub(crate) probe_every: Span,
    pub(crate) on_shelf: Links<ConnId>,
    /// The last proof of life.
    pub(crate) proven: Time,
    /// The last proof of life or failed probe: probes are due an interval after it.
    pub(crate) looked_at: Time,
    /// The last grant or end of a lease; `Time::MAX`: none yet.
    pub(crate) last_used: Time,
    /// The last sign of progress while in use.
    pub(crate) progress_at: Time,
    pub(crate) uses: u64,
    /// Granted and claimed leases, oldest first.
    pub(crate) leases: List<LeaseId, OnConn>,
    pub(crate) in_kept: Links<ConnId>,
    /// Failed connects in a row when this one was begun.
    pub(crate) attempt: u32,
    pub(crate) created_at: Time,
    pub(crate) opened_at: Time,
    /// The end of the connect, the probe or the close that is under way.
    pub(crate) deadline: Time,
    pub(crate) retirement: Retirement,
}

/// How far a connection is on its way to retirement by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(u8)]
pub(crate) enum Retirement {
    /// It lives for ever.
    Never,
    /// At this instant it takes its place in the row of retirements.
    Unplaced(Time),
    /// It retires then; its replacement is due a connect's time earlier.
    Placed(Time),
    /// It retires then, and its replacement is wanted now.
    Renewing(Time),
}

/// A line that is out of its place costs no more than time, and some 32-bit processors align eight bytes by four.
#[cfg(target_pointer_width = "64")]
const _: () = {
    assert!(core::mem::offset_of!(Conn, proven) == 56, "the first line ends here");
    assert!(core::mem::offset_of!(Conn, in_kept) == 120, "the second line ends here");
};

impl Conn {
    pub(crate) fn connecting(endpoint: EndpointId, attempt: u32, now: Time, deadline: Time) -> Conn {
        Conn {
            endpoint,
            life: Lifecycle::Connecting,
            health: Health::Unknown,
            mark: None,
            attempt,
            created_at: now,
            opened_at: Time::MAX,
            deadline,
            probing: false,
            last_used: Time::MAX,
            expired: false,
            proven: now,
            looked_at: now,
            probe_every: Span::ZERO,
            retirement: Retirement::Never,
            faults: 0,
            probe_failures: 0,
            recoveries: 0,
            leases: List::new(),
            leases_max: 1,
            uses: 0,
            progress_at: now,
            stalled: false,
            stalls: 0,
            shelf: None,
            on_shelf: Links::NONE,
            in_kept: Links::NONE,
        }
    }

    /// Of an open one that no lease is on: since when that is so.
    #[inline]
    pub(crate) const fn idle_since(&self) -> Time {
        if self.last_used.as_nanos() == Time::MAX.as_nanos() { self.opened_at } else { self.last_used }
    }

    pub(crate) const fn is_open(&self) -> bool {
        self.life.is_open()
    }

    /// Open and good enough to be waited for.
    pub(crate) const fn is_serving(&self) -> bool {
        self.is_open() && self.mark.is_none() && !matches!(self.health, Health::Unhealthy)
    }

    /// Serving, and not about to be retired: what the minimum is counted in.
    pub(crate) const fn is_usable(&self) -> bool {
        self.is_serving() && !matches!(self.retirement, Retirement::Renewing(_))
    }

    /// How many leases it may carry at its present health.
    pub(crate) const fn lease_limit(&self) -> u32 {
        if matches!(self.health, Health::Probation) { 1 } else { self.leases_max }
    }

    /// Whether a lease may be put on it, freshness aside.
    pub(crate) const fn is_grantable(&self) -> bool {
        // A stalled one is probed while it is in use, and still the last resort.
        let asked = self.probing && !self.stalled;
        self.is_serving() && !asked && self.leases.len() < self.lease_limit()
    }

    /// The shelf that it belongs on, staleness aside.
    pub(crate) const fn place(&self) -> Option<Shelf> {
        if self.is_grantable() {
            return Some(if self.stalled { Shelf::Stalled } else { Shelf::Ready });
        }
        let sick = matches!(self.health, Health::Unhealthy) && self.mark.is_none() && self.leases.is_empty();
        if sick && self.is_open() { Some(Shelf::Sick) } else { None }
    }
}

/// Selects the links of a connection on its shelf.
#[derive(Clone, Debug)]
pub(crate) struct OnShelf;

impl Via<ConnId, Conn> for OnShelf {
    fn links(conn: &Conn) -> &Links<ConnId> {
        &conn.on_shelf
    }

    fn links_mut(conn: &mut Conn) -> &mut Links<ConnId> {
        &mut conn.on_shelf
    }
}

/// Selects the links of a connection among those that are kept beyond their time.
#[derive(Clone, Debug)]
pub(crate) struct Kept;

impl Via<ConnId, Conn> for Kept {
    fn links(conn: &Conn) -> &Links<ConnId> {
        &conn.in_kept
    }

    fn links_mut(conn: &mut Conn) -> &mut Links<ConnId> {
        &mut conn.in_kept
    }
}

/// A lease, from its grant to its end.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct LeaseRecord {
    pub(crate) conn: ConnId,
    /// The ticket it was granted to, until that claims it.
    pub(crate) granted_to: Option<TicketId>,
    pub(crate) since: Time,
    /// For how many nanoseconds the connection had been idle before.
    pub(crate) idled: u64,
    /// Whether it was reported as held too long.
    pub(crate) reported: bool,
    pub(crate) links: Links<LeaseId>,
}

impl LeaseRecord {
    #[inline(always)]
    pub(crate) const fn new(conn: ConnId, granted_to: Option<TicketId>, since: Time, idled: u64) -> Self {
        LeaseRecord { conn, granted_to, since, idled, reported: false, links: Links::NONE }
    }
}

/// Selects the links of a lease on its connection.
#[derive(Clone, Debug)]
pub(crate) struct OnConn;

impl Via<LeaseId, LeaseRecord> for OnConn {
    fn links(lease: &LeaseRecord) -> &Links<LeaseId> {
        &lease.links
    }

    fn links_mut(lease: &mut LeaseRecord) -> &mut Links<LeaseId> {
        &mut lease.links
    }
}
