//! Where the short ways are taken, and where not: what they do is what the long ones do (I47), so that only this shows which it was.

use core::time::Duration;

use crate::arena::Id;
use crate::conn::Conn;
use crate::rest::Rest;
use crate::{
    Acquire, Action, CloseReason, Config, ConnId, Event, FaultClass, Health, Lease, Outcome, Pool, Request,
    Time,
};

fn at(ms: u64) -> Time {
    Time::from_millis(ms)
}

/// A pool of one connection that is in use, and has been proved to work.
fn busy(change: impl FnOnce(&mut Config)) -> (Pool, Lease) {
    let mut config = Config {
        min_connections: 1,
        max_connections: 1,
        health_check_interval: Duration::ZERO,
        max_lifetime: Duration::ZERO,
        freshness: Duration::from_secs(60),
        ..Config::default()
    };
    change(&mut config);
    let mut pool = Pool::new(config, Time::ZERO).unwrap();
    let Some(Action::Connect { conn, .. }) = pool.poll_action() else { panic!("the minimum is one") };
    let _ = pool.handle(at(1), Event::Connected { conn, leases_max: 1 });
    let first = lease(&mut pool, 2);
    let _ = pool.release(at(2), first, Outcome::Success);
    let lease = lease(&mut pool, 3);
    assert!(!pool.has_actions());
    (pool, lease)
}

fn idle(change: impl FnOnce(&mut Config)) -> Pool {
    let (mut pool, lease) = busy(change);
    let _ = pool.release(at(4), lease, Outcome::Success);
    pool
}

fn lease(pool: &mut Pool, now: u64) -> Lease {
    match pool.acquire(at(now), Request::default()) {
        Ok(Acquire::Ready(lease)) => lease,
        other => panic!("{other:?}"),
    }
}

fn only(pool: &Pool) -> ConnId {
    pool.connections().next().unwrap().id
}

fn takes(mut pool: Pool, now: Time) -> bool {
    pool.acquire_at_once(now).is_some()
}

#[test]
fn what_is_idle_and_fresh_is_taken_at_once() {
    assert_eq!(idle(|_| {}).rest, Rest::Calm);
    assert!(takes(idle(|_| {}), at(5)));
    let fresh_until = at(60_004);
    let pool = || idle(|config| config.max_idle_time = Duration::from_secs(600));
    assert!(takes(pool(), fresh_until));
    assert!(!takes(pool(), Time::from_nanos(fresh_until.as_nanos() + 1)));
    assert!(!takes(idle(|config| config.leak_after = Some(Duration::from_secs(1))), at(5)));
    let strict = Request { proven_since: Some(at(5)), ..Request::default() };
    assert!(
        matches!(idle(|_| {}).acquire(at(5), strict), Ok(Acquire::Queued(_))),
        "it was proven before that"
    );
}

#[cfg(feature = "image")]
#[test]
fn what_is_not_given_at_once_has_changed_nothing() {
    let (mut pool, _lease) = busy(|_| {});
    let before = crate::Image::of(&pool).to_bytes();
    assert_eq!(pool.acquire_at_once(at(9)), None);
    assert!(crate::Image::of(&pool).to_bytes() == before, "not even the time");
}

#[test]
fn nothing_is_taken_at_once_when_a_timer_is_due_or_something_is_wrong() {
    let due = idle(|_| {}).wake_by();
    assert!(!takes(idle(|config| config.freshness = Duration::from_secs(600)), due));
    let before = Time::from_nanos(due.as_nanos() - 1);
    assert!(takes(idle(|config| config.freshness = Duration::from_secs(600)), before));
    let mut sharing = idle(|_| {});
    let _ = sharing.handle(at(5), Event::LeaseLimit { conn: only(&sharing), leases_max: 2 });
    assert!(!takes(sharing, at(6)));
    let mut suspended = idle(|_| {});
    suspended.suspend(at(5));
    assert_eq!(suspended.rest, Rest::Unknown);
    assert!(!takes(suspended, at(6)));
    let mut draining = idle(|_| {});
    draining.drain(at(5));
    assert_eq!(draining.rest, Rest::Unknown);
    let mut lacking = idle(|_| {});
    let _ = lacking.handle(at(5), Event::Lost { conn: only(&lacking) });
    assert_eq!(lacking.rest, Rest::Unknown, "below the minimum");
}

/// Whether a lease comes back the short way.
fn gives_back(now: Time, outcome: Outcome, change: impl FnOnce(&mut Pool)) -> bool {
    let (mut pool, lease) = busy(|_| {});
    change(&mut pool);
    pool.give_back(now, &lease, outcome)
}

#[test]
fn what_went_well_is_given_back_at_once_and_nothing_else() {
    assert!(gives_back(at(5), Outcome::Success, |_| {}));
    assert!(gives_back(at(5), Outcome::Returned, |_| {}));
    assert!(!gives_back(at(5), Outcome::BROKEN, |_| {}));
    assert!(!gives_back(at(5), Outcome::fault(FaultClass::Application), |_| {}));
    assert!(!gives_back(at(5), Outcome::Success, |pool| pool.rest = Rest::Unknown));
    assert!(!gives_back(at(5), Outcome::Success, |pool| pool.rest = Rest::Ignored));
    assert!(!gives_back(at(5), Outcome::Success, |pool| {
        let id = only(pool);
        pool.conns[id].mark = Some(CloseReason::Retired);
    }));
    assert!(!gives_back(at(5), Outcome::Success, |pool| {
        let id = only(pool);
        pool.conns[id].health = Health::Suspect;
    }));
    assert!(!gives_back(at(5), Outcome::Success, |pool| {
        let endpoint = pool.endpoints().next().unwrap().id;
        pool.endpoints[endpoint].health = Health::Suspect;
    }));
    assert!(!gives_back(at(5), Outcome::Success, |pool| {
        let id = only(pool);
        pool.conns[id].leases_max = 2;
    }));
    // A use that went well makes up for these: only the long way does.
    let past: [fn(&mut Conn); 4] = [
        |conn| conn.faults = 1,
        |conn| conn.probe_failures = 1,
        |conn| conn.stalls = 1,
        |conn| conn.stalled = true,
    ];
    for (n, past) in past.into_iter().enumerate() {
        let with_past = |pool: &mut Pool| {
            let id = only(pool);
            past(&mut pool.conns[id]);
        };
        assert!(!gives_back(at(5), Outcome::Success, with_past), "past {n}");
    }
}

