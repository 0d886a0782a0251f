//! Stories about health, age and size: what is suspected, replaced, retired, shrunk; and how often requests are tried again.
//! Mechanisms 5, 7, 9, 10, 12, 13, 15, 16 and 25.

use std::time::Duration;

use pool_core::{
    CloseReason, Event, Failure, FaultClass, Health, Notice, Outcome, Request, Retry, Reuse, Safety, Sent,
    StopReason,
};
use pool_world::{Answer, Input, Script};

const SECOND: Duration = Duration::from_secs(1);

fn fault(class: FaultClass) -> Outcome {
    Outcome::fault(class)
}

fn failure(pool: &Script) -> Failure {
    let (class, sent, safety) = (FaultClass::Endpoint, Sent::Maybe, Safety::Safe);
    Failure { attempt: 1, class, sent, safety, after: None, deadline: pool.now() + 60 * SECOND }
}

#[test]
fn what_the_application_does_wrong_poisons_nothing() {
    let mut pool = Script::new(|config| config.max_connections = 1);
    for n in 0..50 {
        let holder = pool.lease();
        pool.release(holder, fault(if n % 2 == 0 { FaultClass::Application } else { FaultClass::Caller }));
    }
    assert_eq!(
        (pool.dialled(), pool.notices()),
        (1, vec![]),
        "50 failed queries, and one connection as good as new"
    );
    assert!(pool.view().conns[0].health.word() != "unhealthy" && pool.view().conns[0].error_count == 0);
    assert!(pool.view().ends[0].health.word() != "unhealthy");
}

#[test]
fn a_broken_connection_is_closed_and_never_granted_again() {
    let mut pool = Script::new(|_| {});
    let holder = pool.lease();
    let broken = pool.conn_of(holder);
    pool.release(holder, Outcome::BROKEN);
    assert_eq!(pool.closed(CloseReason::Broken), 1);
    let next = pool.lease();
    assert_ne!(pool.conn_of(next), broken);
}

#[test]
fn too_many_faults_in_a_row_make_a_connection_unhealthy_and_it_is_replaced_first_i41() {
    let mut pool = Script::new(|config| (config.min_connections, config.max_connections) = (1, 2));
    pool.open(1);
    for _ in 0..5 {
        let holder = pool.lease();
        pool.release(holder, fault(FaultClass::Connection));
    }
    assert_eq!(pool.view().conns[0].health, Health::Unhealthy);
    assert_eq!((pool.closed(CloseReason::Unhealthy), pool.dialling().len()), (0, 1), "make before break");
    pool.open(1);
    assert_eq!((pool.closed(CloseReason::Unhealthy), pool.view().usable()), (1, 1));
}

#[test]
fn one_success_ends_a_row_of_faults() {
    let mut pool = Script::new(|config| config.max_connections = 1);
    for n in 0..30 {
        let holder = pool.lease();
        pool.release(holder, if n % 5 == 4 { Outcome::Success } else { fault(FaultClass::Connection) });
    }
    assert_eq!((pool.closed(CloseReason::Unhealthy), pool.dialled()), (0, 1), "four in a row are not five");
}

#[test]
fn an_unhealthy_connection_that_answers_is_on_probation_and_a_success_ends_it_i39() {
    let mut pool = Script::new(|config| {
        (config.min_connections, config.max_connections) = (1, 2);
        config.health_check_interval = SECOND;
    });
    pool.open(1);
    for _ in 0..5 {
        let holder = pool.lease();
        pool.release(holder, fault(FaultClass::Connection));
    }
    for _ in 0..2 {
        pool.wait_ms(1_200);
        pool.answer();
    }
    assert_eq!(pool.view().conns[0].health, Health::Probation, "its replacement is still being dialled");
    let holder = pool.acquire();
    assert!(pool.served(holder));
    pool.done(holder);
    assert_eq!(pool.view().conns[0].health, Health::Healthy);
}

#[test]
fn an_idle_connection_is_probed_every_interval_and_closed_when_it_never_answers() {
    let mut pool =
        Script::new(|config| (config.min_connections, config.health_check_interval) = (1, 30 * SECOND));
    pool.open(1);
    for _ in 0..5 {
        let after = pool.wait_for_probe().as_secs_f64();
        assert!((25.5..=34.5).contains(&after), "every 30 s, give or take 15 %: {after}");
        pool.answer();
        assert_eq!(pool.view().conns[0].health, Health::Healthy);
    }
    pool.wait(36 * SECOND);
    assert_eq!(pool.closed(CloseReason::ProbeTimeout), 1);
}

#[test]
fn traffic_spares_a_connection_its_probes() {
    let mut pool =
        Script::new(|config| (config.min_connections, config.health_check_interval) = (1, 30 * SECOND));
    pool.open(1);
    for _ in 0..20 {
        let holder = pool.lease();
        pool.wait(10 * SECOND);
        pool.done(holder);
    }
    assert_eq!(pool.probed(), 0);
}

