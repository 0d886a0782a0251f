//! How the pool is, for people and for metrics: a snapshot, a row per connection, and counters since the start.

use core::time::Duration;

use crate::histogram::Histogram;
use crate::id::{ConnId, EndpointId};
use crate::state::{CloseReason, Lifecycle};
use crate::time::Time;

/// What the pool as a whole is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// The minimum of connections has not been reached yet.
    Starting,
    /// All is well.
    Running,
    /// It serves, but an endpoint is down or unhealthy.
    Degraded,
    /// Grants are held back until [`Pool::resume`](crate::Pool::resume).
    Suspended,
    /// No new callers; those that wait are served, then it closes.
    Draining,
    /// Nothing is left, or only connections being closed.
    Closed,
}

impl Phase {
    /// The phase in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Phase::Starting => "starting",
            Phase::Running => "running",
            Phase::Degraded => "degraded",
            Phase::Suspended => "suspended",
            Phase::Draining => "draining",
            Phase::Closed => "closed",
        }
    }
}

/// The health of a connection or an endpoint, as the state machine knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Health {
    /// Nothing is known yet. Used, after the healthy ones.
    #[default]
    Unknown,
    /// The last sign was good.
    Healthy,
    /// Some signs were bad, not enough of them in a row. Still used.
    Suspect,
    /// Not used; it will be replaced, or must recover first.
    Unhealthy,
    /// It was unhealthy and answered again: one lease at a time, until a success.
    Probation,
}

impl Health {
    /// All states.
    pub const ALL: [Health; 5] =
        [Health::Unknown, Health::Healthy, Health::Suspect, Health::Unhealthy, Health::Probation];

    /// In the three words people use: `Suspect` still counts as healthy, `Probation` as unknown.
    pub const fn word(self) -> &'static str {
        match self {
            Health::Healthy | Health::Suspect => "healthy",
            Health::Unhealthy => "unhealthy",
            Health::Unknown | Health::Probation => "unknown",
        }
    }
}

/// The pool at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// What the pool as a whole is doing.
    pub phase: Phase,
    /// The fewest connections kept open.
    pub min: u32,
    /// The most connections at once.
    pub max: u32,
    /// Connections in any state: connecting, open and closing.
    pub total: u32,
    /// Open connections with room for a lease, that may be granted.
    pub available: u32,
    /// Connections with a lease on them.
    pub in_use: u32,
    /// Leases out (granted or claimed); more than `in_use` when connections carry several.
    pub leases: u32,
    /// Connects under way.
    pub connecting: u32,
    /// Probes under way.
    pub probing: u32,
    /// Closes under way.
    pub closing: u32,
    /// Open connections that are healthy (or only suspect).
    pub healthy: u32,
    /// Open connections that are unhealthy.
    pub unhealthy: u32,
    /// Open connections of which nothing is known yet, or that are on probation.
    pub unknown: u32,
    /// Callers that wait.
    pub waiting: u32,
    /// For how long the one that has waited longest has been waiting.
    pub oldest_wait: Option<Duration>,
    /// Endpoints that can be dialled now.
    pub endpoints_up: u32,
    /// Endpoints that are backing off.
    pub endpoints_down: u32,
    /// How often the pool was invalidated.
    pub generation: u32,
}

impl Status {
    /// Connections in use, of all there may be: 0 to 1.
    pub fn utilization(&self) -> f64 {
        if self.max == 0 { 0.0 } else { f64::from(self.in_use) / f64::from(self.max) }
    }

    /// Open connections that are not unhealthy, of all that are open: 0 to 1; 0 when none is open.
    pub fn health_ratio(&self) -> f64 {
        let open = self.healthy + self.unhealthy + self.unknown;
        if open == 0 { 0.0 } else { f64::from(open - self.unhealthy) / f64::from(open) }
    }
}

/// One connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// Its name.
    pub id: ConnId,
    /// The endpoint that it goes to.
    pub endpoint: EndpointId,
    /// Where in its life it is.
    pub lifecycle: Lifecycle,
    /// Its health.
    pub health: Health,
    /// Whether it is open and not about to be closed.
    pub is_active: bool,
    /// Why it will be closed once its leases end.
    pub mark: Option<CloseReason>,
    /// When it was decided to dial it.
    pub created_at: Time,
    /// When it was open.
    pub opened_at: Option<Time>,
    /// When it was last granted or given back.
    pub last_used: Option<Time>,
    /// When it last proved alive.
    pub last_proven: Option<Time>,
    /// Faults and failed probes in a row.
    pub error_count: u32,
    /// Leases on it now.
    pub in_use: u32,
    /// Leases it can carry at once.
    pub leases_max: u32,
    /// Leases it has carried in all.
    pub uses: u64,
}

