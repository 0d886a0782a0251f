//! The pool's smallest rules, each in the shortest history that shows it.

use core::time::Duration;

use crate::{
    Acquire, Action, CloseReason, Config, ConnId, EndpointInfo, EndpointSpec, Event, Health, Lease, Outcome,
    Patience, Place, Pool, Priority, Request, Time,
};

pub(super) fn at(ms: u64) -> Time {
    Time::from_millis(ms)
}

pub(super) fn pool(change: impl FnOnce(&mut Config)) -> Pool {
    let mut config = Config {
        min_connections: 1,
        health_check_interval: Duration::ZERO,
        max_idle_time: Duration::from_secs(3600),
        freshness: Duration::from_secs(3000),
        ..Config::default()
    };
    change(&mut config);
    Pool::new(config, Time::ZERO).unwrap()
}

pub(super) fn connects(pool: &mut Pool) -> alloc::vec::Vec<ConnId> {
    let mut conns = alloc::vec::Vec::new();
    while let Some(action) = pool.poll_action() {
        match action {
            Action::Connect { conn, .. } => conns.push(conn),
            Action::Close { conn, .. } => drop(pool.handle(pool.now(), Event::Closed { conn })),
            Action::Probe { .. } | Action::Forget { .. } | Action::Wake { .. } | Action::Notice(_) => {}
        }
    }
    conns
}

/// Opens whatever is being dialled.
fn open(pool: &mut Pool, now: Time) -> usize {
    let conns = connects(pool);
    for &conn in &conns {
        let _ = pool.handle(now, Event::Connected { conn, leases_max: 1 });
    }
    conns.len()
}

pub(super) fn lease(pool: &mut Pool, now: Time) -> Lease {
    match pool.acquire(now, Request::default()) {
        Ok(Acquire::Ready(lease)) => lease,
        other => panic!("no lease at {now:?}: {other:?}"),
    }
}

fn first(pool: &Pool) -> EndpointInfo {
    pool.endpoints().next().unwrap()
}

/// What two connections teach that break `held` ms after a grant that followed `idle` ms of rest.
fn learned(idle: u64, held: u64, outcome: Outcome) -> Duration {
    let mut pool = pool(|_| {});
    let mut now = 0;
    for _ in 0..2 {
        assert_eq!(open(&mut pool, at(now)), 1);
        let lease = lease(&mut pool, at(now + idle));
        let _ = pool.release(at(now + idle + held), lease, outcome);
        now += idle + held;
    }
    first(&pool).freshness
}

#[test]
fn what_breaks_at_once_after_a_rest_was_closed_while_it_rested() {
    let (before, after) = (Duration::from_secs(3000), Duration::from_secs(7));
    assert_eq!(learned(8_000, 0, Outcome::BROKEN), after);
    assert_eq!(learned(8_000, 999, Outcome::BROKEN), after);
    assert_eq!(learned(8_000, 1_000, Outcome::BROKEN), before, "too late to have been dead before");
    assert_eq!(learned(8_000, 5_000, Outcome::BROKEN), before);
    assert_eq!(learned(8_000, 0, Outcome::ABANDONED), before, "its caller broke it");
}

#[test]
fn what_is_found_dead_before_its_first_use_counts_as_a_failed_connect() {
    let mut pool = pool(|_| {});
    open(&mut pool, at(10));
    let lease = lease(&mut pool, at(20));
    let _ = pool.reject(at(30), lease);
    assert_eq!((first(&pool).failures, pool.stats().closed_for(CloseReason::Lost)), (1, 1));
}

#[test]
fn a_connection_lost_young_and_unused_is_a_failed_connect_and_one_lost_later_is_not() {
    for (age, failures) in [(499, 1), (500, 0)] {
        let mut pool = pool(|_| {});
        let conn = connects(&mut pool)[0];
        let _ = pool.handle(at(10), Event::Connected { conn, leases_max: 1 });
        let _ = pool.handle(at(10 + age), Event::Lost { conn });
        assert_eq!(first(&pool).failures, failures, "{age} ms old");
    }
}

#[test]
fn a_connect_goes_where_there_are_fewest_for_the_weight() {
    let mut pool =
        pool(|config| (config.min_connections, config.max_connections, config.connects_max) = (0, 8, 8));
    pool.add_endpoint(at(0), EndpointSpec { priority: 0, weight: 3 });
    pool.add_endpoint(at(0), EndpointSpec { priority: 1, weight: 9 });
    pool.resize(at(0), 8, 8).unwrap();
    while open(&mut pool, at(1)) > 0 {}
    let shares: alloc::vec::Vec<u32> = pool.endpoints().map(|endpoint| endpoint.connections).collect();
    assert_eq!(shares, [2, 6, 0]);
}