#[test]
fn an_endpoint_is_unhealthy_after_faults_in_a_row_and_healthy_after_successes() {
    let mut pool = Script::new(|config| config.max_connections = 1);
    for _ in 0..5 {
        let holder = pool.lease();
        pool.release(holder, fault(FaultClass::Endpoint));
    }
    assert!(matches!(pool.notices()[..], [Notice::EndpointUnhealthy { .. }]));
    assert_eq!(pool.view().conns[0].error_count, 0, "the connection is not to blame");
    for _ in 0..60 {
        let holder = pool.lease();
        pool.wait_ms(500);
        pool.done(holder);
    }
    assert!(matches!(pool.notices()[..], [_, Notice::EndpointHealthy { .. }]));
}

#[test]
fn connections_born_together_retire_one_by_one_i43() {
    let mut pool = Script::new(|config| {
        (config.min_connections, config.max_connections, config.connects_max) = (10, 10, 10);
        config.max_lifetime = 1_000 * SECOND;
    });
    pool.open(10);
    pool.wait(999 * SECOND);
    for round in 0..10 {
        assert!(pool.closed(CloseReason::Lifetime) <= round + 1, "at most one in every hundred seconds");
        pool.open(pool.dialling().len());
        pool.wait(100 * SECOND);
    }
    assert_eq!(pool.closed(CloseReason::Lifetime), 10);
}

#[test]
fn connections_born_together_and_busy_retire_one_by_one_i43() {
    let mut pool = Script::new(|config| {
        (config.min_connections, config.max_connections, config.connects_max) = (5, 5, 5);
        config.max_lifetime = 20 * SECOND;
    });
    pool.open(5);
    for round in 1..=370 {
        let caller = pool.lease();
        pool.wait_ms(100);
        pool.done(caller);
        pool.open(pool.dialling().len());
        let turns = if round < 200 { 0 } else { 1 + (round - 200) / 40 };
        assert_eq!(
            pool.closed(CloseReason::Lifetime),
            turns,
            "one every four seconds, from the twentieth on"
        );
    }
}

#[test]
fn a_connection_at_the_end_of_its_life_is_replaced_before_it_goes() {
    let mut pool = Script::new(|config| {
        (config.min_connections, config.max_connections) = (1, 2);
        config.max_idle_time = 3_600 * SECOND;
    });
    pool.open(1);
    pool.wait(1_795 * SECOND);
    assert_eq!(
        (pool.dialling().len(), pool.closed(CloseReason::Lifetime)),
        (1, 0),
        "a connect's time before"
    );
    pool.open(1);
    pool.wait(5 * SECOND);
    assert_eq!((pool.closed(CloseReason::Lifetime), pool.view().usable()), (1, 1));
}

#[test]
fn a_leased_connection_retires_when_its_lease_ends() {
    let mut pool = Script::new(|_| {});
    let holder = pool.lease();
    pool.wait(2_000 * SECOND);
    assert_eq!(pool.closed(CloseReason::Lifetime), 0, "never under a lease (I10)");
    pool.done(holder);
    assert_eq!(pool.closed(CloseReason::Lifetime), 1);
}

#[test]
fn what_is_idle_for_too_long_goes_at_that_instant_down_to_the_minimum_i25() {
    let mut pool = Script::new(|config| config.min_connections = 1);
    let holders = [pool.lease(), pool.lease()];
    for holder in holders {
        pool.done(holder);
    }
    pool.wait(299 * SECOND);
    let before = pool.view().status.total;
    pool.wait(SECOND);
    assert!(before >= 1 && pool.view().status.total == 1, "{before} before");
    pool.wait(1_000 * SECOND);
    assert_eq!(pool.view().status.total, 1);
}

#[test]
fn the_pool_shrinks_to_what_the_load_needs_i42() {
    let mut pool = Script::new(|config| (config.connects_max, config.max_connections) = (10, 10));
    let crowd: Vec<_> = (0..10).map(|_| pool.acquire()).collect();
    pool.open(10);
    for caller in crowd {
        assert!(pool.served(caller));
        pool.done(caller);
    }
    // One request every two seconds: the least recently used touches each connection every 20 s, and none is ever idle for long.
    for _ in 0..300 {
        let caller = pool.lease();
        pool.wait_ms(2_000);
        pool.done(caller);
    }
    assert!(pool.view().status.total <= 3, "I42: {} for a load that one can carry", pool.view().status.total);
}

#[test]
fn a_connection_without_progress_gets_no_new_requests_and_is_asked() {
    let mut pool = Script::new(|config| (config.min_connections, config.max_connections) = (2, 2));
    pool.open_for(2, 10);
    let [first, second] = [pool.acquire(), pool.acquire()];
    let [hung, well] = [first, second].map(|key| pool.conn_of(key).expect("a lease"));
    assert_ne!(hung, well);
    for _ in 0..20 {
        pool.wait_ms(20);
        pool.report(Event::Progress { conn: well });
    }
    assert_eq!(pool.asked(), [hung], "no progress in 250 ms");
    let keys: Vec<_> = (0..9).map(|_| pool.acquire()).collect();
    let next: Vec<_> = keys.into_iter().map(|key| pool.conn_of(key)).collect();
    assert!(next.iter().all(|&conn| conn == Some(well)), "while another has room: {next:?}");
}

