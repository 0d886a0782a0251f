//! The rules that a state triggers, whatever brought it about. After every input they are applied in an order in which one
//! pass reaches the fixed point, so "no lost wake-up" is a predicate on the state: at rest there is never a waiter beside a
//! connection it may have (I16).

use crate::conn::Shelf;
use crate::endpoint::Endpoint;
use crate::error::AcquireErrorKind;
use crate::id::EndpointId;
use crate::pool::{Counts, Mode, Pool};
use crate::rest::Rest;
use crate::shrink::Shrink;
use crate::state::{CloseReason, Lifecycle};
use crate::status::Health;
use crate::time::Time;
use crate::timers::Key;

impl Pool {
    /// Applies the rules; then fires what they made due at this very instant, and applies them again.
    pub(crate) fn settle(&mut self) {
        self.rest = self.find_rest();
        while !self.rest.is_known() || self.wake_by() <= self.now {
            self.apply_rules();
            self.rest = self.find_rest();
            if self.wake_by() > self.now {
                return;
            }
            self.tick(self.now);
        }
    }

    /// Whether the rules would change nothing, as far as that can be told at a glance.
    pub(crate) fn find_rest(&self) -> Rest {
        if self.rest == Rest::Ignored {
            return Rest::Ignored;
        }
        let Counts { usable, serving, .. } = self.counts;
        let empty = |shelf: Shelf| self.shelves[shelf].is_empty();
        let sound = self.mode == Mode::Running
            && !self.suspended
            && self.failing == 0
            && self.kept.is_empty()
            && empty(Shelf::Sick)
            && usable >= self.config.min_connections
            && (usable > self.config.min_connections) == self.timers.is_armed(Key::Shrink);
        if sound && self.queue.is_empty() {
            return Rest::Calm;
        }
        let full = sound && self.total() >= self.config.max_connections && serving > 0 && self.unused() == 0;
        if full && empty(Shelf::Ready) && empty(Shelf::Stale) && empty(Shelf::Stalled) {
            return Rest::Full;
        }
        Rest::Unknown
    }

    fn apply_rules(&mut self) {
        if self.mode == Mode::Starting && self.counts.usable >= self.config.min_connections {
            self.mode = Mode::Running;
        }
        // The order is part of the rules: what comes later depends on what came before, and never the other way round.
        self.grant_waiters();
        self.probe_for_waiters();
        self.dial_what_is_wanted();
        if !self.queue.is_empty() && self.fails_when_down() && self.is_unreachable() {
            self.fail_all(AcquireErrorKind::Unavailable);
        }
        self.close_replaced();
        self.close_overdue();
        if self.mode == Mode::Draining && self.queue.is_empty() {
            self.mode = Mode::Closing;
            self.mark_all(CloseReason::Shutdown);
        }
        self.arm_redials();
        self.arm_shrinking();
        if self.mode == Mode::Closing && self.conns.len() == 0 {
            self.timers.clear(Key::Grace);
        }
    }

    /// An unhealthy connection goes when its replacement is there, or when there is no room to make one before (I41).
    fn close_replaced(&mut self) {
        while let Some(id) = self.shelves[Shelf::Sick].head() {
            let no_room = self.total() >= self.config.max_connections
                && self.counts.life[Lifecycle::Connecting as usize] == 0;
            if self.counts.usable < self.min() && !no_room {
                break;
            }
            self.mark(id, CloseReason::Unhealthy);
            // If it was closed under a probe, who waited for the answer needs another.
            self.dial_what_is_wanted();
        }
    }

    fn grant_waiters(&mut self) {
        while let Some(ticket) = self.queue.head() {
            let Some(conn) = self.pick(self.tickets[ticket].proven_since) else { break };
            self.grant(ticket, conn);
        }
    }

    /// Idle connections that are not fresh enough for those who wait are asked for a sign of life, one per waiter.
    fn probe_for_waiters(&mut self) {
        if self.suspended {
            return;
        }
        let Some(head) = self.queue.head() else { return };
        // A head that wants a proof which even fresh connections do not have: then these are asked for it.
        let strict = self.tickets[head].proven_since > Time::ZERO;
        while self.counts.life[Lifecycle::Probing as usize] < self.queue.len() {
            let fresh = if strict { self.shelves[Shelf::Ready].tail() } else { None };
            let Some(id) = self.shelves[Shelf::Stale].tail().or(fresh) else { break };
            self.probe(id);
        }
    }

