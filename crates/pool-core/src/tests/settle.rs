//! The rules that a state triggers, at the edges of their conditions.

use alloc::vec::Vec;
use core::time::Duration;

use crate::timers::Key;
use crate::{
    Acquire, Action, CloseReason, Config, ConnId, EndpointSpec, Event, FaultClass, Health, Outcome, Phase,
    Pool, Request, Reuse, Ticket, Time,
};

fn at(ms: u64) -> Time {
    Time::from_millis(ms)
}

fn pool(min: u32, max: u32, change: impl FnOnce(&mut Config)) -> Pool {
    let mut config = Config {
        min_connections: min,
        max_connections: max,
        connects_max: max,
        health_check_interval: Duration::ZERO,
        max_lifetime: Duration::ZERO,
        faults_max: 1,
        ..Config::default()
    };
    change(&mut config);
    Pool::new(config, Time::ZERO).unwrap()
}

fn actions(pool: &mut Pool) -> Vec<Action> {
    core::iter::from_fn(|| pool.poll_action()).collect()
}

/// What is to be dialled.
fn dials(pool: &mut Pool) -> Vec<ConnId> {
    let dialled = |action| if let Action::Connect { conn, .. } = action { Some(conn) } else { None };
    actions(pool).into_iter().filter_map(dialled).collect()
}

fn opened(pool: &mut Pool, now: u64, conn: ConnId) {
    let _ = pool.handle(at(now), Event::Connected { conn, leases_max: 1 });
}

/// Uses a connection that is idle, with a fault of that class.
fn fails(pool: &mut Pool, now: u64, class: FaultClass) -> ConnId {
    let Ok(Acquire::Ready(lease)) = pool.acquire(at(now), Request::default()) else { panic!("none is idle") };
    let conn = lease.conn();
    let _ = pool.release(at(now), lease, Outcome::fault(class));
    conn
}

