//! What happened: counters that tests read, and wait on without sleeping.
//!
//! Rules: every change is made under one lock and wakes all who wait, threads and futures alike; the lists are
//! bounded ([`EXECUTED_KEPT`], [`CLOSED_KEPT`]), the numbers are not.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::data::WrittenKeys;
use crate::engine::Role;

/// How many executed requests are remembered; the oldest go first.
pub const EXECUTED_KEPT: usize = 100_000;
/// How many closed connections are remembered; the oldest go first.
pub const CLOSED_KEPT: usize = 10_000;

/// A request that reached the data, whatever became of its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Executed {
    /// The connection it came on: its number, counted from 1.
    pub connection: u64,
    /// The HTTP method.
    pub method: String,
    /// The path, without the query string.
    pub path: String,
    /// The query string as it was sent.
    pub query: String,
    /// On whose behalf.
    pub role: Role,
    /// The status it was answered with, before any fault changed that.
    pub status: u16,
    /// The values of `request_key` that it brought.
    pub keys: Vec<String>,
}

/// One connection, open or closed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionCounters {
    /// Whether it is open now.
    pub open: bool,
    /// Requests whose head arrived.
    pub requests: u64,
    /// Requests that are being answered now.
    pub in_flight: usize,
    /// The most requests in flight at once.
    pub in_flight_max: usize,
}

/// How often a `request_key` was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyCount {
    /// Statements that brought it to the table, whatever became of them.
    pub attempted: u64,
    /// Statements that were committed with it.
    pub applied: u64,
}

/// All counters at one instant.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Counters {
    /// Connections accepted since the start.
    pub opened: u64,
    /// Connections open now.
    pub open: usize,
    /// The most connections open at once.
    pub open_max: usize,
    /// Requests whose head arrived.
    pub requests: u64,
    /// Requests that are being answered now: from the head's arrival to the end of the answer.
    pub in_flight: usize,
    /// The most requests in flight at once.
    pub in_flight_max: usize,
    /// Statements that wait for a connection of the server's own pool now.
    pub database_waiting: usize,
    /// Statements that run now.
    pub database_running: usize,
    /// The most statements that ran at once.
    pub database_running_max: usize,
    /// The connections by number, counted from 1; of the closed ones the last [`CLOSED_KEPT`].
    pub connections: BTreeMap<u64, ConnectionCounters>,
    /// The last [`EXECUTED_KEPT`] requests that reached the data, in order.
    pub executed: VecDeque<Executed>,
    keys: HashMap<String, KeyCount>,
    closed: VecDeque<u64>,
}

impl Counters {
    /// How often this `request_key` was written; nought when it never came.
    pub fn key(&self, request_key: &str) -> KeyCount {
        self.keys.get(request_key).copied().unwrap_or_default()
    }

    /// Keys that were committed more than once: empty, unless a write was executed twice.
    pub fn keys_applied_twice(&self) -> Vec<&str> {
        self.keys.iter().filter(|(_, count)| count.applied > 1).map(|(key, _)| key.as_str()).collect()
    }

    /// How many requests with this method and path reached the data, among those remembered.
    pub fn executed_count(&self, method: &str, path: &str) -> usize {
        self.executed.iter().filter(|request| request.method == method && request.path == path).count()
    }
}

/// The counters with those who wait on them.
#[derive(Debug, Default)]
pub(crate) struct Observer {
    counters: Mutex<Counters>,
    changed: Condvar,
    notify: Notify,
}

