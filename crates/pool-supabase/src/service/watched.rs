//! A service that is watched: its pool, and what is done over it.

use std::borrow::Cow;
use std::sync::Arc;

use pool_async::{Backend, Clock};
use pool_http::HttpConnection;
use pool_monitor::{Monitor, WatchError, Work};

use super::{Ledger, Service, lock};

impl<B, C> Service<B, C>
where
    B: Backend + Send + Sync,
    B::Conn: HttpConnection + Send,
    B::Error: Send + Sync,
    C: Clock + Send + Sync,
{
    /// Has a monitor watch the pool, by this name, and show the figures of every operation with it. It keeps neither open.
    ///
    /// # Errors
    ///
    /// As [`Monitor::watch`].
    pub fn watch(&self, monitor: &Monitor, name: &str) -> Result<(), WatchError> {
        monitor.watch(name, self.pool.pool())?;
        let ledger = Arc::clone(&self.ledger);
        monitor.watch_work(name, move || work(&ledger))
    }
}

fn work(ledger: &Ledger) -> Vec<Work> {
    let ledger = lock(ledger);
    let row = |(&name, stats): (&&'static str, &super::OperationStats)| Work {
        name: Cow::Borrowed(name),
        in_flight: stats.in_flight.into(),
        succeeded: stats.succeeded,
        failed: stats.failed,
        dropped: stats.dropped,
        time: stats.time.clone(),
    };
    ledger.iter().map(row).collect()
}
