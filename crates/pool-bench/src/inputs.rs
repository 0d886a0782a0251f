//! One function per input of the core, each with the drain that a driver owes after it. They are never inlined, so that a
//! profiler sees each by its name, and the names are those of the tables and of the baseline.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use pool_core::{Acquire, Action, Claim, ConnId, Event, Lease, Outcome, Pool, Request, Ticket, Time};

use crate::driven::Driven;

fn drain(pool: &mut Pool) {
    while pool.poll_action().is_some() {}
}

/// An acquire beside an idle connection.
#[inline(never)]
pub fn acquire(pool: &mut Pool, now: Time) -> Lease {
    let Ok(Acquire::Ready(lease)) = pool.acquire(now, Request::default()) else {
        panic!("a connection is idle");
    };
    drain(pool);
    lease
}

/// A release that nobody waits for.
#[inline(never)]
pub fn release(pool: &mut Pool, now: Time, lease: Lease) {
    let _ = pool.release(now, lease, Outcome::Success);
    drain(pool);
}

/// An acquire that joins the queue.
#[inline(never)]
pub fn queue(pool: &mut Pool, now: Time) -> Ticket {
    let Ok(Acquire::Queued(ticket)) = pool.acquire(now, Request::default()) else {
        panic!("nothing is idle");
    };
    drain(pool);
    ticket
}

/// A release that grants to the oldest waiter and wakes it.
#[inline(never)]
pub fn hand_over(pool: &mut Pool, now: Time, lease: Lease) {
    let _ = pool.release(now, lease, Outcome::Success);
    let woken = pool.poll_action();
    assert!(matches!(woken, Some(Action::Wake { .. })), "somebody waits");
    drain(pool);
}

/// A claim of what was granted.
#[inline(never)]
pub fn claim(pool: &mut Pool, now: Time, ticket: Ticket) -> Lease {
    let Claim::Ready(lease) = pool.claim(now, ticket) else { panic!("it was granted") };
    drain(pool);
    lease
}

/// A waiter that goes away.
#[inline(never)]
pub fn cancel(pool: &mut Pool, now: Time, ticket: Ticket) {
    pool.cancel(now, ticket);
    drain(pool);
}

/// Time passes, and one health check falls due.
#[inline(never)]
pub fn fire_probe(pool: &mut Pool, now: Time) -> Option<ConnId> {
    pool.advance(now);
    let mut probed = None;
    while let Some(action) = pool.poll_action() {
        if let Action::Probe { conn, .. } = action {
            probed = Some(conn);
        }
    }
    probed
}

/// A probe was answered.
#[inline(never)]
pub fn probed(pool: &mut Pool, now: Time, conn: ConnId) {
    let _ = pool.handle(now, Event::Probed { conn });
    drain(pool);
}

/// Time passes, and a waiter's patience ends; tells whether one was woken.
#[inline(never)]
pub fn expire(pool: &mut Pool, now: Time) -> bool {
    pool.advance(now);
    let mut woken = false;
    while let Some(action) = pool.poll_action() {
        woken |= matches!(action, Action::Wake { .. });
    }
    woken
}

/// A claim by a waiter whose patience has ended.
#[inline(never)]
pub fn claim_expired(pool: &mut Pool, now: Time, ticket: Ticket) {
    assert!(matches!(pool.claim(now, ticket), Claim::Failed(_)), "its time was up");
    drain(pool);
}

/// An acquire and a release of `pool-async`, lock and slots included, the clock's reading not.
#[inline(never)]
pub fn acquire_and_release(pool: &Driven) {
    let Poll::Ready(Ok(mut lease)) = pin!(pool.acquire()).poll(&mut Context::from_waker(Waker::noop()))
    else {
        panic!("a connection is idle");
    };
    *lease += 1;
    lease.release(Outcome::Success);
}