impl Observer {
    fn lock(&self) -> MutexGuard<'_, Counters> {
        // Only plain numbers change under this lock: after a panic they are still what they were.
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Counters)) {
        change(&mut self.lock());
        self.changed.notify_all();
        self.notify.notify_waiters();
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&Counters) -> T) -> T {
        read(&self.lock())
    }

    pub(crate) fn wait_until(&self, condition: impl Fn(&Counters) -> bool, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let mut counters = self.lock();
        while !condition(&counters) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.changed.wait_timeout(counters, left);
            counters = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    pub(crate) async fn until(&self, condition: impl Fn(&Counters) -> bool) {
        loop {
            let changed = self.notify.notified();
            if self.read(&condition) {
                return;
            }
            changed.await;
        }
    }

    pub(crate) fn opened(&self) -> u64 {
        let mut id = 0;
        self.change(|counters| {
            counters.opened += 1;
            counters.open += 1;
            counters.open_max = counters.open_max.max(counters.open);
            id = counters.opened;
            counters
                .connections
                .insert(id, ConnectionCounters { open: true, ..ConnectionCounters::default() });
        });
        id
    }

    pub(crate) fn closed(&self, id: u64) {
        self.change(|counters| {
            counters.open -= 1;
            if let Some(connection) = counters.connections.get_mut(&id) {
                connection.open = false;
            }
            counters.closed.push_back(id);
            if counters.closed.len() > CLOSED_KEPT
                && let Some(oldest) = counters.closed.pop_front()
            {
                counters.connections.remove(&oldest);
            }
        });
    }

    pub(crate) fn request_began(&self, id: u64) {
        self.change(|counters| {
            counters.requests += 1;
            counters.in_flight += 1;
            counters.in_flight_max = counters.in_flight_max.max(counters.in_flight);
            if let Some(connection) = counters.connections.get_mut(&id) {
                connection.requests += 1;
                connection.in_flight += 1;
                connection.in_flight_max = connection.in_flight_max.max(connection.in_flight);
            }
        });
    }

    pub(crate) fn request_ended(&self, id: u64) {
        self.change(|counters| {
            counters.in_flight -= 1;
            if let Some(connection) = counters.connections.get_mut(&id) {
                connection.in_flight -= 1;
            }
        });
    }

    pub(crate) fn statement_waits(&self) -> StatementGuard<'_> {
        self.change(|counters| counters.database_waiting += 1);
        StatementGuard { observer: self, running: false }
    }

    pub(crate) fn executed(&self, executed: Executed, applied: Vec<String>) {
        self.change(|counters| {
            for key in &executed.keys {
                counters.keys.entry(key.clone()).or_default().attempted += 1;
            }
            for key in applied {
                counters.keys.entry(key).or_default().applied += 1;
            }
            counters.executed.push_back(executed);
            if counters.executed.len() > EXECUTED_KEPT {
                counters.executed.pop_front();
            }
        });
    }
}

/// Counts a statement as waiting, then as running, until it is dropped.
pub(crate) struct StatementGuard<'a> {
    observer: &'a Observer,
    running: bool,
}

impl StatementGuard<'_> {
    pub(crate) fn runs(&mut self) {
        self.running = true;
        self.observer.change(|counters| {
            counters.database_waiting -= 1;
            counters.database_running += 1;
            counters.database_running_max = counters.database_running_max.max(counters.database_running);
        });
    }
}

impl Drop for StatementGuard<'_> {
    fn drop(&mut self) {
        self.observer.change(|counters| match self.running {
            true => counters.database_running -= 1,
            false => counters.database_waiting -= 1,
        });
    }
}

/// Splits what a statement wrote into what is logged and what is counted as applied.
pub(crate) fn executed(mut request: Executed, keys: WrittenKeys) -> (Executed, Vec<String>) {
    request.keys = keys.attempted;
    (request, keys.applied)
}

#[cfg(test)]
mod tests {
    use super::Observer;
    use std::time::Duration;

    #[test]
    fn a_waiter_is_woken_by_the_change_it_waits_for() {
        let observer = Observer::default();
        std::thread::scope(|scope| {
            let waiter =
                scope.spawn(|| observer.wait_until(|counters| counters.opened == 2, Duration::from_secs(30)));
            observer.opened();
            observer.opened();
            assert!(waiter.join().expect("the waiter does not panic"));
        });
        assert!(!observer.wait_until(|counters| counters.open == 0, Duration::ZERO));
    }
}
