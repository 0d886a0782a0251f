//! Makes calls of a pool by their values: holds the tickets and leases that they name.

use std::collections::BTreeMap;
use std::fmt;

use pool_core::{
    Acquire, AcquireError, Action, Call, Claim, ConnId, EndpointId, Image, Lease, LeaseId, Pool, Retry,
    Ticket, TicketId, Time, Verdict,
};

/// What a call came back with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// A lease on this connection.
    Ready(LeaseId, ConnId),
    /// A place in the queue.
    Queued(TicketId),
    /// Still waiting.
    Pending,
    /// No lease, and why.
    Failed(AcquireError),
    /// Whether the report or the lease was known.
    Verdict(Verdict),
    /// Whether to try again, and when.
    Retry(Retry),
    /// A new endpoint.
    Endpoint(EndpointId),
    /// The size was out of its range: nothing has changed.
    Refused,
    /// Nothing to say.
    Done,
    /// The ticket is not there: in a recording that was changed by hand. The pool was told the time.
    Unknown,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Ready(lease, conn) => write!(f, "lease {lease} on connection {conn}"),
            Answer::Queued(ticket) => write!(f, "ticket {ticket}"),
            Answer::Pending => f.write_str("pending"),
            Answer::Failed(error) => write!(f, "{:?}: {error}", error.kind),
            Answer::Verdict(verdict) => write!(f, "{verdict:?}"),
            Answer::Retry(retry) => write!(f, "{retry:?}"),
            Answer::Endpoint(endpoint) => write!(f, "endpoint {endpoint}"),
            Answer::Refused => f.write_str("refused"),
            Answer::Done => f.write_str("done"),
            Answer::Unknown => f.write_str("unknown"),
        }
    }
}

pub(crate) struct Player {
    pub(crate) pool: Pool,
    tickets: BTreeMap<TicketId, Ticket>,
    leases: BTreeMap<LeaseId, Lease>,
}

impl Player {
    pub(crate) fn new(first: &Image) -> Player {
        let (pool, tickets, leases) = first.clone().into_pool();
        Player {
            pool,
            tickets: tickets.into_iter().map(|ticket| (ticket.id(), ticket)).collect(),
            leases: leases.into_iter().map(|lease| (lease.id(), lease)).collect(),
        }
    }

    pub(crate) fn tickets(&self) -> impl Iterator<Item = TicketId> {
        self.tickets.keys().copied()
    }

    pub(crate) fn leases(&self) -> impl Iterator<Item = LeaseId> {
        self.leases.keys().copied()
    }

    /// Takes the actions.
    pub(crate) fn drain(&mut self) -> Vec<Action> {
        std::iter::from_fn(|| self.pool.poll_action()).collect()
    }

    pub(crate) fn call(&mut self, now: Time, call: Call) -> Answer {
        let pool = &mut self.pool;
        match call {
            Call::Acquire(request) => {
                return match pool.acquire(now, request) {
                    Ok(Acquire::Ready(lease)) => self.ready(lease),
                    Ok(Acquire::Queued(ticket)) => self.queued(ticket, Answer::Queued),
                    Err(error) => Answer::Failed(error),
                };
            }
            Call::Claim(id) => {
                let Some(ticket) = self.tickets.remove(&id) else { return self.unknown(now) };
                return match pool.claim(now, ticket) {
                    Claim::Ready(lease) => self.ready(lease),
                    Claim::Pending(ticket) => self.queued(ticket, |_| Answer::Pending),
                    Claim::Failed(error) => Answer::Failed(error),
                };
            }
            Call::Cancel(id) => {
                let Some(ticket) = self.tickets.remove(&id) else { return self.unknown(now) };
                pool.cancel(now, ticket);
            }
            Call::Release(id, outcome) => {
                return self.end(now, id, |pool, lease| pool.release(now, lease, outcome));
            }
            Call::Reject(id) => return self.end(now, id, |pool, lease| pool.reject(now, lease)),
            Call::Detach(id) => return self.end(now, id, |pool, lease| pool.detach(now, lease)),
            Call::Handle(event) => return Answer::Verdict(pool.handle(now, event)),
            Call::Advance => pool.advance(now),
            Call::Resize(min, max) => {
                return if pool.resize(now, min, max).is_ok() { Answer::Done } else { Answer::Refused };
            }
            Call::Suspend => pool.suspend(now),
            Call::Resume => pool.resume(now),
            Call::Invalidate => pool.invalidate(now),
            Call::AddEndpoint(spec) => return Answer::Endpoint(pool.add_endpoint(now, spec)),
            Call::DrainEndpoint(endpoint) => pool.drain_endpoint(now, endpoint),
            Call::Drain => pool.drain(now),
            Call::Shutdown(grace) => pool.shutdown(now, grace),
            Call::Retry(failure) => return Answer::Retry(pool.retry(now, failure)),
        }
        Answer::Done
    }

    fn ready(&mut self, lease: Lease) -> Answer {
        let answer = Answer::Ready(lease.id(), lease.conn());
        self.leases.insert(lease.id(), lease);
        answer
    }

    fn queued(&mut self, ticket: Ticket, answer: impl Fn(TicketId) -> Answer) -> Answer {
        let id = ticket.id();
        self.tickets.insert(id, ticket);
        answer(id)
    }

    /// A lease that is not there had been given up before the recording began: to the pool its end is news of the time, and stale.
    fn end(&mut self, now: Time, id: LeaseId, end: impl FnOnce(&mut Pool, Lease) -> Verdict) -> Answer {
        match self.leases.remove(&id) {
            Some(lease) => Answer::Verdict(end(&mut self.pool, lease)),
            None => {
                self.pool.advance(now);
                Answer::Verdict(Verdict::Stale)
            }
        }
    }

    fn unknown(&mut self, now: Time) -> Answer {
        self.pool.advance(now);
        Answer::Unknown
    }
}
