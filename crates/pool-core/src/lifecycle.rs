//! How a connection moves: the only places where its lifecycle, its health and the counters change.
//!
//! `enter` asks the table of `state.rs`; `change` keeps the counts of health and usability; `shelve` keeps the lists.

use crate::conn::{Conn, Retirement, Shelf};
use crate::id::{ConnId, EndpointId};
use crate::output::Action;
use crate::pool::Pool;
use crate::state::{CloseReason, Lifecycle, health_transition, legal, markable};
use crate::status::Health;
use crate::time::{Span, nanos};
use crate::timers::Key;

impl Pool {
    /// Begins a connect.
    pub(crate) fn dial(&mut self, endpoint_id: EndpointId) {
        let deadline = self.now + self.config.connection_timeout;
        let endpoint = &mut self.endpoints[endpoint_id];
        endpoint.connections += 1;
        endpoint.connecting += 1;
        let attempt = endpoint.failures;
        let id = self.conns.insert(Conn::connecting(endpoint_id, attempt, self.now, deadline));
        self.counts.life[Lifecycle::Connecting as usize] += 1;
        self.timers.set(Key::Conn(id.slot()), deadline);
        self.stats.connects += 1;
        self.actions.push_back(Action::Connect { conn: id, endpoint: endpoint_id, attempt });
    }

    /// The connect has succeeded.
    pub(crate) fn open(&mut self, id: ConnId, leases_max: u32) {
        let now = self.now;
        let probe_every = self.jittered_interval();
        let retirement = self.first_retirement();
        self.enter(id, Lifecycle::Idle);
        self.change(id, |conn| {
            conn.opened_at = now;
            conn.leases_max = leases_max.max(1);
            conn.probe_every = probe_every;
            conn.retirement = retirement;
            (conn.proven, conn.looked_at) = (now, now);
        });
        self.stats.opened += 1;
        self.stats.connect.record(now.since(self.conns[id].created_at));
        self.shelve(id);
        // The entry of the connect's own deadline goes; what is next comes in its place.
        self.timers.clear(Key::Conn(id.slot()));
        self.arm(id);
    }

    /// Marks a connection for closing: at once when no lease is on it, else when the last one ends. The first mark stands.
    pub(crate) fn mark(&mut self, id: ConnId, reason: CloseReason) {
        let conn = &self.conns[id];
        if conn.mark.is_some() || conn.life == Lifecycle::Closing {
            return;
        }
        debug_assert!(markable(conn.life, reason), "I5: {id} is marked {reason:?} while {:?}", conn.life);
        let leased = !conn.leases.is_empty();
        self.change(id, |conn| conn.mark = Some(reason));
        if leased { self.shelve(id) } else { self.begin_close(id) }
    }

    /// A probe says that a connection in use is dead: no answer can come on it, and to wait for one would be to wait for nothing.
    pub(crate) fn found_dead(&mut self, id: ConnId) {
        self.mark(id, CloseReason::Dead);
        self.bury(id);
    }

    /// Ends the leases of a connection that was found dead, and closes it (I49): as soon as no grant on it is still unclaimed, which is
    /// a task's turn away. What comes back later is stale.
    pub(crate) fn bury(&mut self, id: ConnId) {
        let conn = &self.conns[id];
        let claimed = |lease| self.leases[lease].granted_to.is_none();
        let dead = conn.is_open() && conn.mark == Some(CloseReason::Dead);
        if !dead || !conn.leases.iter(&self.leases).all(claimed) {
            return;
        }
        while let Some(lease) = self.conns[id].leases.head() {
            self.tell_returned(lease);
            self.conns[id].leases.remove(&mut self.leases, lease);
            self.leases.remove(lease);
            self.stats.abandoned += 1;
        }
        // Nobody uses it any more, so nobody waits for its progress.
        self.conns[id].stalled = false;
        self.begin_close(id);
    }

    /// Asks for the close of a marked connection without leases.
    pub(crate) fn begin_close(&mut self, id: ConnId) {
        let reason = self.conns[id].mark.expect("only a marked connection is closed");
        self.unshelve(id);
        self.no_longer_kept(id);
        self.enter(id, Lifecycle::Closing);
        let deadline = self.now + self.config.release_timeout;
        self.end_probe(id);
        self.conns[id].deadline = deadline;
        self.timers.set(Key::Conn(id.slot()), deadline);
        planted!(EndlessClose => self.close_without_end(id));
        self.stats.closed[reason as usize] += 1;
        self.actions.push_back(Action::Close { conn: id, reason });
    }

    /// The slot is free again.
    pub(crate) fn free(&mut self, id: ConnId) {
        self.unshelve(id);
        self.end_probe(id);
        self.enter(id, Lifecycle::Gone);
        self.counts.life[Lifecycle::Gone as usize] -= 1;
        self.timers.clear(Key::Conn(id.slot()));
        let endpoint_id = self.conns[id].endpoint;
        self.conns.remove(id);
        let endpoint = &mut self.endpoints[endpoint_id];
        endpoint.connections -= 1;
        if endpoint.draining && endpoint.connections == 0 {
            self.remove_endpoint(endpoint_id);
        }
    }

    /// A drained endpoint without connections is gone.
    pub(crate) fn remove_endpoint(&mut self, id: EndpointId) {
        self.timers.clear(Key::Endpoint(id.slot()));
        if let Some(endpoint) = self.endpoints.get(id) {
            self.failing -= u32::from(endpoint.failures > 0);
            self.endpoints.remove(id);
        }
    }

