//! What happened in one interval, as a few numbers: what charts are drawn from and rules are judged by.

use std::time::Duration;

use pool_async::Kpis;
use pool_async::pool_core::{Stats, Status, Time};

use crate::watched::Pulse;

/// One interval of a pool, and how it was at the end of it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Point {
    /// Counts the points of a pool, from 1 on.
    pub seq: u64,
    /// The end of the interval, on the pool's clock.
    pub at: Time,
    /// Connections in any state.
    pub total: u32,
    /// Connections with a lease on them.
    pub in_use: u32,
    /// Open connections with room for a lease.
    pub available: u32,
    /// Connects under way.
    pub connecting: u32,
    /// Callers that wait.
    pub waiting: u32,
    /// The most connections at once.
    pub max: u32,
    /// Leases that ended with a verdict.
    pub verdicts: u64,
    /// Of these, the ones that ended in a fault of connection, endpoint or load.
    pub faults: u64,
    /// Acquires that ended without a lease: timed out, the queue full, no endpoint to be reached.
    pub rejected: u64,
    /// Connects that failed or took too long.
    pub connect_failures: u64,
    /// Leases that ended with a verdict, per second.
    pub throughput: f64,
    /// Faults and rejections per second.
    pub failures: f64,
    /// From the grant to the return: the median; nothing if none was returned.
    pub response_p50: Option<Duration>,
    /// Its 99th percentile.
    pub response_p99: Option<Duration>,
    /// From the wish for a connection to its grant: the 99th percentile; nothing if none was granted.
    pub wait_p99: Option<Duration>,
}

impl Point {
    /// What happened between two pulses of one pool.
    pub(crate) fn between(seq: u64, from: (Time, &Stats), to: &Pulse) -> Point {
        let (status, stats) = (&to.status, to.stats.since(from.1));
        let Status { total, in_use, available, connecting, waiting, max, .. } = *status;
        let kpis = Kpis::of(to.at.since(from.0), status, &stats);
        let Outcomes { verdicts, faults, rejected } = Outcomes::of(&stats);
        let seconds = kpis.span.as_secs_f64();
        let held = stats.hold.count() > 0;
        Point {
            seq,
            at: to.at,
            total,
            in_use,
            available,
            connecting,
            waiting,
            max,
            verdicts,
            faults,
            rejected,
            connect_failures: stats.connect_failures,
            throughput: kpis.throughput,
            failures: if seconds > 0.0 { (faults + rejected) as f64 / seconds } else { 0.0 },
            response_p50: held.then_some(kpis.response_p50),
            response_p99: held.then_some(kpis.response_p99),
            wait_p99: (stats.wait.count() > 0).then_some(kpis.wait_p99),
        }
    }
}

/// How it ended for those who wanted a connection.
pub(crate) struct Outcomes {
    /// They had one, and said how it went.
    verdicts: u64,
    /// Of these, faults of connection, endpoint or load.
    faults: u64,
    /// They got none.
    rejected: u64,
}

impl Outcomes {
    pub(crate) fn of(stats: &Stats) -> Self {
        Outcomes {
            verdicts: stats.verdicts(),
            faults: stats.failures(),
            rejected: stats.timeouts + stats.queue_full + stats.unavailable,
        }
    }

    /// The part that failed, of all: 0 to 1.
    pub(crate) fn failed(&self) -> f64 {
        (self.faults + self.rejected) as f64 / (self.verdicts + self.rejected).max(1) as f64
    }
}
