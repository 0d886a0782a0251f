//! The calls of the pool, each with what its answer means for the books.

use pool_core::{Acquire, Claim, CloseReason, ConnId, Event, Lease, Patience, Place, Request, Time, Verdict};

use super::World;
use crate::books::{Ending, Fate, Stage, Waiter};
use crate::holds;
use crate::input::{Answer, Input, Key};

impl World {
    pub(super) fn call(&mut self, input: Input) -> Answer {
        let now = self.clock;
        match input {
            Input::Acquire(request) => return self.acquire(request),
            Input::Claim(key) => return self.claim(key),
            Input::Cancel(key) => {
                if let Some(waiter) = self.books.take_waiter(key) {
                    self.books.unqueue(waiter.ticket.id());
                    self.books.ledger.cancelled();
                    self.pool.cancel(now, waiter.ticket);
                }
            }
            Input::Release(key, outcome) => {
                if let Some(tenant) = self.books.take_tenant(key) {
                    let (over, conn) = (self.books.grace_is_over(now), tenant.lease.conn());
                    let verdict = self.pool.release(now, tenant.lease, outcome);
                    return self.returned(conn, verdict, tenant.abandoned, over);
                }
            }
            Input::Detach(key) => {
                if let Some(tenant) = self.books.take_tenant(key) {
                    let (over, conn) = (self.books.grace_is_over(now), tenant.lease.conn());
                    let verdict = self.pool.detach(now, tenant.lease);
                    if verdict == Verdict::Accepted {
                        let whole = self.pool.connections().all(|other| other.id != conn);
                        self.books.ledger.detached(whole);
                        if whole {
                            self.books.gone(conn);
                            self.books.detached.push(conn);
                        }
                    }
                    return self.returned(conn, verdict, tenant.abandoned, over);
                }
            }
            Input::Reject(key) => {
                if let Some(tenant) = self.books.take_tenant(key) {
                    let (over, conn) = (self.books.grace_is_over(now), tenant.lease.conn());
                    let verdict = self.pool.reject(now, tenant.lease);
                    return self.returned(conn, verdict, tenant.abandoned, over);
                }
            }
            Input::Report(event) => return Answer::Verdict(self.report(event)),
            Input::Advance => self.pool.advance(now),
            Input::Resize(min, max) => {
                self.pool.resize(now, min, max).expect("engines resize within the limits")
            }
            Input::Suspend | Input::Resume => {
                let suspended = input == Input::Suspend;
                if suspended {
                    self.pool.suspend(now)
                } else {
                    self.pool.resume(now)
                }
                // A pool on its way out serves who still waits, and cannot be held back.
                self.memory.suspended = suspended && !self.books.refuses();
            }
            Input::Invalidate => self.pool.invalidate(now),
            Input::AddEndpoint(spec) => {
                let id = self.pool.add_endpoint(now, spec);
                self.books.endpoints.push((id, spec.priority));
                return Answer::Endpoint(id);
            }
            Input::DrainEndpoint(id) => self.pool.drain_endpoint(now, id),
            Input::Drain => {
                self.pool.drain(now);
                // Who still waits is to be served: the end lifts a suspension.
                self.memory.suspended &= self.books.refuses();
                if self.books.ending == Ending::Not {
                    self.books.ending = Ending::Draining;
                }
            }
            Input::Shutdown(grace) => {
                self.pool.shutdown(now, grace);
                self.memory.suspended = false;
                let end = match self.books.ending {
                    Ending::ShutDown(earlier) => earlier.min(now + grace),
                    Ending::Not | Ending::Draining => now + grace,
                };
                self.books.ending = Ending::ShutDown(end);
            }
            Input::Retry(failure) => return Answer::Retry(self.pool.retry(now, failure)),
        }
        Answer::Done
    }

    fn acquire(&mut self, request: Request) -> Answer {
        let (now, key) = (self.clock, self.acquires);
        self.acquires += 1;
        match self.pool.acquire(now, request) {
            Ok(Acquire::Ready(lease)) => self.ready(lease, key, now),
            Ok(Acquire::Queued(ticket)) => {
                let deadline = match request.patience {
                    Patience::Configured => now.max(self.pool.now()) + self.config.acquire_timeout,
                    Patience::Until(at) => at,
                    Patience::None => panic!("I6: a caller that would not wait was queued"),
                };
                let (class, proven_since) = (request.priority, request.proven_since);
                let (fate, since) = (Fate::Waiting, self.pool.now());
                let waiter =
                    Waiter { ticket, key, class, since, deadline, proven_since, fate, granted_at: since };
                self.books.queued(waiter, request.place == Place::Front);
                Answer::Queued
            }
            Err(error) => Answer::Failed(error),
        }
    }

    fn ready(&mut self, lease: Lease, key: Key, since: Time) -> Answer {
        let conn = lease.conn();
        self.books.leased(lease, key, since);
        Answer::Ready(conn)
    }