/// One endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndpointInfo {
    /// Its name.
    pub id: EndpointId,
    /// Its health by traffic and probes.
    pub health: Health,
    /// Failed connects in a row.
    pub failures: u32,
    /// When it may be dialled again, if it is backing off.
    pub retry_at: Option<Time>,
    /// Connections to it in any state.
    pub connections: u32,
    /// The learned limit of idleness after which a connection to it is probed before use.
    pub freshness: Duration,
    /// Whether it is being drained.
    pub draining: bool,
}

/// Counters and histograms since the pool was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Acquires asked for.
    pub acquires: u64,
    /// Leases that reached their caller.
    pub leases: u64,
    /// Acquires that timed out.
    pub timeouts: u64,
    /// Acquires refused because the queue was full.
    pub queue_full: u64,
    /// Acquires that would not wait and found none free.
    pub exhausted: u64,
    /// Acquires that failed because no endpoint could be reached.
    pub unavailable: u64,
    /// Acquires that failed because the pool was closed.
    pub refused_closed: u64,
    /// Tickets given up by their callers.
    pub cancelled: u64,
    /// Leases given back with a success.
    pub successes: u64,
    /// Leases given back without a verdict.
    pub returned: u64,
    /// Faults reported with leases: connection, endpoint, saturation, application, caller.
    pub faults: [u64; 5],
    /// Connects begun.
    pub connects: u64,
    /// Connects that succeeded.
    pub opened: u64,
    /// Connects that failed or timed out.
    pub connect_failures: u64,
    /// Probes begun.
    pub probes: u64,
    /// Probes that failed or timed out.
    pub probe_failures: u64,
    /// Connections closed, by reason, in the order of [`CloseReason::ALL`].
    pub closed: [u64; CloseReason::ALL.len()],
    /// Closes that took too long and were given up.
    pub close_timeouts: u64,
    /// Connections taken out of the pool by their callers.
    pub detached: u64,
    /// Leases still out when the grace of the shutdown ended.
    pub abandoned: u64,
    /// Retries allowed.
    pub retries: u64,
    /// Retries refused by the budget.
    pub retries_refused: u64,
    /// Time from the acquire to the grant.
    pub wait: Histogram,
    /// Time from the grant to the release.
    pub hold: Histogram,
    /// Time from the start of a connect to its success.
    pub connect: Histogram,
}

impl Stats {
    /// What was counted since `earlier`, a former state of these counters.
    #[must_use]
    pub fn since(&self, earlier: &Stats) -> Stats {
        let less = |now: u64, then: u64| now.saturating_sub(then);
        Stats {
            acquires: less(self.acquires, earlier.acquires),
            leases: less(self.leases, earlier.leases),
            timeouts: less(self.timeouts, earlier.timeouts),
            queue_full: less(self.queue_full, earlier.queue_full),
            exhausted: less(self.exhausted, earlier.exhausted),
            unavailable: less(self.unavailable, earlier.unavailable),
            refused_closed: less(self.refused_closed, earlier.refused_closed),
            cancelled: less(self.cancelled, earlier.cancelled),
            successes: less(self.successes, earlier.successes),
            returned: less(self.returned, earlier.returned),
            faults: core::array::from_fn(|n| less(self.faults[n], earlier.faults[n])),
            connects: less(self.connects, earlier.connects),
            opened: less(self.opened, earlier.opened),
            connect_failures: less(self.connect_failures, earlier.connect_failures),
            probes: less(self.probes, earlier.probes),
            probe_failures: less(self.probe_failures, earlier.probe_failures),
            closed: core::array::from_fn(|n| less(self.closed[n], earlier.closed[n])),
            close_timeouts: less(self.close_timeouts, earlier.close_timeouts),
            detached: less(self.detached, earlier.detached),
            abandoned: less(self.abandoned, earlier.abandoned),
            retries: less(self.retries, earlier.retries),
            retries_refused: less(self.retries_refused, earlier.retries_refused),
            wait: self.wait.since(&earlier.wait),
            hold: self.hold.since(&earlier.hold),
            connect: self.connect.since(&earlier.connect),
        }
    }

    /// Connections closed for `reason`.
    pub fn closed_for(&self, reason: CloseReason) -> u64 {
        self.closed[reason as usize]
    }

    /// Leases that ended in a fault of the connection, the endpoint or its saturation, of all that ended with a verdict: 0 to 1.
    pub fn error_rate(&self) -> f64 {
        let bad: u64 = self.faults[..3].iter().sum();
        let all = self.successes + self.faults.iter().sum::<u64>();
        if all == 0 { 0.0 } else { bad as f64 / all as f64 }
    }
}
