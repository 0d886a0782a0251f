//! Waiting for a lease: one small future, no allocation, one turn where a connection is idle.
//!
//! Rules kept here: the waker is registered in the turn that found nothing, so no wake can fall between; a dropped
//! future gives its place (or the connection granted to it) up in `Drop`; a connection found dead at the hand-out costs
//! the caller no place in the queue and no time beyond its deadline.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use pool_core::{Claim, Lease as Grant, Place, Priority, Request, Ticket, Time};

use crate::backend::Backend;
use crate::clock::Clock;
use crate::error::AcquireError;
use crate::lease::Lease;
use crate::slots::Object;
use crate::state::State;
use crate::sync::{Arc, Ordering};
use crate::turn::Shared;
use crate::wish::Wish;

/// How to acquire. The default waits as long as [`Config::acquire_timeout`](pool_core::Config::acquire_timeout), in the normal class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AcquireOptions {
    /// The class of the queue.
    pub priority: Priority,
    /// How long to wait, all in all, from the first poll; zero does not wait. Default: as configured.
    pub timeout: Option<Duration>,
    /// Wait no longer than until this instant of the pool's clock; with a timeout, the earlier of both.
    pub deadline: Option<Time>,
    /// Take only a connection that has proved alive at or after this instant; one that has not is probed first. For a retry:
    /// the siblings of a dead connection are often dead too.
    pub proven_since: Option<Time>,
    /// Where to join the queue of the class. [`Place::Front`] is for a caller that has waited already.
    pub place: Place,
}

/// The future of [`Pool::acquire`](crate::Pool::acquire).
///
/// # Cancel safety
///
/// It may be dropped at any time: its place in the queue is given up, and a connection that was granted to it already goes to
/// the next waiter.
#[must_use = "it does nothing unless awaited"]
pub struct Acquire<'p, B: Backend, C: Clock> {
    shared: &'p Arc<Shared<B, C>>,
    wish: Wish,
    ticket: Option<Ticket>,
}

/// What a poll of [`Acquire`] comes to.
type Outcome<B, C> = Poll<Result<Lease<B, C>, AcquireError<<B as Backend>::Error>>>;

/// What the first turn of an acquire came to that did not end with a lease, and a waker that was made for it.
type Unserved<B> = (Option<Step<B>>, Option<Waker>);

/// What a turn says to somebody who wants a lease.
pub(crate) enum Step<B: Backend> {
    Granted(Grant, Object<B::Conn>),
    /// In the queue, to be woken.
    Parked(Ticket),
    /// In the queue, but nothing to be woken by: make a waker and come again.
    NeedsWaker(Ticket),
    Failed(AcquireError<B::Error>),
}

impl<'p, B: Backend, C: Clock> Acquire<'p, B, C> {
    pub(crate) fn new(shared: &'p Arc<Shared<B, C>>, options: AcquireOptions) -> Self {
        Acquire { shared, wish: Wish::new(&options, shared.acquire_timeout), ticket: None }
    }

    /// The first turn: a lease, whose connection is left in `object`; or a ticket; or what else came of it, left in `unserved`. What is usual
    /// comes in registers, and is put together where it is wanted.
    #[inline(never)]
    fn try_at_once(
        &mut self,
        cx: &Context<'_>,
        object: &mut Object<B::Conn>,
        unserved: &mut Unserved<B>,
    ) -> Option<Grant> {
        let shared = self.shared;
        let (step, spare) = unserved;
        if shared.crowded.load(Ordering::Relaxed) {
            *spare = Some(cx.waker().clone());
        }
        shared.turn(|state, now| {
            self.wish.begin(now);
            if !self.wish.wants_proof()
                && let Some(grant) = state.core.acquire_at_once(now)
            {
                *object = state.slots.lend(grant.conn());
                shared.guess_crowded(false);
                return Some(grant);
            }
            match state.join(now, self.wish.request(), cx.waker(), spare) {
                Step::Parked(ticket) => self.ticket = Some(ticket),
                other @ (Step::Granted(..) | Step::NeedsWaker(_) | Step::Failed(_)) => *step = Some(other),
            }
            None
        })
    }

    /// The lease that the ticket was granted, as is usual for whoever was woken. The use began with the grant, so that the present is not
    /// asked for.
    #[inline(never)]
    fn claim_at_once(&mut self, object: &mut Object<B::Conn>, spare: &mut Option<Waker>) -> Option<Grant> {
        let ticket = self.ticket.as_ref()?;
        let grant = self.shared.turn_again(|state, now| {
            let grant = state.core.claim_at_once(now, ticket)?;
            *object = state.slots.lend(grant.conn());
            // A grant wakes, so the waker is gone already, unless the ticket was asked about before it was woken.
            *spare = state.take_waker(ticket.id());
            Some(grant)
        })?;
        self.ticket = None;
        Some(grant)
    }

    /// One turn: a lease, or a place in the queue.
    #[inline(never)]
    fn join(&mut self, waker: &Waker, spare: &mut Option<Waker>) -> Step<B> {
        self.shared.turn(|state, now| {
            self.wish.begin(now);
            state.join(now, self.wish.request(), waker, spare)
        })
    }

