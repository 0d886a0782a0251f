//! What a busy pool does all day, by the shortest way: a connection is taken, given back, or handed to the next in line.
//!
//! Rules kept here: a short way leaves the state that the long one would have left, to the last bit (I47); it looks first, and where
//! anything is unusual it has touched nothing. What is usual: the pool rests ([`Rest`]), no timer is due, the connection carries one
//! lease at a time and is healthy, as is its endpoint, and the use went well.

use crate::conn::{Conn, LeaseRecord, Shelf};
use crate::endpoint::Endpoint;
use crate::fault::Outcome;
use crate::id::{LeaseId, TicketId};
use crate::input::{Lease, Ticket};
use crate::list::List;
use crate::pool::Pool;
use crate::rest::Rest;
use crate::state::Lifecycle;
use crate::status::Health;
use crate::time::Time;
use crate::timers::Key;
use crate::waiter::WaitState;

impl Pool {
    /// A lease by the shortest way: what [`Pool::acquire`] does for whoever does not ask for a proof of life, if nobody waits, nothing is
    /// due, and the next connection is fresh. Otherwise nothing has happened.
    #[inline(never)]
    pub fn acquire_at_once(&mut self, now: Time) -> Option<Lease> {
        let now = self.at(now);
        let usual = self.rest == Rest::Calm && self.config.leak_after.is_none();
        if !usual || self.wake_by() <= now {
            return None;
        }
        let id = self.shelves[Shelf::Ready].head()?;
        let mut conns = self.conns.tenants();
        let conn = &mut conns[id];
        if conn.leases_max != 1 || !fresh(conn, &self.endpoints[conn.endpoint], now) {
            return None;
        }
        self.now = now;
        self.budget.requested(now);
        self.stats.acquires += 1;
        self.stats.leases += 1;
        self.stats.wait.record_none();
        let idled = now.nanos_since(conn.idle_since());
        let lease = self.leases.insert(LeaseRecord::new(id, None, now, idled));
        conn.leases = List::of(lease);
        conn.uses += 1;
        (conn.last_used, conn.progress_at) = (now, now);
        (conn.life, conn.shelf) = (Lifecycle::Leased, None);
        self.counts.life[Lifecycle::Idle as usize] -= 1;
        self.counts.life[Lifecycle::Leased as usize] += 1;
        self.shelves[Shelf::Ready].remove(&mut conns, id);
        Some(Lease { id: lease, conn: id })
    }

    /// A lease that was granted to a ticket, by the shortest way: what [`Pool::claim`] does if nothing is due and nothing else is to be done.
    /// The ticket is used up then; otherwise nothing has happened.
    #[inline(never)]
    pub fn claim_at_once(&mut self, now: Time, ticket: &Ticket) -> Option<Lease> {
        let now = self.at(now);
        if !self.rest.is_known() || self.wake_by() <= now {
            return None;
        }
        let WaitState::Granted(lease) = self.tickets.get(ticket.id)?.state() else { return None };
        if self.now < now {
            self.now = now;
        }
        Some(self.hand_out(ticket.id, lease))
    }

    /// A release without a fault: the connection rests, or goes to the next in line. Whether it was done.
    #[inline]
    pub(crate) fn give_back(&mut self, now: Time, lease: &Lease, outcome: Outcome) -> bool {
        planted!(JitterPerCheck => return false);
        let now = self.at(now);
        let success = match outcome {
            Outcome::Success => true,
            Outcome::Returned => false,
            Outcome::Failed { .. } => return false,
        };
        if !self.rest.is_known() || self.wake_by() <= now {
            return false;
        }
        // A lease of another pool can have a name that is known here, and a connection that is not.
        let Some(record) = self.held(lease).filter(|record| !record.reported) else { return false };
        let since = record.since;
        let conn = &self.conns[lease.conn];
        let endpoint = &self.endpoints[conn.endpoint];
        let looked_at = if success { now } else { conn.looked_at };
        let due = self.due_at_rest(conn, looked_at, now);
        if due <= now || !is_usual(conn) || endpoint.health != Health::Healthy {
            return false;
        }
        if self.rest == Rest::Calm {
            self.lay_down(lease);
        } else if success || fresh(conn, endpoint, now) {
            let Some(next) = self.queue.head() else { return false };
            if self.tickets[next].proven_since > Time::ZERO || !self.hand_over(now, lease, next) {
                return false;
            }
        } else {
            return false;
        }
        self.now = now;
        self.stats.hold.record_nanos(now.nanos_since(since));
        self.used(now, lease, success);
        self.timers.lower(Key::Conn(lease.conn.slot()), due);
        true
    }

