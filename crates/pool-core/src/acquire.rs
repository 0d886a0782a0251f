//! Callers: acquire, claim, cancel; which connection is picked, and how it is granted.
//!
//! First come, first served inside a class; nobody overtakes the queue (I13, I14). A grant stays with its ticket until that
//! claims it or is cancelled, so a caller that goes away loses nothing: the connection goes to the next in the same call.

use crate::conn::{LeaseRecord, Shelf};
use crate::error::{AcquireError, AcquireErrorKind};
use crate::id::{ConnId, LeaseId, TicketId};
use crate::input::{Lease, Patience, Request, Ticket};
use crate::pool::Pool;
use crate::rest::Rest;
use crate::state::Lifecycle;
use crate::time::Time;
use crate::waiter::{WaitState, Waiter};

/// The answer to [`Pool::acquire`].
#[derive(Debug, PartialEq, Eq)]
#[must_use = "the lease or ticket must be given back"]
pub enum Acquire {
    /// A connection, now.
    Ready(Lease),
    /// A place in the queue.
    Queued(Ticket),
}

/// The answer to [`Pool::claim`].
#[derive(Debug, PartialEq, Eq)]
#[must_use = "the lease or ticket must be given back"]
pub enum Claim {
    /// The connection that was granted.
    Ready(Lease),
    /// Not yet: the ticket comes back.
    Pending(Ticket),
    /// Never: why.
    Failed(AcquireError),
}

impl Pool {
    /// Asks for a lease: at once if nobody waits and a connection is free, else a place in the queue.
    ///
    /// # Errors
    ///
    /// [`AcquireErrorKind`] says which: the pool is closed; the queue is full; the caller would not wait; nothing can be reached
    /// (with [`WhenDown::Fail`](crate::WhenDown::Fail)); or the deadline has passed already.
    #[inline]
    pub fn acquire(&mut self, now: Time, request: Request) -> Result<Acquire, AcquireError> {
        if request.proven_since.is_none()
            && let Some(lease) = self.acquire_at_once(now)
        {
            return Ok(Acquire::Ready(lease));
        }
        self.acquire_with_care(now, &request)
    }

    #[inline(never)]
    fn acquire_with_care(&mut self, now: Time, request: &Request) -> Result<Acquire, AcquireError> {
        self.tick(now);
        self.stats.acquires += 1;
        if request.proven_since.is_none() {
            self.budget.requested(self.now);
        }
        // A proof from the future would be waited for in vain.
        let proven_since = request.proven_since.unwrap_or(Time::ZERO).min(self.now);
        if self.queue.is_empty()
            && !self.is_ending()
            && let Some(conn) = self.pick(proven_since)
        {
            let id = self.lease_out(conn, None);
            self.stats.wait.record_none();
            self.begin_use(conn);
            self.settle();
            return Ok(Acquire::Ready(Lease { id, conn }));
        }
        let answer = self.join_queue(request, proven_since);
        // One more in line, or nobody: where all is in use, there is nothing to do about it.
        if self.rest != Rest::Full {
            self.settle();
        }
        answer
    }

    /// A place in the queue, or why there is none.
    #[inline(never)]
    fn join_queue(&mut self, request: &Request, proven_since: Time) -> Result<Acquire, AcquireError> {
        if self.is_ending() {
            return Err(self.refuse(AcquireErrorKind::Closed));
        }
        let deadline = match request.patience {
            Patience::Configured => self.now + self.config.acquire_timeout,
            Patience::Until(deadline) => deadline,
            Patience::None => Time::ZERO,
        };
        if self.fails_when_down() && self.is_unreachable() {
            return Err(self.refuse(AcquireErrorKind::Unavailable));
        }
        if request.patience == Patience::None {
            self.refresh();
            return Err(self.refuse(AcquireErrorKind::Exhausted));
        }
        if deadline <= self.now {
            return Err(self.refuse(AcquireErrorKind::Timeout));
        }
        if self.queue.len() >= self.config.waiters_limit() {
            self.refresh();
            return Err(self.refuse(AcquireErrorKind::QueueFull));
        }
        let waiter = Waiter::waiting(request.priority, request.place, self.now, proven_since);
        let id = self.tickets.insert(waiter);
        self.queue.join(&mut self.tickets, id);
        self.timers.wait(&mut self.tickets, id, deadline);
        Ok(Acquire::Queued(Ticket { id }))
    }