    /// Asks what became of the ticket, and whether the time is up.
    fn claim(&self, ticket: Ticket, waker: &Waker, spare: &mut Option<Waker>) -> Step<B> {
        self.shared.turn(|state, now| {
            state.claim(now, ticket, spare).unwrap_or_else(|ticket| state.park(ticket, waker, spare))
        })
    }

    /// What is left to do for the future after a turn that did not end it at once.
    #[inline(never)]
    fn poll_on(
        &mut self,
        mut step: Option<Step<B>>,
        cx: &Context<'_>,
        mut spare: Option<Waker>,
    ) -> Outcome<B, C> {
        loop {
            let now = step.take().unwrap_or_else(|| match self.ticket.take() {
                Some(ticket) => self.claim(ticket, cx.waker(), &mut spare),
                None => self.join(cx.waker(), &mut spare),
            });
            match now {
                Step::Granted(grant, object) => match Lease::admit(self.shared, grant, object) {
                    Some(lease) => return Poll::Ready(Ok(lease)),
                    None => self.wish.go_to_the_front(),
                },
                Step::NeedsWaker(ticket) => {
                    self.ticket = Some(ticket);
                    spare = Some(cx.waker().clone());
                    self.shared.guess_crowded(true);
                }
                Step::Parked(ticket) => {
                    self.ticket = Some(ticket);
                    return Poll::Pending;
                }
                Step::Failed(error) => return Poll::Ready(Err(self.failed(error))),
            }
        }
    }

    /// Leaves the queue, or gives back what was granted meanwhile.
    #[inline(never)]
    fn give_up(&self, ticket: Ticket) {
        // The waker leaves with the turn's result, to be dropped after the lock.
        drop(self.shared.turn(|state, now| {
            let waker = state.take_waker(ticket.id());
            state.core.cancel(now, ticket);
            waker
        }));
    }

    /// The failure, with the wait since the first acquire.
    #[cold]
    fn failed(&self, error: AcquireError<B::Error>) -> AcquireError<B::Error> {
        match self.wish.since() {
            Some(since) => error.waited_since(since, self.shared.clock.now()),
            None => error,
        }
    }
}

impl<B: Backend> State<B> {
    #[inline]
    pub(crate) fn hand_out(&mut self, grant: Grant) -> Step<B> {
        let object = self.slots.lend(grant.conn());
        Step::Granted(grant, object)
    }

    #[inline(always)]
    fn join(&mut self, now: Time, request: Request, waker: &Waker, spare: &mut Option<Waker>) -> Step<B> {
        match self.core.acquire(now, request) {
            Ok(pool_core::Acquire::Ready(grant)) => self.hand_out(grant),
            Ok(pool_core::Acquire::Queued(ticket)) => self.park(ticket, waker, spare),
            Err(why) => Step::Failed(self.explain(why)),
        }
    }

    /// What became of the ticket; itself, if nothing has.
    #[inline]
    fn claim(&mut self, now: Time, ticket: Ticket, spare: &mut Option<Waker>) -> Result<Step<B>, Ticket> {
        planted!(LostWakeUp => if spare.is_some() { return Err(ticket); });
        let id = ticket.id();
        let step = match self.core.claim(now, ticket) {
            Claim::Pending(ticket) => return Err(ticket),
            Claim::Ready(grant) => self.hand_out(grant),
            Claim::Failed(why) => Step::Failed(self.explain(why)),
        };
        // A grant wakes, so the waker is gone already, unless the ticket was asked about before it was woken.
        if let Some(left) = self.take_waker(id) {
            *spare = Some(left);
        }
        Ok(step)
    }

    /// Registers the waker: the one that is there if it is the same, else the spare one.
    fn park(&mut self, ticket: Ticket, waker: &Waker, spare: &mut Option<Waker>) -> Step<B> {
        let place = self.waker(ticket.id());
        if place.as_ref().is_some_and(|known| known.will_wake(waker)) {
            return Step::Parked(ticket);
        }
        match spare.take() {
            Some(fresh) => {
                *spare = place.replace(fresh);
                Step::Parked(ticket)
            }
            None => Step::NeedsWaker(ticket),
        }
    }
}

impl<B: Backend, C: Clock> Future for Acquire<'_, B, C> {
    type Output = Result<Lease<B, C>, AcquireError<B::Error>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let (mut object, mut unserved) = (Object::Out, (None, None));
        let grant = if this.ticket.is_some() {
            this.claim_at_once(&mut object, &mut unserved.1)
        } else {
            let grant = this.try_at_once(cx, &mut object, &mut unserved);
            if this.ticket.is_some() {
                return Poll::Pending;
            }
            grant
        };
        if let Some(grant) = grant {
            if let Some(lease) = Lease::admit(this.shared, grant, object) {
                return Poll::Ready(Ok(lease));
            }
            this.wish.go_to_the_front();
        }
        let (step, spare) = unserved;
        this.poll_on(step, cx, spare)
    }
}

impl<B: Backend, C: Clock> Drop for Acquire<'_, B, C> {
    #[inline]
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.give_up(ticket);
        }
    }
}

impl<B: Backend, C: Clock> fmt::Debug for Acquire<'_, B, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire")
            .field("wish", &self.wish)
            .field("ticket", &self.ticket)
            .finish_non_exhaustive()
    }
}
