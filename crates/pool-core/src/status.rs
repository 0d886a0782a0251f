//! How the pool is at one moment, for people and for metrics: a snapshot, a row per connection, a row per endpoint.

use core::fmt;
use core::time::Duration;

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
    /// Nothing is left.
    Closed,
}

impl Phase {
    /// All phases, in the order of a pool's life.
    pub const ALL: &'static [Phase] =
        &[Phase::Starting, Phase::Running, Phase::Degraded, Phase::Suspended, Phase::Draining, Phase::Closed];

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
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Health {
    /// Nothing is known yet. Used like a healthy one.
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
    /// Endpoints that are not backing off.
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

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Status {
            total, max, in_use, available, connecting, waiting, healthy, unhealthy, unknown, ..
        } = self;
        write!(f, "{}: {total} of {max} connections", self.phase.name())?;
        write!(f, " ({in_use} in use, {available} free, {connecting} connecting;")?;
        write!(f, " {healthy} healthy, {unhealthy} unhealthy, {unknown} unknown), {waiting} waiting")
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
    /// Whether it carries several leases and makes no progress: it is asked for a sign of life, and until it gives one it is the last
    /// choice for a new lease, and no choice for a caller that wants a proof of life.
    pub stalled: bool,
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