    /// A caller goes without a connection because those that are idle have been so for too long: one is asked for a sign of life, so
    /// that the next caller who will not wait finds it.
    fn refresh(&mut self) {
        if !self.suspended
            && self.counts.probes == 0
            && let Some(id) = self.shelves[Shelf::Stale].tail()
        {
            self.probe(id);
        }
    }

    /// Asks what has become of a ticket.
    #[inline]
    pub fn claim(&mut self, now: Time, ticket: Ticket) -> Claim {
        match self.claim_at_once(now, &ticket) {
            Some(lease) => Claim::Ready(lease),
            None => self.claim_with_care(now, ticket),
        }
    }

    #[inline(never)]
    fn claim_with_care(&mut self, now: Time, ticket: Ticket) -> Claim {
        self.tick(now);
        let claim = self.redeem(ticket);
        // No rule looks at what is claimed.
        if !self.rest.is_known() {
            self.settle();
        }
        claim
    }

    fn redeem(&mut self, ticket: Ticket) -> Claim {
        let Some(waiter) = self.tickets.get(ticket.id) else {
            debug_assert!(false, "{ticket:?} is not of this pool");
            return Claim::Failed(self.error(AcquireErrorKind::Closed, core::time::Duration::ZERO));
        };
        let waited = self.now.since(waiter.since);
        match waiter.state() {
            WaitState::Waiting => Claim::Pending(ticket),
            WaitState::Granted(lease) => Claim::Ready(self.hand_out(ticket.id, lease)),
            WaitState::Failed(kind) => {
                self.tickets.remove(ticket.id);
                Claim::Failed(self.error(kind, waited))
            }
        }
    }

    /// Gives a ticket up, whatever has become of it. A connection that was granted to it goes to the next in line.
    pub fn cancel(&mut self, now: Time, ticket: Ticket) {
        self.tick(now);
        if let Some(waiter) = self.tickets.get(ticket.id) {
            self.stats.cancelled += 1;
            match waiter.state() {
                WaitState::Waiting => {
                    self.queue.leave(&mut self.tickets, ticket.id);
                    self.timers.end_wait(&mut self.tickets, ticket.id);
                }
                WaitState::Granted(lease) => {
                    planted!(GrantLost => { self.tickets.remove(ticket.id); return self.settle(); });
                    self.end_lease(lease);
                    planted!(WakeSwallowed => { self.tickets.remove(ticket.id); return; });
                }
                WaitState::Failed(_) => {}
            }
            self.tickets.remove(ticket.id);
        }
        self.settle();
    }

    /// The connection to grant next: of the fresh ones the one that was proven or used longest ago, else one that stalls.
    /// With `proven_since`, one proven since then: looked for from the latest, which is where it is but for rare cases.
    #[inline]
    pub(crate) fn pick(&mut self, proven_since: Time) -> Option<ConnId> {
        if self.suspended {
            return None;
        }
        match self.shelves[Shelf::Ready].head() {
            Some(id) if proven_since == Time::ZERO && self.is_fresh(id) => Some(id),
            _ => self.pick_with_care(proven_since),
        }
    }

    #[inline(never)]
    fn pick_with_care(&mut self, proven_since: Time) -> Option<ConnId> {
        if proven_since > Time::ZERO {
            let ready = &self.shelves[Shelf::Ready];
            let mut at = ready.tail();
            while let Some(id) = at {
                if self.conns[id].proven >= proven_since && self.is_fresh(id) {
                    return Some(id);
                }
                at = ready.prev(&self.conns, id);
            }
            return None;
        }
        while let Some(id) = self.shelves[Shelf::Ready].head() {
            if self.is_fresh(id) {
                return Some(id);
            }
            self.unshelve(id);
            self.put_on(id, Shelf::Stale);
        }
        self.shelves[Shelf::Stalled].head()
    }

