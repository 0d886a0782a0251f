//! The pool in figures: a snapshot, and what happened between two of them.

use std::time::Duration;

use pool_async::{Backend, Clock, Connection, Pool};
use pool_core::{Stats, Status, Time};

/// A pool at one moment. Take two, and [`since`](PoolStatus::since) says what happened between them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PoolStatus {
    /// When, on the pool's clock.
    pub at: Time,
    /// Sizes, health and queue.
    pub status: Status,
    /// A row per connection.
    pub connections: Vec<Connection>,
    /// Counters and histograms since the start.
    pub stats: Stats,
    /// The key figures since the start.
    pub kpis: Kpis,
}

/// Key figures over a span of time.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Kpis {
    /// The span.
    pub span: Duration,
    /// Connections in use, of all there may be, at the end of the span: 0 to 1.
    pub utilization: f64,
    /// Open connections that are not unhealthy, of all open ones, at the end of the span: 0 to 1; 0 when none is open.
    pub health_ratio: f64,
    /// Leases that ended with a verdict per second.
    pub throughput: f64,
    /// Of these, the ones that ended in a fault of connection, endpoint or load: 0 to 1.
    pub error_rate: f64,
    /// Response time: from the grant of a connection to its return. The median.
    pub response_p50: Duration,
    /// Its 95th percentile.
    pub response_p95: Duration,
    /// Its 99th percentile.
    pub response_p99: Duration,
    /// From the wish for a connection to its grant: the 99th percentile.
    pub wait_p99: Duration,
}

impl PoolStatus {
    pub(super) fn of<B: Backend, C: Clock>(pool: &Pool<B, C>, started: Time) -> Self {
        let at = pool.now();
        let (status, connections, stats) = (pool.status(), pool.connections(), pool.stats());
        let kpis = Kpis::of(at.since(started), &status, &stats);
        PoolStatus { at, status, connections, stats, kpis }
    }

    /// The key figures of the time since `earlier`.
    pub fn since(&self, earlier: &PoolStatus) -> Kpis {
        Kpis::of(self.at.since(earlier.at), &self.status, &self.stats.since(&earlier.stats))
    }
}

impl Kpis {
    fn of(span: Duration, status: &Status, stats: &Stats) -> Self {
        let seconds = span.as_secs_f64();
        let verdicts = stats.successes + stats.faults.iter().sum::<u64>();
        Kpis {
            span,
            utilization: status.utilization(),
            health_ratio: status.health_ratio(),
            throughput: if seconds > 0.0 { verdicts as f64 / seconds } else { 0.0 },
            error_rate: stats.error_rate(),
            response_p50: stats.hold.quantile(500),
            response_p95: stats.hold.quantile(950),
            response_p99: stats.hold.quantile(990),
            wait_p99: stats.wait.quantile(990),
        }
    }
}
