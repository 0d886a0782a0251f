//! What is due: the deadline of every entity, why it has one, and what happens then.
//!
//! An entry of the heap that is a connection's may be early: its true deadline is computed here, when it comes to the top.

use crate::conn::{Conn, Retirement};
use crate::error::AcquireErrorKind;
use crate::fault::FaultClass;
use crate::health::Sign;
use crate::id::ConnId;
use crate::output::{Action, Deadline, Notice, Wakeup};
use crate::pool::Pool;
use crate::shrink::Shrink;
use crate::state::{CloseReason, Lifecycle};
use crate::status::Health;
use crate::time::{Time, millis};
use crate::timers::Key;

impl Pool {
    /// Fires the timer of `key`, which is at the top of the heap with the entry `at`, and due.
    pub(crate) fn fire(&mut self, at: Time, key: Key) {
        match key {
            Key::Ticket(index) => {
                let ticket = self.tickets.at(index);
                self.fail(ticket, AcquireErrorKind::Timeout);
            }
            Key::Conn(index) => self.fire_conn(at, self.conns.at(index)),
            Key::Endpoint(_) => self.timers.clear(key),
            Key::Shrink => self.sample_idle(),
            Key::Grace => {
                self.timers.clear(key);
                self.abandon_leases();
            }
        }
    }

    /// Does what the entry is for; or, if a use has overtaken it, moves the entry, so that everything that is due fires in the order
    /// of its true instant, however often the deadline was asked for before (I32).
    fn fire_conn(&mut self, entry: Time, id: ConnId) {
        if let Some(Deadline { at, why }) = self.deadline_of(id)
            && at <= entry
        {
            self.act(id, why);
        }
        if self.conns.get(id).is_some() {
            self.rearm(id);
        }
    }

    /// Arms a connection's timer for its next deadline, whatever entry it has.
    pub(crate) fn rearm(&mut self, id: ConnId) {
        match self.deadline_of(id) {
            Some(Deadline { at, .. }) => self.timers.set(Key::Conn(id.slot()), at),
            None => self.timers.clear(Key::Conn(id.slot())),
        }
    }

    fn act(&mut self, id: ConnId, why: Wakeup) {
        match why {
            Wakeup::ConnectTimeout(_) => self.connect_timed_out(id),
            Wakeup::CloseTimeout(_) => self.close_timed_out(id),
            Wakeup::ProbeTimeout(_) => self.probe_timed_out(id),
            Wakeup::ProbeDue(_) => self.probe(id),
            Wakeup::Renewal(_) => self.renew(id),
            Wakeup::Retirement(_) => self.mark(id, CloseReason::Lifetime),
            Wakeup::Stall(_) => self.stall(id),
            Wakeup::LeaseWatch(_) => self.report_held(id),
            Wakeup::IdleExpiry(_) => {
                self.conns[id].expired = true;
                self.kept.push_back(&mut self.conns, id);
                self.close_overdue();
            }
            Wakeup::Waiter(_) | Wakeup::Redial(_) | Wakeup::ShrinkSample | Wakeup::ShutdownGrace => {
                unreachable!("{why:?} is not acted on by one connection")
            }
        }
    }

    /// A probe has had its time: what comes back now would come too late for anyone.
    pub(crate) fn probe_timed_out(&mut self, id: ConnId) {
        self.end_probe(id);
        self.stats.probe_failures += 1;
        self.trouble(id, Sign::Probe);
        if self.conns[id].leases.is_empty() {
            self.mark(id, CloseReason::ProbeTimeout);
        } else {
            self.found_dead(id);
        }
        if self.conns[id].is_open() {
            self.settle_probe(id);
        }
    }

    /// A connect has had its time: the driver is told to stop it.
    pub(crate) fn connect_timed_out(&mut self, id: ConnId) {
        self.connect_failed(id, FaultClass::Endpoint);
        self.mark(id, CloseReason::ConnectTimeout);
    }

    /// A close has had its time: the slot is freed without it.
    pub(crate) fn close_timed_out(&mut self, id: ConnId) {
        self.stats.close_timeouts += 1;
        self.actions.push_back(Action::Forget { conn: id });
        self.free(id);
    }