#[test]
fn a_drained_endpoint_is_gone_with_its_last_connection() {
    let mut pool = pool(|_| {});
    let second = pool.add_endpoint(at(0), EndpointSpec::default());
    open(&mut pool, at(1));
    let idle = first(&pool).connections;
    assert_eq!((idle, pool.endpoints().count()), (1, 2));
    pool.drain_endpoint(at(2), first(&pool).id);
    open(&mut pool, at(3));
    assert!(pool.endpoints().all(|endpoint| endpoint.id == second));
}

#[test]
fn the_oldest_wait_is_that_of_whoever_came_first_wherever_it_stands() {
    let mut pool = pool(|_| {});
    assert_eq!(pool.status().oldest_wait, None);
    let mut join = |now: u64, priority, place| {
        let request =
            Request { priority, place, patience: Patience::Until(at(60_000)), ..Request::default() };
        assert!(matches!(pool.acquire(at(now), request), Ok(Acquire::Queued(_))));
        pool.advance(at(now + 1_000));
        pool.status().oldest_wait
    };
    assert_eq!(join(1_000, Priority::Low, Place::Back), Some(Duration::from_secs(1)));
    assert_eq!(join(3_000, Priority::High, Place::Back), Some(Duration::from_secs(3)));
    assert_eq!(join(5_000, Priority::Low, Place::Front), Some(Duration::from_secs(5)));
}

#[test]
fn a_connection_is_suspect_then_unhealthy_and_says_how_many_faults_it_had() {
    let mut pool = pool(|config| (config.faults_max, config.max_connections) = (2, 2));
    open(&mut pool, at(1));
    let mut seen = alloc::vec::Vec::new();
    for n in 0..2 {
        let lease = lease(&mut pool, at(10 + n));
        let conn = lease.conn();
        let _ = pool.release(at(10 + n), lease, Outcome::fault(crate::FaultClass::Connection));
        let info = pool.connection(conn).unwrap();
        seen.push((info.health, info.error_count, info.uses));
    }
    assert_eq!(seen, [(Health::Suspect, 1, 1), (Health::Unhealthy, 2, 2)]);
}

#[test]
fn an_unhealthy_connection_is_tried_again_after_the_configured_number_of_answered_probes() {
    let mut pool = pool(|config| {
        (config.max_connections, config.faults_max, config.recovery_successes) = (2, 1, 3);
        (config.health_check_interval, config.connection_timeout) =
            (Duration::from_secs(1), Duration::from_secs(60));
    });
    open(&mut pool, at(1));
    let lease = lease(&mut pool, at(2));
    let conn = lease.conn();
    let _ = pool.release(at(2), lease, Outcome::fault(crate::FaultClass::Connection));
    // Its replacement is being dialled, and takes its time.
    let answer = |pool: &mut Pool, seconds: u64| {
        pool.advance(at(seconds * 2_000));
        let _ = pool.handle(at(seconds * 2_000), Event::Probed { conn });
        pool.connection(conn).unwrap().health
    };
    assert_eq!(pool.connection(conn).unwrap().health, Health::Unhealthy);
    let seen = [1, 2, 3].map(|seconds| answer(&mut pool, seconds));
    assert_eq!(seen, [Health::Unhealthy, Health::Unhealthy, Health::Probation]);
}

#[test]
fn a_smaller_pool_gives_up_the_idle_then_the_connecting_then_the_leased_and_each_once() {
    let mut pool = pool(|config| (config.min_connections, config.max_connections) = (0, 4));
    let marks = |pool: &Pool| pool.connections().map(|row| row.mark).collect::<alloc::vec::Vec<_>>();
    let mut leases = alloc::vec::Vec::new();
    for now in 1..=3 {
        let Ok(Acquire::Queued(ticket)) = pool.acquire(at(now), Request::default()) else {
            panic!("it dials")
        };
        open(&mut pool, at(now));
        let crate::Claim::Ready(lease) = pool.claim(at(now), ticket) else { panic!("it is open") };
        leases.push(lease);
    }
    let Ok(Acquire::Queued(ticket)) = pool.acquire(at(4), Request::default()) else { panic!("it dials") };
    // Three in use, the first of which is on its way out, and a connect.
    let _ = pool.handle(at(5), Event::Retiring { conn: leases[0].conn() });
    let (retired, resized) = (Some(CloseReason::Retired), Some(CloseReason::Resized));
    pool.resize(at(6), 0, 2).unwrap();
    assert_eq!(marks(&pool), [retired, None, None, resized]);
    pool.resize(at(7), 0, 1).unwrap();
    assert_eq!(marks(&pool), [retired, resized, None, resized]);
    pool.cancel(at(8), ticket);
    // Of one that is idle and one in use, the idle one.
    let _ = pool.release(at(8), leases.remove(0), Outcome::Returned);
    let _ = pool.release(at(8), leases.remove(0), Outcome::Returned);
    open(&mut pool, at(8));
    assert_eq!(marks(&pool), [None]);
}