#[test]
fn nothing_is_given_back_at_once_when_a_timer_is_due() {
    let (pool, _) = busy(|_| {});
    let due = pool.wake_by();
    assert!(!gives_back(due, Outcome::Success, |_| {}));
    assert!(gives_back(Time::from_nanos(due.as_nanos() - 1), Outcome::Success, |_| {}));
    // The probe that was due during the use is due when it ends, unless the use has proved more.
    let probed = |outcome, before| {
        let (mut pool, lease) = busy(|config| config.health_check_interval = Duration::from_secs(1));
        let conn = &pool.conns[only(&pool)];
        let due = conn.looked_at + conn.probe_every;
        let now = Time::from_nanos(due.as_nanos() - before);
        pool.advance(now);
        pool.give_back(now, &lease, outcome)
    };
    assert!(probed(Outcome::Success, 0) && probed(Outcome::Returned, 1) && !probed(Outcome::Returned, 0));
}

/// Whether a lease goes the short way to one who waits, and that is told.
fn hands_over(now: u64, outcome: Outcome, request: Request) -> bool {
    let (mut pool, lease) = busy(|_| {});
    let request = Request { patience: crate::Patience::Until(at(600_000)), ..request };
    let Ok(Acquire::Queued(ticket)) = pool.acquire(at(4), request) else { panic!("it is in use") };
    assert_eq!(pool.rest, Rest::Full);
    let done = pool.give_back(at(now), &lease, outcome);
    assert_eq!(pool.has_actions(), done);
    if done {
        assert_eq!(pool.poll_action(), Some(Action::Wake { ticket: ticket.id() }));
        assert_eq!(pool.rest, Rest::Calm, "nobody waits any more");
    }
    done
}

#[test]
fn what_comes_back_fresh_goes_to_the_first_in_line_at_once() {
    assert!(hands_over(5, Outcome::Success, Request::default()));
    assert!(hands_over(5, Outcome::Returned, Request::default()));
    let strict = Request { proven_since: Some(at(1)), ..Request::default() };
    assert!(!hands_over(5, Outcome::Success, strict));
    // Proven at 2 ms, fresh for a minute.
    assert!(hands_over(60_002, Outcome::Returned, Request::default()));
    assert!(!hands_over(60_003, Outcome::Returned, Request::default()));
    assert!(hands_over(60_003, Outcome::Success, Request::default()));
}

/// Whether what was granted to one who waits is claimed the short way.
fn claims(now: u64, change: impl FnOnce(&mut Pool)) -> bool {
    let (mut pool, lease) = busy(|_| {});
    let request = Request { patience: crate::Patience::Until(at(600_000)), ..Request::default() };
    let Ok(Acquire::Queued(ticket)) = pool.acquire(at(4), request) else { panic!("it is in use") };
    assert_eq!(pool.claim_at_once(at(5), &ticket), None, "not granted yet");
    let _ = pool.release(at(5), lease, Outcome::Success);
    change(&mut pool);
    let claimed = pool.claim_at_once(at(now), &ticket).is_some();
    assert!(!claimed || pool.now() == at(now), "what was claimed tells the time");
    claimed
}

#[test]
fn what_was_granted_is_claimed_at_once_where_nothing_is_due_and_nothing_is_wrong() {
    assert!(claims(5, |_| {}));
    assert!(claims(7, |_| {}), "some time later");
    assert!(!claims(5, |pool| pool.rest = Rest::Unknown));
    assert!(!claims(5, |pool| pool.rest = Rest::Ignored));
    assert!(!claims(5, |pool| pool.timers.set(crate::timers::Key::Grace, at(5))));
    assert!(claims(5, |pool| pool.timers.set(crate::timers::Key::Grace, at(6))));
}

#[test]
fn a_pool_in_which_nothing_is_open_is_not_full() {
    let config = Config { min_connections: 0, max_connections: 1, ..Config::default() };
    let mut pool = Pool::new(config, Time::ZERO).unwrap();
    assert_eq!(pool.rest, Rest::Calm, "it wants nothing");
    assert!(matches!(pool.acquire(at(1), Request::default()), Ok(Acquire::Queued(_))));
    assert_eq!((pool.rest, pool.status().connecting), (Rest::Unknown, 1));
}

#[test]
fn a_lease_of_another_pool_is_stale() {
    let (mut pool, lease) = busy(|_| {});
    let other = ConnId::new(lease.conn.slot() + 7, core::num::NonZeroU32::MIN);
    let foreign = Lease { id: lease.id, conn: other };
    assert_eq!(pool.release(at(5), foreign, Outcome::Success), crate::Verdict::Stale);
    assert_eq!(pool.release(at(6), lease, Outcome::Success), crate::Verdict::Accepted);
}
