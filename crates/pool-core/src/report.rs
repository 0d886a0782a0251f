//! The driver's reports. A report about what no longer is, or was not asked for, changes nothing and is `Stale` (I11).

use core::time::Duration;

use crate::endpoint::SHORTEST_AGE;
use crate::fault::{FaultClass, Reuse};
use crate::health::Sign;
use crate::id::{ConnId, EndpointId};
use crate::input::Event;
use crate::output::{Notice, Verdict};
use crate::pool::Pool;
use crate::state::{CloseReason, Lifecycle};
use crate::time::Time;
use crate::timers::Key;

/// However short an idle timeout the peer announces, a connection used within this is not probed.
const FRESHNESS_LEAST: Duration = Duration::from_millis(100);

impl Pool {
    /// Takes a report of the driver.
    pub fn handle(&mut self, now: Time, event: Event) -> Verdict {
        self.tick(now);
        let verdict = match self.conns.get(event.conn()).map(|conn| conn.life) {
            Some(life) => self.apply(life, event),
            None => Verdict::Stale,
        };
        planted!(NoReplacement => if let Event::Closed { .. } = event { return verdict; });
        self.settle();
        verdict
    }

    fn apply(&mut self, life: Lifecycle, event: Event) -> Verdict {
        let id = event.conn();
        let open = self.conns[id].is_open();
        let expected = match event {
            Event::Connected { .. } | Event::ConnectFailed { .. } => life == Lifecycle::Connecting,
            Event::Probed { .. } | Event::ProbeFailed { .. } => self.conns[id].probing,
            Event::Closed { .. } => life == Lifecycle::Closing,
            Event::Progress { .. } => open && !self.conns[id].leases.is_empty(),
            Event::Lost { .. }
            | Event::Retiring { .. }
            | Event::LeaseLimit { .. }
            | Event::KeepAlive { .. } => open,
        };
        if !expected {
            return Verdict::Stale;
        }
        match event {
            Event::Connected { conn, leases_max } => self.connected(conn, leases_max),
            Event::ConnectFailed { conn, class } => {
                self.connect_failed(conn, class);
                self.free(conn);
            }
            Event::Probed { conn } => self.probed(conn),
            Event::ProbeFailed { conn, class, reuse } => self.probe_failed(conn, class, reuse),
            Event::Closed { conn } => self.free(conn),
            Event::Lost { conn } => self.lost(conn),
            Event::Retiring { conn } => self.mark(conn, CloseReason::Retired),
            Event::Progress { conn } => self.progressed(conn),
            Event::LeaseLimit { conn, leases_max } => {
                self.conns[conn].leases_max = leases_max.max(1);
                self.reshelve(conn);
                self.arm(conn);
            }
            Event::KeepAlive { conn, timeout } => {
                let endpoint = self.conns[conn].endpoint;
                let limit = (timeout / 4 * 3).max(FRESHNESS_LEAST);
                if self.endpoints[endpoint].lower_freshness(limit) {
                    self.tell_freshness(endpoint);
                }
            }
        }
        Verdict::Accepted
    }

    fn connected(&mut self, id: ConnId, leases_max: u32) {
        let endpoint = self.conns[id].endpoint;
        if self.endpoints[endpoint].connected() {
            self.failing -= 1;
            self.timers.clear(Key::Endpoint(endpoint.slot()));
            self.notice(Notice::EndpointUp { endpoint });
        }
        self.open(id, leases_max);
    }

    /// A connect has failed or taken too long: its endpoint backs off, counted from the start of the attempt.
    pub(crate) fn connect_failed(&mut self, id: ConnId, class: FaultClass) {
        let (endpoint_id, attempt, started) = {
            let conn = &self.conns[id];
            (conn.endpoint, conn.attempt, conn.created_at)
        };
        let was_up = self.endpoints[endpoint_id].connect_failed(attempt, class);
        self.stats.connect_failures += 1;
        self.back_off(endpoint_id, started, was_up);
    }