    #[inline]
    pub(crate) fn is_fresh(&self, id: ConnId) -> bool {
        let conn = &self.conns[id];
        self.now <= conn.proven + self.endpoints[conn.endpoint].freshness
    }

    /// Puts a lease on a connection.
    #[inline]
    fn lease_out(&mut self, id: ConnId, granted_to: Option<TicketId>) -> LeaseId {
        let now = self.now;
        let conn = &mut self.conns[id];
        let first = conn.leases.is_empty();
        let idled = if first { now.nanos_since(conn.idle_since()) } else { 0 };
        let lease = self.leases.insert(LeaseRecord::new(id, granted_to, now, idled));
        conn.leases.push_back(&mut self.leases, lease);
        conn.last_used = now;
        let several = conn.leases_max > 1;
        if first {
            conn.progress_at = now;
            self.no_longer_kept(id);
            self.enter(id, Lifecycle::Leased);
        }
        if several {
            self.shelve(id);
        } else {
            self.unshelve(id);
        }
        if (several && first) || self.config.leak_after.is_some() {
            self.arm(id);
        }
        lease
    }

    /// What was granted to a ticket reaches its caller.
    #[inline(always)]
    pub(crate) fn hand_out(&mut self, ticket: TicketId, id: LeaseId) -> Lease {
        self.tickets.remove(ticket);
        let lease = &mut self.leases[id];
        lease.granted_to = None;
        let conn = lease.conn;
        if self.begin_use(conn) {
            self.claimed_marked(conn);
        }
        Lease { id, conn }
    }

    /// The lease has reached its caller. Whether its connection has been marked meanwhile.
    #[inline]
    fn begin_use(&mut self, id: ConnId) -> bool {
        self.stats.leases += 1;
        let conn = &mut self.conns[id];
        conn.uses += 1;
        conn.mark.is_some()
    }

    /// If it was found dead, that was perhaps the last grant it waited for.
    #[cold]
    #[inline(never)]
    fn claimed_marked(&mut self, id: ConnId) {
        self.rest = self.rest.disturbed();
        self.bury(id);
        self.settle();
    }

    /// Grants a connection to the ticket at the head of the queue.
    pub(crate) fn grant(&mut self, ticket: TicketId, conn: ConnId) {
        let lease = self.lease_out(conn, Some(ticket));
        self.stats.wait.record_nanos(self.now.nanos_since(self.tickets[ticket].since));
        self.resolve(ticket, WaitState::Granted(lease));
    }

    /// Ends the wait of a ticket without a connection.
    pub(crate) fn fail(&mut self, ticket: TicketId, kind: AcquireErrorKind) {
        self.count_failure(kind);
        self.resolve(ticket, WaitState::Failed(kind));
    }

    pub(crate) fn fail_all(&mut self, kind: AcquireErrorKind) {
        while let Some(ticket) = self.queue.head() {
            self.fail(ticket, kind);
        }
    }

    /// Takes a ticket out of the queue and has its task woken, once (I7).
    fn resolve(&mut self, ticket: TicketId, state: WaitState) {
        self.queue.leave(&mut self.tickets, ticket);
        self.tickets[ticket].set(state);
        self.timers.end_wait(&mut self.tickets, ticket);
        self.wake(ticket);
    }

    fn refuse(&mut self, kind: AcquireErrorKind) -> AcquireError {
        self.count_failure(kind);
        self.error(kind, core::time::Duration::ZERO)
    }

    fn count_failure(&mut self, kind: AcquireErrorKind) {
        let stats = &mut self.stats;
        let count = match kind {
            AcquireErrorKind::Timeout => &mut stats.timeouts,
            AcquireErrorKind::QueueFull => &mut stats.queue_full,
            AcquireErrorKind::Exhausted => &mut stats.exhausted,
            AcquireErrorKind::Unavailable => &mut stats.unavailable,
            AcquireErrorKind::Closed => &mut stats.refused_closed,
        };
        *count += 1;
    }
}