    /// Whether callers are told at once when nothing can be reached.
    pub(crate) const fn fails_when_down(&self) -> bool {
        matches!(self.config.when_down, crate::config::WhenDown::Fail)
    }

    /// Nothing is open or on its way, and nothing may be dialled now.
    pub(crate) fn is_unreachable(&self) -> bool {
        use crate::state::Lifecycle::{Connecting, Probing};
        let hope =
            self.counts.serving + self.counts.life[Connecting as usize] + self.counts.life[Probing as usize];
        hope == 0
            && !self.suspended
            && self
                .endpoints
                .iter()
                .all(|(_, endpoint)| endpoint.draining || endpoint.is_backing_off(self.now))
    }

    /// Whether one more connection is wanted: below the minimum, or for waiters that nothing on its way will serve. A connect
    /// belongs to the pool, not to a caller, so demand is looked at anew before each. [HikariCP]
    pub(crate) fn wants_dial(&self) -> bool {
        let life = |life: Lifecycle| self.counts.life[life as usize];
        let connecting = life(Lifecycle::Connecting);
        let below_minimum = self.counts.usable + connecting < self.min();
        let unserved = self.queue.len() > connecting + life(Lifecycle::Probing);
        let allowed =
            !self.suspended && self.mode != Mode::Closing && self.total() < self.config.max_connections;
        planted!(OverDialling => return allowed && (below_minimum || !self.queue.is_empty()));
        allowed && (below_minimum || unserved)
    }

    fn dial_what_is_wanted(&mut self) {
        while self.wants_dial()
            && let Some(endpoint) = self.next_endpoint()
        {
            self.dial(endpoint);
        }
    }

    /// Of the endpoints of the best priority that works: one whose gate has room; of these a healthy one, with the fewest connections for its
    /// weight, then the oldest. A gate that is full is no reason to go to a worse one: its connect is on its way.
    pub(crate) fn next_endpoint(&self) -> Option<EndpointId> {
        let connects_max = self.config.connects_max;
        let works = |endpoint: &Endpoint| {
            endpoint.is_dialable(self.now, connects_max) || (!endpoint.draining && endpoint.failures == 0)
        };
        let all = || self.endpoints.iter().filter(|(_, endpoint)| works(endpoint));
        let priority = all().map(|(_, endpoint)| endpoint.spec.priority).min()?;
        let dialable = all().filter(|(_, endpoint)| {
            endpoint.spec.priority == priority && endpoint.is_dialable(self.now, connects_max)
        });
        let best = dialable.reduce(|best, next| {
            let (a, b) = (best.1, next.1);
            let load = |one: u32, weight: u16| u64::from(one) * u64::from(weight.max(1));
            let lighter = load(b.connections, a.spec.weight) < load(a.connections, b.spec.weight);
            let sick = |endpoint: &Endpoint| endpoint.health == Health::Unhealthy;
            let better = if sick(a) == sick(b) { lighter } else { sick(a) };
            if better { next } else { best }
        });
        best.map(|(id, _)| id)
    }

    /// An endpoint that is backing off wakes the pool only if somebody wants it dialled.
    fn arm_redials(&mut self) {
        if self.failing == 0 {
            return;
        }
        let wanted = self.wants_dial();
        let mut from = 0;
        while let Some(id) = self.endpoints.next_from(from) {
            from = id.index() + 1;
            let endpoint = &self.endpoints[id];
            if wanted && !endpoint.draining && endpoint.is_backing_off(self.now) {
                self.timers.set(Key::Endpoint(id.slot()), endpoint.retry_at);
            } else {
                self.timers.clear(Key::Endpoint(id.slot()));
            }
        }
    }

    /// Idle counts are sampled only while there is something to shrink.
    fn arm_shrinking(&mut self) {
        let armed = self.timers.is_armed(Key::Shrink);
        let wanted = self.counts.usable > self.min();
        planted!(TimerOnEmpty => if armed { return; });
        if wanted && !armed {
            let interval = Shrink::interval(self.config.max_idle_time);
            self.timers.set(Key::Shrink, self.now + interval);
        } else if armed && !wanted {
            self.timers.clear(Key::Shrink);
            self.shrink.reset();
        }
    }
}
