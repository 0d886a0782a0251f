//! The tables of legal transitions, and the words of a connection's state.
//!
//! Three dimensions, kept apart so that each stays small: the **lifecycle** ([`transition`]), the **health** ([`health_transition`])
//! and the **mark**, a reason to close that is acted on when the last lease ends ([`markable`]), but for one: what a probe
//! found dead under its leases takes them along ([`CloseReason::Dead`]). The diagrams in
//! `docs/lifecycle.md` are drawn from these tables by a test, which fails when they are out of date.
//!
//! Every change goes through one function of the pool for each dimension (`enter`, `set_health`, `mark`), which asks the table
//! and moves the counters; so a recount always agrees (I3, I5).

use crate::status::Health;

/// Where a connection is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Lifecycle {
    /// The driver is dialling it.
    Connecting,
    /// Open, no lease on it, no probe under way.
    Idle,
    /// Open, at least one lease (granted or claimed) on it.
    Leased,
    /// Open, no lease on it, a probe under way.
    Probing,
    /// The driver is closing it; the slot counts until that is confirmed or has timed out.
    Closing,
    /// Not there any more.
    Gone,
}

impl Lifecycle {
    /// All states, in the order of the matrix.
    pub const ALL: [Lifecycle; 6] = [
        Lifecycle::Connecting,
        Lifecycle::Idle,
        Lifecycle::Leased,
        Lifecycle::Probing,
        Lifecycle::Closing,
        Lifecycle::Gone,
    ];

    /// Whether there is a connection that can be used, or is.
    pub(crate) const fn is_open(self) -> bool {
        matches!(self, Lifecycle::Idle | Lifecycle::Leased | Lifecycle::Probing)
    }
}

/// What takes a connection from one state of its life to another, in words; `None`: nothing may.
pub const fn transition(from: Lifecycle, to: Lifecycle) -> Option<&'static str> {
    use Lifecycle::*;
    match (from, to) {
        (Connecting, Idle) => Some("connected"),
        (Connecting, Closing) => Some("timed out, or not wanted any more"),
        (Connecting, Gone) => Some("refused"),
        (Idle, Leased) => Some("granted"),
        (Idle, Probing) => Some("asked for a sign of life"),
        (Idle, Closing) => Some("marked"),
        (Leased, Idle) => Some("last lease ended"),
        (Leased, Probing) => Some("last lease ended beside a probe"),
        (Leased, Closing) => Some("last lease ended, marked before; or found dead"),
        (Leased, Gone) => Some("detached, or abandoned at a shutdown"),
        (Probing, Idle) => Some("answered, or failed and kept"),
        (Probing, Closing) => Some("marked"),
        (Closing, Gone) => Some("closed, or given up on"),
        _ => None,
    }
}

/// Whether a connection may go from one state of its life to another.
pub const fn legal(from: Lifecycle, to: Lifecycle) -> bool {
    transition(from, to).is_some()
}

/// What takes a connection from one health to another, in words; `None`: nothing may. Trouble is a fault of traffic, a failed
/// probe, or use without progress; too much of it in a row makes unhealthy, and a limit of one makes so at once.
pub const fn health_transition(from: Health, to: Health) -> Option<&'static str> {
    use Health::*;
    match (from, to) {
        (Unknown | Suspect, Healthy) => Some("proof of life"),
        (Unknown | Healthy, Suspect) => Some("trouble"),
        (Unknown | Healthy | Suspect, Unhealthy) => Some("too much trouble in a row"),
        (Unhealthy, Probation) => Some("enough probes answered in a row"),
        (Probation, Healthy) => Some("a lease succeeded"),
        (Probation, Unhealthy) => Some("trouble"),
        _ => None,
    }
}

/// Whether a connection in that state of its life may be marked for closing for that reason. The first mark stands, and takes
/// effect at once when no lease is on the connection, or when the reason is that it is dead.
pub const fn markable(life: Lifecycle, reason: CloseReason) -> bool {
    use CloseReason::*;
    use Lifecycle::*;
    match reason {
        // Only what nobody uses; a probe does not count as use.
        IdleExpired | Surplus | Unhealthy => matches!(life, Idle | Probing),
        Broken => matches!(life, Leased | Probing),
        ProbeTimeout => matches!(life, Probing),
        Dead => matches!(life, Leased),
        Lifetime | Lost | Retired => matches!(life, Idle | Leased | Probing),
        ConnectTimeout => matches!(life, Connecting),
        Invalidated | Resized | EndpointDrained | Shutdown => {
            matches!(life, Connecting | Idle | Leased | Probing)
        }
    }
}

/// Why a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum CloseReason {
    /// Idle for longer than [`Config::max_idle_time`](crate::Config::max_idle_time).
    IdleExpired,
    /// More were idle than the load of the last minutes asked for.
    Surplus,
    /// As old as [`Config::max_lifetime`](crate::Config::max_lifetime) allows.
    Lifetime,
    /// A use of it failed in a way that forbids another.
    Broken,
    /// The peer closed it.
    Lost,
    /// The peer asked for no further requests.
    Retired,
    /// Too many faults or failed probes in a row.
    Unhealthy,
    /// The connect took longer than [`Config::connection_timeout`](crate::Config::connection_timeout).
    ConnectTimeout,
    /// The probe took longer than [`Config::probe_timeout`](crate::Config::probe_timeout), and nobody used it.
    ProbeTimeout,
    /// It is older than the last [`Pool::invalidate`](crate::Pool::invalidate).
    Invalidated,
    /// The pool was made smaller.
    Resized,
    /// Its endpoint is drained.
    EndpointDrained,
    /// The pool drains or shuts down.
    Shutdown,
    /// It was in use, made no progress, and its probe failed or had its time: its leases have ended with it.
    Dead,
}

impl CloseReason {
    /// All reasons, in the order of [`Stats::closed`](crate::Stats::closed).
    pub const ALL: [CloseReason; 14] = [
        CloseReason::IdleExpired,
        CloseReason::Surplus,
        CloseReason::Lifetime,
        CloseReason::Broken,
        CloseReason::Lost,
        CloseReason::Retired,
        CloseReason::Unhealthy,
        CloseReason::ConnectTimeout,
        CloseReason::ProbeTimeout,
        CloseReason::Invalidated,
        CloseReason::Resized,
        CloseReason::EndpointDrained,
        CloseReason::Shutdown,
        CloseReason::Dead,
    ];

    /// The reason as a metric's attribute: lower case, underscores.
    pub const fn name(self) -> &'static str {
        match self {
            CloseReason::IdleExpired => "idle_expired",
            CloseReason::Surplus => "surplus",
            CloseReason::Lifetime => "lifetime",
            CloseReason::Broken => "broken",
            CloseReason::Lost => "lost",
            CloseReason::Retired => "retired",
            CloseReason::Unhealthy => "unhealthy",
            CloseReason::ConnectTimeout => "connect_timeout",
            CloseReason::ProbeTimeout => "probe_timeout",
            CloseReason::Invalidated => "invalidated",
            CloseReason::Resized => "resized",
            CloseReason::EndpointDrained => "endpoint_drained",
            CloseReason::Shutdown => "shutdown",
            CloseReason::Dead => "dead",
        }
    }
}