    /// Moves a connection along the table of legal transitions, and the counters with it (I3, I5).
    #[inline(always)]
    pub(crate) fn enter(&mut self, id: ConnId, to: Lifecycle) {
        let conn = &mut self.conns[id];
        let from = conn.life;
        debug_assert!(legal(from, to), "I5: {id}: {from:?} to {to:?}");
        self.counts.life[from as usize] -= 1;
        self.counts.life[to as usize] += 1;
        if from.is_open() && to.is_open() {
            conn.life = to;
            return;
        }
        if from == Lifecycle::Connecting {
            let endpoint = conn.endpoint;
            self.endpoints[endpoint].connecting -= 1;
            planted!(PermitDrift => if to == Lifecycle::Closing { self.endpoints[endpoint].connecting += 1; });
        }
        self.change(id, |conn| conn.life = to);
    }

    /// Sets the state that an open connection's leases and probe imply.
    #[inline]
    pub(crate) fn enter_by_use(&mut self, id: ConnId) {
        let conn = &self.conns[id];
        let to = match (conn.leases.is_empty(), conn.probing) {
            (false, _) => Lifecycle::Leased,
            (true, true) => Lifecycle::Probing,
            (true, false) => Lifecycle::Idle,
        };
        if conn.life != to {
            self.enter(id, to);
        }
    }

    /// Changes what the counts of health and usability are made of.
    pub(crate) fn change(&mut self, id: ConnId, change: impl FnOnce(&mut Conn)) {
        let conn = &mut self.conns[id];
        let counts = &mut self.counts;
        let tally =
            |conn: &Conn| (conn.is_open().then_some(conn.health), conn.is_serving(), conn.is_usable());
        let before = tally(conn);
        change(conn);
        let after = tally(conn);
        if before == after {
            return;
        }
        if let Some(health) = before.0 {
            counts.health[health as usize] -= 1;
        }
        if let Some(health) = after.0 {
            counts.health[health as usize] += 1;
        }
        counts.serving = counts.serving - u32::from(before.1) + u32::from(after.1);
        counts.usable = counts.usable - u32::from(before.2) + u32::from(after.2);
    }

    pub(crate) fn set_health(&mut self, id: ConnId, health: Health) {
        let from = self.conns[id].health;
        if from != health {
            debug_assert!(health_transition(from, health).is_some(), "I5: {id}: {from:?} to {health:?}");
            self.change(id, |conn| conn.health = health);
        }
    }

    /// Puts a connection at the end of the shelf it belongs on.
    #[inline]
    pub(crate) fn shelve(&mut self, id: ConnId) {
        self.unshelve(id);
        if let Some(shelf) = self.conns[id].place() {
            self.put_on(id, shelf);
        }
    }

    /// Puts a connection where it belongs, without losing its place in the order if it is there already.
    pub(crate) fn reshelve(&mut self, id: ConnId) {
        let conn = &self.conns[id];
        let stays = conn.shelf == conn.place()
            || (conn.shelf == Some(Shelf::Stale) && conn.place() == Some(Shelf::Ready));
        if !stays {
            self.shelve(id);
        }
    }

    #[inline]
    pub(crate) fn put_on(&mut self, id: ConnId, shelf: Shelf) {
        self.conns[id].shelf = Some(shelf);
        self.shelves[shelf].push_back(&mut self.conns, id);
    }

    #[inline]
    pub(crate) fn unshelve(&mut self, id: ConnId) {
        if let Some(shelf) = self.conns[id].shelf.take() {
            self.shelves[shelf].remove(&mut self.conns, id);
        }
    }

    /// It is used again, or closed.
    #[inline]
    pub(crate) fn no_longer_kept(&mut self, id: ConnId) {
        if core::mem::take(&mut self.conns[id].expired) {
            self.kept.remove(&mut self.conns, id);
        }
    }

    /// Asks for a sign of life.
    pub(crate) fn probe(&mut self, id: ConnId) {
        let deadline = self.now + self.config.probe_timeout;
        let conn = &mut self.conns[id];
        debug_assert!(!conn.probing, "{id} is probed already");
        conn.probing = true;
        conn.deadline = deadline;
        self.counts.probes += 1;
        self.enter_by_use(id);
        self.reshelve(id);
        self.timers.lower(Key::Conn(id.slot()), deadline);
        self.stats.probes += 1;
        self.actions.push_back(Action::Probe { conn: id });
    }

    /// The probe is over, if one was under way.
    pub(crate) fn end_probe(&mut self, id: ConnId) {
        let probing = core::mem::take(&mut self.conns[id].probing);
        self.counts.probes -= u32::from(probing);
    }

    /// The interval of active probes, ± 15 %, drawn once per connection so that they do not fall into step.
    fn jittered_interval(&mut self) -> Span {
        let factor = self.rng.between(850, 1150);
        let interval = u128::from(nanos(self.config.health_check_interval)) * u128::from(factor) / 1000;
        Span::of(core::time::Duration::from_nanos(interval as u64))
    }

    fn first_retirement(&self) -> Retirement {
        if self.config.max_lifetime.is_zero() {
            return Retirement::Never;
        }
        Retirement::Unplaced(self.now + (self.config.max_lifetime - self.renewal_lead()))
    }

    /// How long before its retirement a connection's replacement is wanted: a connect's time, at most a tenth of a life.
    pub(crate) fn renewal_lead(&self) -> core::time::Duration {
        self.config.connection_timeout.min(self.config.max_lifetime / 10)
    }
}
