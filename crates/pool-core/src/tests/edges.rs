//! Rules that show only where two things meet: at one instant, on one shelf, about one lease.

use core::time::Duration;

use super::rules::{at, connects, lease, pool};
use crate::{Acquire, Action, CloseReason, Config, ConnId, Event, Lease, Outcome, Pool, Request};

/// A connection that carries up to so many, and a lease on it, both at the start.
fn leased(pool: &mut Pool, leases_max: u32) -> (ConnId, Lease) {
    let conn = connects(pool)[0];
    let _ = pool.handle(at(0), Event::Connected { conn, leases_max });
    (conn, lease(pool, at(0)))
}

#[test]
fn what_a_report_makes_due_at_once_is_done_at_once() {
    let mut pool = pool(|config| config.stall_after = Duration::from_millis(100));
    let (conn, lease) = leased(&mut pool, 1);
    // From now on it is watched for progress, and there has been none for exactly as long as there may be.
    let _ = pool.handle(at(100), Event::LeaseLimit { conn, leases_max: 2 });
    assert_eq!(pool.poll(), crate::Output::Do(Action::Probe { conn }));
    let _ = pool.release(at(101), lease, Outcome::Returned);
}

#[test]
fn the_next_deadline_is_that_of_the_last_use() {
    let mut pool = pool(|config| config.max_lifetime = Duration::ZERO);
    let (conn, lease) = leased(&mut pool, 1);
    let _ = pool.release(at(10_000), lease, Outcome::Success);
    let expiry = crate::Deadline { at: at(3_610_000), why: crate::Wakeup::IdleExpiry(conn) };
    assert_eq!(pool.poll(), crate::Output::Idle { until: Some(expiry) });
}

#[test]
fn a_grant_that_nobody_has_claimed_when_the_grace_ends_is_a_close_and_a_refusal() {
    let mut pool = pool(|_| {});
    let (conn, held) = leased(&mut pool, 1);
    let Ok(Acquire::Queued(ticket)) = pool.acquire(at(1), Request::default()) else { panic!("it is in use") };
    connects(&mut pool);
    let _ = pool.release(at(2), held, Outcome::Success);
    pool.shutdown(at(3), Duration::from_secs(1));
    assert_eq!((pool.stats().refused_closed, pool.status().leases), (0, 1));
    while pool.poll_action().is_some() {}
    pool.advance(at(1_003));
    assert_eq!((pool.stats().refused_closed, pool.stats().abandoned, pool.status().leases), (1, 0, 0));
    let close = Action::Close { conn, reason: CloseReason::Shutdown };
    assert_eq!(pool.poll_action(), Some(close), "the driver has it, and nobody else");
    assert!(matches!(pool.claim(at(1_004), ticket), crate::Claim::Failed(error) if error.is_closed()));
}

#[test]
fn a_connection_found_dead_waits_for_its_last_grant_and_for_nothing_else() {
    let cancelled = |pool: &mut Pool, ticket| pool.cancel(at(400), ticket);
    let claimed = |pool: &mut Pool, ticket| {
        let crate::Claim::Ready(lease) = pool.claim(at(400), ticket) else { panic!("it was granted") };
        let late = pool.release(at(401), lease, Outcome::BROKEN);
        assert_eq!(late, crate::Verdict::Stale);
    };
    for (end, over) in [(&cancelled as &dyn Fn(&mut Pool, crate::Ticket), 1), (&claimed, 2)] {
        let mut pool = pool(|config| config.stall_after = Duration::from_millis(100));
        let (conn, held) = leased(&mut pool, 2);
        let other = lease(&mut pool, at(0));
        let Ok(Acquire::Queued(ticket)) = pool.acquire(at(1), Request::default()) else {
            panic!("it is full")
        };
        let _ = pool.release(at(2), other, Outcome::Success);
        pool.advance(at(200));
        let (class, reuse) = (crate::FaultClass::Connection, crate::Reuse::Discard);
        assert_eq!(pool.handle(at(300), Event::ProbeFailed { conn, class, reuse }), crate::Verdict::Accepted);
        assert_eq!((pool.status().leases, pool.stats().closed_for(CloseReason::Dead)), (2, 0));
        end(&mut pool, ticket);
        assert_eq!((pool.status().leases, pool.stats().closed_for(CloseReason::Dead)), (0, 1));
        assert_eq!(pool.stats().abandoned, over);
        assert_eq!(pool.release(at(402), held, Outcome::Success), crate::Verdict::Stale);
    }
}

#[test]
fn a_lease_that_the_pool_has_not_given_is_none() {
    let mut pool = pool(|_| {});
    let (conn, held) = leased(&mut pool, 1);
    let Ok(Acquire::Queued(_)) = pool.acquire(at(1), Request::default()) else { panic!("it is in use") };
    let other = connects(&mut pool)[0];
    let elsewhere = Lease { id: held.id, conn: other };
    assert_eq!(pool.release(at(2), elsewhere, Outcome::Success), crate::Verdict::Stale);
    let _ = pool.release(at(3), held, Outcome::Success);
    // The next in line has it, and has not come for it.
    let (granted, _) = pool.leases.iter().next().unwrap();
    let early = Lease { id: granted, conn };
    assert_eq!(pool.release(at(4), early, Outcome::Success), crate::Verdict::Stale);
    assert_eq!(pool.status().leases, 1);
}

/// Two connections, the first of which was proven to be alive last, and the second used last.
fn two(pool: &mut Pool) -> [ConnId; 2] {
    let conns: [ConnId; 2] = connects(pool).try_into().unwrap();
    for conn in conns {
        let _ = pool.handle(at(1), Event::Connected { conn, leases_max: 1 });
    }
    for (now, outcome) in [(10, Outcome::Success), (20, Outcome::Returned)] {
        let lease = lease(pool, at(now));
        let _ = pool.release(at(now), lease, outcome);
    }
    conns
}

fn pair(config: &mut Config) {
    (config.min_connections, config.max_connections, config.connects_max) = (2, 2, 2);
}

#[test]
fn who_asks_for_a_proof_gets_the_one_that_has_it_wherever_it_stands() {
    let mut pool = pool(pair);
    let [proven, used] = two(&mut pool);
    let request = Request { proven_since: Some(at(5)), ..Request::default() };
    let Ok(Acquire::Ready(strict)) = pool.acquire(at(30), request) else { panic!("one is proven") };
    assert_eq!((strict.conn(), lease(&mut pool, at(30)).conn()), (proven, used));
}

#[test]
fn a_limit_that_changes_nothing_costs_no_place() {
    let mut pool = pool(pair);
    let [first, _] = two(&mut pool);
    let _ = pool.handle(at(30), Event::LeaseLimit { conn: first, leases_max: 1 });
    assert_eq!(lease(&mut pool, at(31)).conn(), first);
}
