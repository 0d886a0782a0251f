//! The pool's smallest rules, each in the shortest history that shows it.

use core::time::Duration;

use crate::{
    Acquire, Action, CloseReason, Config, ConnId, EndpointInfo, EndpointSpec, Event, Health, Lease, Outcome,
    Patience, Place, Pool, Priority, Request, Time,
};

fn at(ms: u64) -> Time {
    Time::from_millis(ms)
}

fn pool(change: impl FnOnce(&mut Config)) -> Pool {
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

fn connects(pool: &mut Pool) -> alloc::vec::Vec<ConnId> {
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

fn lease(pool: &mut Pool, now: Time) -> Lease {
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