    /// The next deadline of a connection: the earliest of all that apply to its state.
    pub(crate) fn deadline_of(&self, id: ConnId) -> Option<Deadline> {
        let conn = &self.conns[id];
        match conn.life {
            Lifecycle::Connecting => Some(Deadline { at: conn.deadline, why: Wakeup::ConnectTimeout(id) }),
            Lifecycle::Closing => Some(Deadline { at: conn.deadline, why: Wakeup::CloseTimeout(id) }),
            Lifecycle::Idle | Lifecycle::Leased | Lifecycle::Probing => {
                let mut next: Option<Deadline> = None;
                let mut offer = |at: Option<Time>, why: Wakeup| {
                    if let Some(at) = at.filter(|&at| next.is_none_or(|next| at < next.at)) {
                        next = Some(Deadline { at, why });
                    }
                };
                offer(conn.probing.then_some(conn.deadline), Wakeup::ProbeTimeout(id));
                offer(self.probe_due(conn), Wakeup::ProbeDue(id));
                offer(self.idle_expiry(conn).filter(|_| !conn.expired), Wakeup::IdleExpiry(id));
                offer(self.stall_at(conn), Wakeup::Stall(id));
                offer(self.leak_at(conn), Wakeup::LeaseWatch(id));
                if conn.mark.is_none() {
                    match conn.retirement {
                        Retirement::Never => {}
                        Retirement::Unplaced(at) => offer(Some(at), Wakeup::Renewal(id)),
                        Retirement::Placed(at) => {
                            offer(Some(at.before(self.renewal_lead())), Wakeup::Renewal(id))
                        }
                        Retirement::Renewing(at) => offer(Some(at), Wakeup::Retirement(id)),
                    }
                }
                next
            }
            Lifecycle::Gone => None,
        }
    }

    fn probe_due(&self, conn: &Conn) -> Option<Time> {
        let due = conn.life == Lifecycle::Idle && !conn.probe_every.is_zero();
        due.then(|| conn.looked_at + conn.probe_every)
    }

    /// When an unused connection has been idle for as long as it may.
    pub(crate) fn idle_expiry(&self, conn: &Conn) -> Option<Time> {
        conn.leases.is_empty().then(|| conn.idle_since() + self.idle_limit)
    }

    /// When a connection that carries several leases counts as stalled: each probe that was all the progress doubles the patience.
    /// Or when a stalled one is asked again because the last probe failed: soon, for now it may be dead, and callers may be waiting
    /// for its word.
    fn stall_at(&self, conn: &Conn) -> Option<Time> {
        let watched = conn.leases_max > 1
            && !conn.leases.is_empty()
            && !conn.probing
            && conn.mark.is_none()
            && !self.config.stall_after.is_zero();
        let (since, answers) =
            if conn.stalled { (conn.looked_at, 0) } else { (conn.progress_at, conn.stalls.min(6)) };
        watched.then(|| since + self.config.stall_after.saturating_mul(1 << answers))
    }

    fn leak_at(&self, conn: &Conn) -> Option<Time> {
        let after = self.config.leak_after?;
        let lease = conn.leases.iter(&self.leases).find(|&lease| !self.leases[lease].reported)?;
        Some(self.leases[lease].since + after)
    }

    /// Arms a connection's timer, if its next deadline is earlier than the entry it has.
    pub(crate) fn arm(&mut self, id: ConnId) {
        if let Some(deadline) = self.deadline_of(id) {
            self.timers.lower(Key::Conn(id.slot()), deadline.at);
        }
    }

    /// Arms the timer of a connection whose last lease has ended: of its deadlines only those of an idle one are new.
    pub(crate) fn arm_idle(&mut self, id: ConnId) {
        let conn = &self.conns[id];
        let expiry = conn.idle_since() + self.idle_limit;
        let at = self.probe_due(conn).map_or(expiry, |due| due.min(expiry));
        self.timers.lower(Key::Conn(id.slot()), at);
    }

    /// First the place in the row of retirements, never closer to the one before than lifetime/max (I43) [PgBouncer]; then, a
    /// connect's time before it, the wish for a replacement (I41).
    fn renew(&mut self, id: ConnId) {
        match self.conns[id].retirement {
            Retirement::Unplaced(_) => {
                let gap = self.config.max_lifetime / self.config.max_connections;
                let own = self.conns[id].opened_at + self.config.max_lifetime;
                let at = own.max(self.last_retirement + gap);
                self.last_retirement = at;
                self.conns[id].retirement = Retirement::Placed(at);
            }
            Retirement::Placed(at) => self.change(id, |conn| conn.retirement = Retirement::Renewing(at)),
            Retirement::Never | Retirement::Renewing(_) => {}
        }
    }

