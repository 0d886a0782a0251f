//! The pool in figures: a snapshot, and what happened between two of them.

use pool_async::{Backend, Clock, Connection, Kpis, Pool};
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