#[test]
fn a_connection_that_has_long_been_patient_with_and_does_not_answer_is_asked_again_soon_for_who_wants_a_proof()
 {
    let mut pool = Script::new(|config| config.max_connections = 1);
    pool.acquire();
    pool.open_for(1, 10);
    for doubled in 0..6 {
        assert_eq!(
            pool.wait_for_probe(),
            Duration::from_millis(250 << doubled),
            "each answer doubles the patience"
        );
        pool.answer();
    }
    pool.wait_for_probe();
    pool.no_answer();
    assert!(pool.view().conns[0].stalled);
    let waiter = pool.ask(Request { proven_since: Some(pool.now()), ..Request::default() }).0;
    assert!(!pool.served(waiter), "there is no proof");
    assert_eq!(pool.wait_for_probe(), Duration::from_millis(250), "and the next is not sixteen seconds away");
    pool.answer();
    assert!(pool.served(waiter) && !pool.view().conns[0].stalled);
}

#[test]
fn a_shared_connection_that_a_probe_finds_dead_takes_its_leases_along_and_is_replaced_i49() {
    let mut pool = Script::new(|config| (config.min_connections, config.max_connections) = (1, 1));
    pool.open_for(1, 10);
    let [first, second] = [pool.acquire(), pool.acquire()];
    let dead = pool.conn_of(first).expect("a lease");
    pool.wait_for_probe();
    let (class, reuse) = (FaultClass::Connection, Reuse::Discard);
    pool.report(Event::ProbeFailed { conn: dead, class, reuse });
    assert_eq!((pool.closed(CloseReason::Dead), pool.view().status.leases), (1, 0));
    pool.report(Event::Closed { conn: dead });
    assert_eq!(pool.dialling().len(), 1, "nobody has given anything back, and the place is free");
    pool.release(first, Outcome::BROKEN);
    pool.release(second, Outcome::BROKEN);
}

#[test]
fn a_shared_connection_that_answers_its_probes_keeps_its_leases_however_slow_they_are_i49() {
    let mut pool = Script::new(|config| (config.min_connections, config.max_connections) = (1, 1));
    pool.open_for(1, 10);
    let slow = pool.acquire();
    for _ in 0..20 {
        pool.wait_for_probe();
        pool.answer();
    }
    assert_eq!((pool.closed(CloseReason::Dead), pool.view().status.leases), (0, 1));
    pool.done(slow);
}

#[test]
fn a_retry_is_for_what_may_be_run_twice_and_has_time() {
    let mut pool = Script::new(|_| {});
    let base = failure(&pool);
    let soon = pool.now() + Duration::from_millis(1);
    let cases = [
        (Failure { class: FaultClass::Application, ..base }, StopReason::Permanent),
        (Failure { safety: Safety::Unsafe, ..base }, StopReason::MaybeSent),
        (Failure { attempt: 3, ..base }, StopReason::Attempts),
        (Failure { after: Some(SECOND), deadline: soon, ..base }, StopReason::Deadline),
    ];
    for (failure, reason) in cases {
        assert_eq!(pool.feed(Input::Retry(failure)), Answer::Retry(Retry::Stop(reason)));
    }
    let unsent = Failure { class: FaultClass::Connection, sent: Sent::No, safety: Safety::Unsafe, ..base };
    assert_eq!(pool.feed(Input::Retry(unsent)), Answer::Retry(Retry::After(Duration::ZERO)), "it never left");
}

#[test]
fn what_may_be_run_twice_and_met_a_dead_connection_goes_to_another_at_once_and_waits_only_after_that() {
    let mut pool = Script::new(|_| {});
    let died = Failure { class: FaultClass::Connection, ..failure(&pool) };
    for _ in 0..20 {
        assert_eq!(pool.feed(Input::Retry(died)), Answer::Retry(Retry::After(Duration::ZERO)));
    }
    let again = Failure { attempt: 2, ..died };
    let Answer::Retry(Retry::After(wait)) = pool.feed(Input::Retry(again)) else {
        panic!("it may be tried again")
    };
    assert!(wait > Duration::ZERO, "the second connection died as well");
    let asked = Failure { after: Some(SECOND), ..died };
    assert_eq!(
        pool.feed(Input::Retry(asked)),
        Answer::Retry(Retry::After(SECOND)),
        "but the peer asked for it"
    );
}

#[test]
fn a_full_outage_is_not_multiplied_by_retries_i40() {
    let mut pool = Script::new(|config| config.max_connections = 1);
    let mut retries = 0;
    for _ in 0..3_000 {
        let holder = pool.lease();
        pool.wait_ms(10);
        pool.release(holder, fault(FaultClass::Endpoint));
        let failure = failure(&pool);
        if matches!(pool.feed(Input::Retry(failure)), Answer::Retry(Retry::After(_))) {
            retries += 1;
        }
    }
    assert!((1..=600).contains(&retries), "{retries} retries beside 3,000 failed requests");
}