    /// In use without progress: suspect, the last choice for new leases, and asked for a sign of life.
    fn stall(&mut self, id: ConnId) {
        self.conns[id].stalled = true;
        if matches!(self.conns[id].health, Health::Healthy | Health::Unknown) {
            self.set_health(id, Health::Suspect);
        }
        self.reshelve(id);
        self.probe(id);
    }

    fn report_held(&mut self, id: ConnId) {
        let conn = &self.conns[id];
        let Some(lease) = conn.leases.iter(&self.leases).find(|&lease| !self.leases[lease].reported) else {
            return;
        };
        self.leases[lease].reported = true;
        let held_ms = millis(self.now.since(self.leases[lease].since));
        self.notice(Notice::LeaseHeld { conn: id, held_ms });
    }

    /// Closes unused connections that have been idle for as long as they may, longest first, down to the minimum.
    /// While somebody waits, none of them is idle for nothing.
    pub(crate) fn close_overdue(&mut self) {
        while self.queue.is_empty()
            && let Some(id) = self.kept.head()
            && self.is_beyond_minimum(id)
        {
            self.mark(id, CloseReason::IdleExpired);
        }
    }

    /// Whether the minimum holds without this connection.
    pub(crate) fn is_beyond_minimum(&self, id: ConnId) -> bool {
        self.counts.usable - u32::from(self.conns[id].is_usable()) >= self.min()
    }

    fn sample_idle(&mut self) {
        let interval = Shrink::interval(self.config.max_idle_time);
        self.timers.set(Key::Shrink, self.now + interval);
        let Some(surplus) = self.shrink.sample(self.unused()) else { return };
        if !self.queue.is_empty() {
            return;
        }
        for _ in 0..surplus {
            let Some(id) = self.least_wanted() else { break };
            if !self.is_beyond_minimum(id) {
                break;
            }
            self.mark(id, CloseReason::Surplus);
        }
    }

    /// The grace is over. A connection whose leases are all unclaimed grants is closed; one that a caller holds leaves the pool.
    fn abandon_leases(&mut self) {
        let mut from = 0;
        while let Some(id) = self.conns.next_from(from) {
            from = id.index() + 1;
            if self.conns[id].life == Lifecycle::Leased {
                self.abandon(id);
            }
        }
    }

    fn abandon(&mut self, id: ConnId) {
        let mut held = false;
        while let Some(lease) = self.conns[id].leases.head() {
            let last = self.conns[id].leases.len() == 1;
            let granted_to = self.leases[lease].granted_to;
            match granted_to {
                Some(ticket) => {
                    let failed = crate::waiter::WaitState::Failed(AcquireErrorKind::Closed);
                    self.tickets[ticket].set(failed);
                    self.stats.refused_closed += 1;
                }
                None => {
                    held = true;
                    self.stats.abandoned += 1;
                }
            }
            if last && !held {
                return self.end_lease(lease);
            }
            if granted_to.is_some() {
                self.tell_returned(lease);
            }
            self.conns[id].leases.remove(&mut self.leases, lease);
            self.leases.remove(lease);
        }
        self.notice(Notice::LeaseAbandoned { conn: id });
        self.free(id);
    }

    /// The next deadline of the pool, exact: entries that a use has overtaken are moved on the way.
    pub(crate) fn next_deadline(&mut self) -> Option<Deadline> {
        loop {
            // A patience without end is no deadline.
            let (at, key) = self.timers.first().filter(|&(at, _)| at < Time::MAX)?;
            let why = match key {
                Key::Ticket(index) => Wakeup::Waiter(self.tickets.at(index)),
                Key::Endpoint(index) => Wakeup::Redial(self.endpoints.at(index)),
                Key::Shrink => Wakeup::ShrinkSample,
                Key::Grace => Wakeup::ShutdownGrace,
                Key::Conn(index) => match self.deadline_of(self.conns.at(index)) {
                    Some(deadline) if deadline.at <= at => deadline.why,
                    Some(deadline) => {
                        self.timers.set(key, deadline.at);
                        continue;
                    }
                    None => {
                        self.timers.clear(key);
                        continue;
                    }
                },
            };
            return Some(Deadline { at, why });
        }
    }
}
