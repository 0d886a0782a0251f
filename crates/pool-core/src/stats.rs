//! Counters and histograms since the pool was made; two of them subtracted say what happened in between.

use crate::histogram::Histogram;
use crate::state::CloseReason;

/// Counters and histograms since the pool was made; those of every use come first, so that they lie together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub struct Stats {
    /// Acquires asked for.
    pub acquires: u64,
    /// Leases that reached their caller.
    pub leases: u64,
    /// Leases given back with a success.
    pub successes: u64,
    /// Leases given back without a verdict.
    pub returned: u64,
    /// Time from the acquire to the grant.
    pub wait: Histogram,
    /// Time from the grant to the release.
    pub hold: Histogram,
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
    /// Leases that ended under their callers: still out when the grace of the shutdown ended, or on a connection found dead.
    pub abandoned: u64,
    /// Retries allowed.
    pub retries: u64,
    /// Retries refused by the budget.
    pub retries_refused: u64,
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

    /// Leases that ended with a verdict.
    pub fn verdicts(&self) -> u64 {
        self.successes + self.faults.iter().sum::<u64>()
    }

    /// Leases that ended in a fault of the connection, the endpoint or its saturation.
    pub fn failures(&self) -> u64 {
        self.faults[..3].iter().sum()
    }

    /// [`Stats::failures`], of all [`Stats::verdicts`]: 0 to 1.
    pub fn error_rate(&self) -> f64 {
        let all = self.verdicts();
        if all == 0 { 0.0 } else { self.failures() as f64 / all as f64 }
    }
}
