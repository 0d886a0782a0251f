//! The table of legal transitions, and the words of a connection's state.
//!
//! Three dimensions, kept apart so that each stays small: the **lifecycle** (this table), the **health**
//! (`health.rs`) and the **mark** (a reason to close, acted on when the last lease ends).
//!
//! ```text
//! Connecting ──► Idle ◄──► Leased          Idle ◄──► Probing
//!     │           │           │                          │
//!     │           └───────────┴──────► Closing ◄─────────┘
//!     └──► Gone                          │  (Connecting ──► Closing too)
//!          Gone ◄────────────────────────┘   Leased ──► Gone: detached or abandoned
//! ```
//!
//! Every change of a lifecycle goes through one function of the pool, `enter`, which asks [`legal`] and moves the
//! counters; so a recount always agrees (I3, I5).

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
}

/// Whether a connection may go from one state to another.
pub const fn legal(from: Lifecycle, to: Lifecycle) -> bool {
    use Lifecycle::*;
    match from {
        Connecting => matches!(to, Idle | Closing | Gone),
        Idle => matches!(to, Leased | Probing | Closing),
        Leased => matches!(to, Idle | Probing | Closing | Gone),
        Probing => matches!(to, Idle | Closing),
        Closing => matches!(to, Gone),
        Gone => false,
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
    /// The probe took longer than [`Config::probe_timeout`](crate::Config::probe_timeout).
    ProbeTimeout,
    /// It is older than the last [`Pool::invalidate`](crate::Pool::invalidate).
    Invalidated,
    /// The pool was made smaller.
    Resized,
    /// Its endpoint is drained.
    EndpointDrained,
    /// The pool drains or shuts down.
    Shutdown,
}

impl CloseReason {
    /// All reasons, in the order of [`Stats::closed`](crate::Stats::closed).
    pub const ALL: [CloseReason; 13] = [
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
        }
    }
}