    /// The connection is dead. In use, it closes when its leases end; unused, its age teaches something.
    pub(crate) fn lost(&mut self, id: ConnId) {
        let conn = &self.conns[id];
        if conn.leases.is_empty() {
            self.learn_idle_close(id, self.now.since(conn.proven));
        }
        if self.conns[id].uses == 0 {
            self.lost_unused(id);
        }
        self.mark(id, CloseReason::Lost);
    }

    /// Lost at once, before anybody used it, it counts as a failed connect: to dial again at once would be to do so for ever. Lost
    /// after a while, it shows that the peer means to serve.
    fn lost_unused(&mut self, id: ConnId) {
        let conn = &self.conns[id];
        let (endpoint, started) = (conn.endpoint, conn.created_at);
        if self.now.since(conn.opened_at) >= SHORTEST_AGE {
            return self.endpoints[endpoint].serves();
        }
        let was_up = self.endpoints[endpoint].stillborn();
        self.back_off(endpoint, started, was_up);
    }

    fn back_off(&mut self, id: EndpointId, started: Time, was_up: bool) {
        let endpoint = &mut self.endpoints[id];
        let delay = self.config.backoff.delay(endpoint.failures, &mut self.rng);
        endpoint.retry_at = endpoint.retry_at.max(started + delay);
        let failures = endpoint.failures;
        if was_up {
            self.failing += 1;
            self.notice(Notice::EndpointDown { endpoint: id, failures });
        }
    }

    fn probed(&mut self, id: ConnId) {
        self.end_probe(id);
        self.answered(id);
        self.proof(id, Sign::Probe);
        // In use it was asked whether it lives, which says nothing of the service behind it.
        if self.conns[id].leases.is_empty() {
            let endpoint = self.conns[id].endpoint;
            let change = self.endpoints[endpoint].good(self.now, &self.config);
            self.tell(endpoint, change);
        }
        self.settle_probe(id);
    }

    fn probe_failed(&mut self, id: ConnId, class: FaultClass, reuse: Reuse) {
        self.end_probe(id);
        self.conns[id].looked_at = self.now;
        self.stats.probe_failures += 1;
        let endpoint = self.conns[id].endpoint;
        match class {
            FaultClass::Connection | FaultClass::Caller => self.trouble(id, Sign::Probe),
            FaultClass::Endpoint => {
                self.answered(id);
                let change = self.endpoints[endpoint].probe_failed(self.now, &self.config);
                self.tell(endpoint, change);
            }
            FaultClass::Saturation | FaultClass::Application => self.answered(id),
        }
        let in_use = !self.conns[id].leases.is_empty();
        match (reuse, class) {
            (Reuse::Keep, _) => {}
            (Reuse::Discard, FaultClass::Connection) if in_use => self.found_dead(id),
            (Reuse::Discard, _) => self.mark(id, CloseReason::Broken),
        }
        if self.conns[id].is_open() {
            self.settle_probe(id);
        }
    }

    /// Whatever the answer to a probe says, it shows that the connection moves.
    fn answered(&mut self, id: ConnId) {
        self.alive(id);
        let conn = &mut self.conns[id];
        if conn.stalled {
            (conn.stalled, conn.progress_at) = (false, self.now);
            conn.stalls = conn.stalls.saturating_add(1);
        }
    }

    /// Puts a connection back in its place after a probe. Its entry was for the end of the probe's time, which nobody waits for any more.
    pub(crate) fn settle_probe(&mut self, id: ConnId) {
        self.enter_by_use(id);
        self.shelve(id);
        self.rearm(id);
    }

    fn progressed(&mut self, id: ConnId) {
        self.alive(id);
        let conn = &mut self.conns[id];
        (conn.progress_at, conn.stalled, conn.stalls) = (self.now, false, 0);
        self.shelve(id);
        self.arm(id);
    }
}