#[test]
fn who_will_not_wait_has_a_stale_connection_asked_once_and_by_no_suspended_pool() {
    let mut pool = pool(|config| {
        (config.min_connections, config.max_connections, config.connects_max) = (2, 2, 2);
        config.freshness = Duration::from_secs(1);
    });
    open(&mut pool, at(1));
    let asked = |pool: &mut Pool, now| {
        let hasty = Request { patience: Patience::None, ..Request::default() };
        assert!(pool.acquire(at(now), hasty).is_err());
        let actions = core::iter::from_fn(|| pool.poll_action());
        actions.filter(|action| matches!(action, Action::Probe { .. })).count()
    };
    pool.suspend(at(5_000));
    assert_eq!(asked(&mut pool, 5_001), 0);
    pool.resume(at(5_002));
    assert_eq!((asked(&mut pool, 5_003), asked(&mut pool, 5_004)), (1, 0));
}

#[test]
fn progress_is_that_of_a_use_and_means_nothing_without_one() {
    let mut pool = pool(|_| {});
    let conn = connects(&mut pool)[0];
    let _ = pool.handle(at(1), Event::Connected { conn, leases_max: 1 });
    assert_eq!(pool.handle(at(2), Event::Progress { conn }), crate::Verdict::Stale);
    let lease = lease(&mut pool, at(3));
    assert_eq!(pool.handle(at(4), Event::Progress { conn }), crate::Verdict::Accepted);
    assert_eq!(pool.connection(conn).unwrap().last_proven, Some(at(4)));
    let _ = pool.release(at(5), lease, Outcome::Returned);
}

#[test]
fn an_answer_that_is_no_good_shows_that_the_connection_moves() {
    for class in [crate::FaultClass::Endpoint, crate::FaultClass::Saturation, crate::FaultClass::Application]
    {
        let mut pool = pool(|config| config.stall_after = Duration::from_millis(100));
        let conn = connects(&mut pool)[0];
        let _ = pool.handle(at(0), Event::Connected { conn, leases_max: 2 });
        let lease = lease(&mut pool, at(0));
        let next = |pool: &mut Pool| loop {
            if let crate::Output::Idle { until } = pool.poll() {
                return until.unwrap();
            }
        };
        let stall = |ms| crate::Deadline { at: at(ms), why: crate::Wakeup::Stall(conn) };
        assert_eq!(next(&mut pool), stall(100));
        pool.advance(at(100));
        let _ = pool.handle(at(110), Event::ProbeFailed { conn, class, reuse: crate::Reuse::Keep });
        assert_eq!(pool.connection(conn).unwrap().last_proven, Some(at(110)));
        assert_eq!(next(&mut pool), stall(310), "the patience has doubled");
        let _ = pool.release(at(120), lease, Outcome::Returned);
    }
}

#[test]
fn of_what_is_due_at_the_same_instant_the_graver_comes_first() {
    let mut pool = pool(|config| {
        config.stall_after = Duration::from_millis(100);
        config.leak_after = Some(Duration::from_millis(100));
    });
    let conn = connects(&mut pool)[0];
    let _ = pool.handle(at(0), Event::Connected { conn, leases_max: 2 });
    let lease = lease(&mut pool, at(0));
    let due = crate::Deadline { at: at(100), why: crate::Wakeup::Stall(conn) };
    assert_eq!(pool.poll(), crate::Output::Idle { until: Some(due) });
    pool.advance(at(100));
    let probe = crate::Output::Do(Action::Probe { conn });
    let held = crate::Output::Do(Action::Notice(crate::Notice::LeaseHeld { conn, held_ms: 100 }));
    assert_eq!([pool.poll(), pool.poll()], [probe, held]);
    let _ = pool.release(at(101), lease, Outcome::Returned);
}