fn waits(pool: &mut Pool, now: u64) -> Ticket {
    match pool.acquire(at(now), Request::default()) {
        Ok(Acquire::Queued(ticket)) => ticket,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_pool_runs_when_its_minimum_is_there_and_not_before() {
    let mut pool = pool(2, 2, |_| {});
    let conns = dials(&mut pool);
    let mut phases = Vec::from([pool.status().phase]);
    for conn in conns {
        opened(&mut pool, 1, conn);
        phases.push(pool.status().phase);
    }
    assert_eq!(phases, [Phase::Starting, Phase::Starting, Phase::Running]);
}

#[test]
fn an_unhealthy_connection_stays_until_its_replacement_is_open_i41() {
    let mut pool = pool(1, 3, |_| {});
    let first = dials(&mut pool)[0];
    opened(&mut pool, 1, first);
    assert_eq!(fails(&mut pool, 2, FaultClass::Connection), first);
    let second = dials(&mut pool)[0];
    // There is room for another, and none can be had: then the old one stays as well.
    let refused = Event::ConnectFailed { conn: second, class: FaultClass::Endpoint };
    let _ = pool.handle(at(3), refused);
    assert_eq!((pool.connection(first).unwrap().mark, pool.status().unhealthy), (None, 1));
    pool.advance(at(60_000));
    let third = dials(&mut pool)[0];
    assert_eq!(pool.connection(first).unwrap().mark, None);
    opened(&mut pool, 60_001, third);
    assert_eq!(pool.connection(first).unwrap().mark, Some(CloseReason::Unhealthy));
}

#[test]
fn an_unhealthy_connection_without_room_for_another_goes_first_i41() {
    let mut pool = pool(1, 1, |_| {});
    let first = dials(&mut pool)[0];
    opened(&mut pool, 1, first);
    assert_eq!(fails(&mut pool, 2, FaultClass::Connection), first);
    assert_eq!(pool.connection(first).unwrap().mark, Some(CloseReason::Unhealthy));
}

#[test]
fn for_one_who_waits_one_stale_connection_is_asked() {
    let mut pool = pool(2, 2, |config| config.freshness = Duration::from_secs(1));
    for conn in dials(&mut pool) {
        opened(&mut pool, 1, conn);
    }
    let asked = |pool: &mut Pool| {
        actions(pool).iter().filter(|action| matches!(action, Action::Probe { .. })).count()
    };
    let _first = waits(&mut pool, 5_000);
    assert_eq!(asked(&mut pool), 1);
    let _second = waits(&mut pool, 5_001);
    assert_eq!(asked(&mut pool), 1);
    let _third = waits(&mut pool, 5_002);
    assert_eq!(asked(&mut pool), 0);
}

#[test]
fn a_connection_that_is_being_asked_is_hope() {
    let mut pool = pool(0, 2, |config| {
        config.freshness = Duration::from_millis(100);
        (config.backoff.initial, config.backoff.max) = (Duration::from_secs(20), Duration::from_secs(20));
    });
    let (first, second) = (waits(&mut pool, 0), waits(&mut pool, 0));
    let [one, other] = dials(&mut pool)[..] else { panic!("two are wanted") };
    opened(&mut pool, 1, one);
    let _ = pool.handle(at(1), Event::ConnectFailed { conn: other, class: FaultClass::Endpoint });
    pool.cancel(at(2), second);
    pool.cancel(at(2), first);
    // The endpoint is backing off, and the one connection has been silent for too long.
    let last = waits(&mut pool, 5_000);
    assert_eq!((pool.status().waiting, pool.status().probing), (1, 1));
    let _ = pool.handle(at(5_001), Event::Probed { conn: one });
    assert!(matches!(pool.claim(at(5_001), last), crate::Claim::Ready(_)));
}

#[test]
fn a_healthy_endpoint_is_dialled_before_one_that_is_not_whatever_their_loads() {
    let mut pool = pool(0, 4, |config| config.connects_max = 1);
    pool.add_endpoint(at(0), EndpointSpec::default());
    let dial = |pool: &mut Pool, now| {
        let ticket = waits(pool, now);
        let conn = dials(pool)[0];
        opened(pool, now, conn);
        let crate::Claim::Ready(lease) = pool.claim(at(now), ticket) else { panic!("it is open") };
        lease
    };
    let mut leases = Vec::from([dial(&mut pool, 1), dial(&mut pool, 2)]);
    let _ = pool.release(at(3), leases.remove(1), Outcome::fault(FaultClass::Endpoint));
    let healths: Vec<Health> = pool.endpoints().map(|endpoint| endpoint.health).collect();
    assert_eq!(healths, [Health::Unknown, Health::Unhealthy]);
    let Ok(Acquire::Ready(lease)) = pool.acquire(at(3), Request::default()) else { panic!("it is idle") };
    leases.extend([lease, dial(&mut pool, 4), dial(&mut pool, 5)]);
    let loads: Vec<u32> = pool.endpoints().map(|endpoint| endpoint.connections).collect();
    assert_eq!(loads, [3, 1]);
}

#[test]
fn a_claim_tells_the_time_and_what_that_triggers_is_done() {
    let mut pool = pool(2, 3, |config| {
        (config.health_check_interval, config.probe_timeout) =
            (Duration::from_secs(1), Duration::from_secs(9));
    });
    let (first, second) = (waits(&mut pool, 0), waits(&mut pool, 0));
    let [one, other] = dials(&mut pool)[..] else { panic!("two are wanted") };
    opened(&mut pool, 1, one);
    opened(&mut pool, 1, other);
    pool.cancel(at(2), second);
    pool.advance(at(2_000));
    assert_eq!(actions(&mut pool).last(), Some(&Action::Probe { conn: other }));
    let until = pool.wake_by();
    pool.advance(Time::from_nanos(until.as_nanos() - 1));
    assert!(actions(&mut pool).is_empty());
    // The probe has had its time: its connection is closed, and another is dialled.
    let crate::Claim::Ready(_) = pool.claim(until, first) else { panic!("it was granted") };
    let done = actions(&mut pool);
    let closed = |action: &Action| matches!(action, Action::Close { conn, .. } if *conn == other);
    assert!(done.iter().any(closed), "{done:?}");
    assert!(done.iter().any(|action| matches!(action, Action::Connect { .. })), "{done:?}");
}

#[test]
fn nobody_is_woken_for_the_end_of_a_probe_that_was_answered() {
    let reports: [fn(ConnId) -> Event; 2] = [
        |conn| Event::Probed { conn },
        |conn| Event::ProbeFailed { conn, class: FaultClass::Application, reuse: Reuse::Keep },
    ];
    for report in reports {
        let mut pool = pool(1, 1, |config| config.health_check_interval = Duration::from_secs(3));
        let [conn] = dials(&mut pool)[..] else { panic!("one is wanted") };
        opened(&mut pool, 1, conn);
        let timer = Key::Conn(conn.slot());
        let due = pool.timers.get(timer).unwrap();
        pool.advance(due);
        assert_eq!(actions(&mut pool), [Action::Probe { conn }]);
        let answered = due + Duration::from_millis(1);
        let _ = pool.handle(answered, report(conn));
        let next = answered + pool.conns[conn].probe_every.as_duration();
        assert_eq!(pool.timers.get(timer), Some(next));
    }
}

#[test]
fn a_connection_that_nobody_has_used_is_idle_since_it_was_opened() {
    let mut pool = pool(1, 1, |_| {});
    let [conn] = dials(&mut pool)[..] else { panic!("one is wanted") };
    opened(&mut pool, 5_000, conn);
    let expiry = at(5_000) + pool.config().max_idle_time;
    assert_eq!(pool.timers.get(Key::Conn(conn.slot())), Some(expiry));
}