    /// The next deadline of a connection that is idle from now on: its expiry, or its next probe.
    #[inline(always)]
    fn due_at_rest(&self, conn: &Conn, looked_at: Time, now: Time) -> Time {
        let expiry = now + self.idle_limit;
        if conn.probe_every.is_zero() { expiry } else { expiry.min(looked_at + conn.probe_every) }
    }

    /// The connection is free.
    #[inline(always)]
    fn lay_down(&mut self, lease: &Lease) {
        self.leases.remove(lease.id);
        let mut conns = self.conns.tenants();
        let conn = &mut conns[lease.conn];
        conn.leases = List::new();
        (conn.life, conn.shelf) = (Lifecycle::Idle, Some(Shelf::Ready));
        self.counts.life[Lifecycle::Leased as usize] -= 1;
        self.counts.life[Lifecycle::Idle as usize] += 1;
        self.shelves[Shelf::Ready].push_back(&mut conns, lease.conn);
    }

    /// The connection goes to the first in line, who is woken. False: the lease's slot is used up.
    #[inline(never)]
    fn hand_over(&mut self, now: Time, lease: &Lease, next: TicketId) -> bool {
        let record = LeaseRecord::new(lease.conn, Some(next), now, 0);
        let Some(granted): Option<LeaseId> = self.leases.renew(lease.id, record) else { return false };
        self.conns[lease.conn].leases = List::of(granted);
        let mut tickets = self.tickets.tenants();
        self.queue.leave(&mut tickets, next);
        self.timers.end_wait(&mut tickets, next);
        let waiter = &mut tickets[next];
        waiter.set(WaitState::Granted(granted));
        self.stats.wait.record_nanos(now.nanos_since(waiter.since));
        self.wake(next);
        if self.queue.is_empty() {
            self.rest = Rest::Calm;
        }
        true
    }

    /// What a use without a fault leaves behind.
    #[inline(always)]
    fn used(&mut self, now: Time, lease: &Lease, success: bool) {
        let conn = &mut self.conns[lease.conn];
        if success {
            self.stats.successes += 1;
            self.budget.succeeded();
            (conn.proven, conn.looked_at) = (now, now);
            self.endpoints[conn.endpoint].still_good(now);
        } else {
            self.stats.returned += 1;
        }
        (conn.last_used, conn.progress_at) = (now, now);
    }
}

/// Whether a connection carries one lease and no more, and nothing else is or was the matter with it. One test of all: none of them is
/// likely to fail.
#[inline(always)]
const fn is_usual(conn: &Conn) -> bool {
    (conn.leases_max == 1)
        & (conn.leases.len() == 1)
        & conn.mark.is_none()
        & !conn.probing
        & !conn.stalled
        & (conn.faults == 0)
        & (conn.probe_failures == 0)
        & (conn.stalls == 0)
        & matches!(conn.health, Health::Healthy)
}

/// Whether a connection has proved alive recently enough to be granted.
#[inline(always)]
fn fresh(conn: &Conn, endpoint: &Endpoint, now: Time) -> bool {
    now.nanos_since(conn.proven) <= endpoint.freshness.as_nanos()
}
