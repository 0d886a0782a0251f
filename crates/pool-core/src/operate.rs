//! Operations: what a person or a program does to a running pool.

use core::time::Duration;

use crate::config::{Config, ConfigError};
use crate::conn::Shelf;
use crate::endpoint::Endpoint;
use crate::error::AcquireErrorKind;
use crate::id::{ConnId, EndpointId};
use crate::input::EndpointSpec;
use crate::pool::{Mode, Pool};
use crate::state::{CloseReason, Lifecycle};
use crate::time::Time;
use crate::timers::Key;

impl Pool {
    /// Adds an endpoint to dial.
    pub fn add_endpoint(&mut self, now: Time, spec: EndpointSpec) -> EndpointId {
        self.tick(now);
        let id = self.endpoints.insert(Endpoint::new(spec, self.config.freshness, self.now));
        self.settle();
        id
    }

    /// Stops dialling an endpoint and closes its connections: unused ones now, others when their leases end. It is gone when
    /// the last one is.
    pub fn drain_endpoint(&mut self, now: Time, endpoint: EndpointId) {
        self.tick(now);
        if let Some(record) = self.endpoints.get_mut(endpoint) {
            record.draining = true;
            if record.connections == 0 {
                self.remove_endpoint(endpoint);
            } else {
                self.mark_where(CloseReason::EndpointDrained, |pool, id| pool.conns[id].endpoint == endpoint);
            }
        }
        self.settle();
    }

    /// Changes the minimum and maximum. What is too much closes: the unused first, of these the one that was proven or used longest ago, then connects under way, then those in
    /// use, when their leases end.
    ///
    /// # Errors
    ///
    /// As for [`Pool::new`]; nothing has changed then.
    pub fn resize(&mut self, now: Time, min: u32, max: u32) -> Result<(), ConfigError> {
        let config = Config { min_connections: min, max_connections: max, ..self.config.clone() };
        config.validate()?;
        self.tick(now);
        self.config = config;
        let live = self.conns.iter().filter(|(_, conn)| conn.mark.is_none()).count() as u32;
        for _ in max..live {
            let victim = self
                .least_wanted()
                .or_else(|| self.unmarked(Lifecycle::Connecting))
                .or_else(|| self.unmarked(Lifecycle::Leased));
            if let Some(id) = victim {
                self.mark(id, CloseReason::Resized);
            }
        }
        self.settle();
        Ok(())
    }

    /// Of the connections without a lease, the first one to do without: an unhealthy one, else the one that was proven or used longest ago;
    /// one that is being probed only if there is no other.
    pub(crate) fn least_wanted(&self) -> Option<ConnId> {
        let unused = |&id: &ConnId| self.conns[id].leases.is_empty();
        let on = |shelf: Shelf| self.shelves[shelf].iter(&self.conns).find(unused);
        on(Shelf::Sick)
            .or_else(|| on(Shelf::Stale))
            .or_else(|| on(Shelf::Ready))
            .or_else(|| self.unmarked(Lifecycle::Probing))
    }

    fn unmarked(&self, life: Lifecycle) -> Option<ConnId> {
        self.conns.iter().find(|(_, conn)| conn.life == life && conn.mark.is_none()).map(|(id, _)| id)
    }

    /// Holds back all grants and connects; callers wait. Leases go on. A pool that ends is not suspended: it has promised to serve
    /// those who wait.
    pub fn suspend(&mut self, now: Time) {
        self.tick(now);
        self.suspended = !self.is_ending();
        self.settle();
    }

    /// Ends [`Pool::suspend`].
    pub fn resume(&mut self, now: Time) {
        self.tick(now);
        self.suspended = false;
        self.settle();
    }

    /// Replaces every connection that there is now, for example after a change of credentials: unused ones close now,
    /// connects under way are stopped, leased ones close when their leases end.
    pub fn invalidate(&mut self, now: Time) {
        self.tick(now);
        self.generation = self.generation.wrapping_add(1);
        self.mark_all(CloseReason::Invalidated);
        self.settle();
    }

    /// Ends the pool in peace: no new callers, those that wait are served, and when the last lease ends the last connection closes.
    /// It lifts a suspension.
    pub fn drain(&mut self, now: Time) {
        self.tick(now);
        if !self.is_ending() {
            self.mode = Mode::Draining;
            self.suspended = false;
        }
        self.settle();
    }

    /// Ends the pool: everyone who waits fails, unused connections close now, leased ones when their leases end; leases that are
    /// still out after `grace` no longer belong to the pool. A second call can only shorten the grace. It lifts a suspension.
    pub fn shutdown(&mut self, now: Time, grace: Duration) {
        self.tick(now);
        self.mode = Mode::Closing;
        self.suspended = false;
        self.fail_all(AcquireErrorKind::Closed);
        self.mark_all(CloseReason::Shutdown);
        self.timers.lower(Key::Grace, self.now + grace);
        self.settle();
    }

    pub(crate) fn mark_all(&mut self, reason: CloseReason) {
        self.mark_where(reason, |_, _| true);
    }

    fn mark_where(&mut self, reason: CloseReason, which: impl Fn(&Pool, crate::id::ConnId) -> bool) {
        let mut from = 0;
        while let Some(id) = self.conns.next_from(from) {
            from = id.index() + 1;
            if which(self, id) {
                self.mark(id, reason);
            }
        }
    }
}