    fn claim(&mut self, key: Key) -> Answer {
        let now = self.clock;
        self.books.grants_are_void(now);
        let Some(waiter) = self.books.take_waiter(key) else { return Answer::Done };
        let (fate, since, granted_at) = (waiter.fate, waiter.since, waiter.granted_at);
        // Its own call may be what tells the pool that its time is over.
        let overdue = waiter.deadline <= now;
        let surprise = self.held || (fate == Fate::Waiting && overdue) || fate == Fate::Unknown;
        let id = waiter.ticket.id();
        match self.pool.claim(now, waiter.ticket) {
            Claim::Ready(lease) => {
                holds!(
                    fate == Fate::Granted || surprise,
                    "I7",
                    "a lease for acquire {key}, whose fate was {fate:?}"
                );
                self.books.unqueue(id);
                let since = if surprise { self.pool.now() } else { granted_at };
                self.ready(lease, key, since)
            }
            Claim::Pending(ticket) => {
                holds!(fate == Fate::Waiting, "I6", "acquire {key} is pending, though its fate was {fate:?}");
                holds!(!overdue, "I19", "acquire {key} is pending past its deadline");
                self.books.put_waiter(Waiter { ticket, ..waiter });
                Answer::Pending
            }
            Claim::Failed(error) => {
                self.books.unqueue(id);
                holds!(fate != Fate::Granted, "I6", "acquire {key} was granted, then failed: {error}");
                holds!(
                    fate != Fate::Waiting || surprise,
                    "I7",
                    "acquire {key} failed and was not woken: {error}"
                );
                let timeout = fate == Fate::TimedOut;
                holds!(
                    !timeout || error.is_timeout(),
                    "I6",
                    "acquire {key} has timed out and hears: {error}"
                );
                let waited = error.waited <= self.pool.now().since(since);
                holds!(waited, "I24", "acquire {key} has waited {:?}", error.waited);
                Answer::Failed(error)
            }
        }
    }

    fn report(&mut self, event: Event) -> Verdict {
        let conn = event.conn();
        let stalled = self.after.conn(conn).is_some_and(|conn| conn.stalled);
        let verdict = self.pool.handle(self.clock, event);
        let Some(link) = self.books.link_mut(conn) else {
            holds!(
                self.held || verdict == Verdict::Stale,
                "I11",
                "{event:?} about a connection that is gone"
            );
            return verdict;
        };
        let stage = link.stage;
        let expected = match event {
            Event::Connected { .. } => stage == Stage::Dialling,
            Event::ConnectFailed { .. } => stage == Stage::Dialling,
            Event::Probed { .. } | Event::ProbeFailed { .. } => link.probing.is_some(),
            Event::Closed { .. } => stage == Stage::Closing,
            Event::Lost { .. } | Event::Retiring { .. } if stage == Stage::Open => true,
            _ => verdict == Verdict::Accepted,
        };
        let known = if expected { Verdict::Accepted } else { Verdict::Stale };
        let timely = self.pool.now() == self.after.now && !self.held && !link.unsure;
        holds!(!timely || verdict == known, "I11", "{event:?} is {verdict:?} while {stage:?}");
        if verdict == Verdict::Accepted {
            match event {
                Event::Connected { .. } => link.stage = Stage::Open,
                Event::ConnectFailed { .. } | Event::Closed { .. } => self.books.gone(conn),
                Event::Probed { .. } | Event::ProbeFailed { .. } => {
                    (link.probing, link.probed) = (None, self.pool.now());
                    let answered = !self.pool.connection(conn).is_some_and(|conn| conn.stalled);
                    link.answers += u32::from(stalled && answered);
                }
                Event::Progress { .. } => link.moved = self.pool.now(),
                _ => {}
            }
        }
        verdict
    }

    /// Whether the connection has been found dead: it is closing for that, or was.
    fn is_dead(&self, conn: ConnId) -> bool {
        self.pool.connection(conn).is_none_or(|now| now.mark == Some(CloseReason::Dead))
    }

    /// A lease is known until the grace of a shutdown is over or its connection was found dead; the word of that may still be in the core.
    fn returned(&mut self, conn: ConnId, verdict: Verdict, abandoned: bool, over: bool) -> Answer {
        let ended = over || self.is_dead(conn);
        let stale = verdict == Verdict::Stale;
        holds!(stale || !abandoned, "I11", "an abandoned lease came back {verdict:?}");
        holds!(!stale || ended, "I11", "a lease came back {verdict:?}, abandoned {abandoned}");
        self.books.ledger.abandoned(u64::from(stale && !abandoned));
        if let Some(link) = self.books.link_mut(conn).filter(|_| !stale) {
            link.moved = self.pool.now();
        }
        Answer::Verdict(verdict)
    }
}
