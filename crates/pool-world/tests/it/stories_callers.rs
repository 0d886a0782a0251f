//! Stories about callers: waiting, order, deadlines, fresh connections, and the pool's ends. Mechanisms 1 to 6, 23 and 24.

use std::time::Duration;

use pool_core::{
    AcquireErrorKind, CloseReason, Config, Event, FaultClass, Notice, Outcome, Patience, Phase, Priority,
    Request, WhenDown,
};
use pool_world::{Answer, Input, Script};

const SECOND: Duration = Duration::from_secs(1);

fn of(priority: Priority) -> Request {
    Request { priority, ..Request::default() }
}

#[test]
fn the_minimum_is_opened_one_after_the_other_and_kept_up() {
    let mut pool = Script::new(|config| config.min_connections = 2);
    assert_eq!(pool.dialling().len(), 1, "the gate lets one through (I27)");
    pool.open(2);
    assert_eq!((pool.view().status.phase, pool.dialling().len()), (Phase::Running, 0));
    let holder = pool.lease();
    let conn = pool.conn_of(holder).expect("a lease");
    pool.done(holder);
    pool.report(Event::Lost { conn });
    assert_eq!((pool.closed(CloseReason::Lost), pool.dialling().len()), (1, 1), "I26");
}

#[test]
fn callers_are_served_in_the_order_in_which_they_came_i13() {
    let mut pool = Script::new(|config| config.max_connections = 1);
    let first = pool.lease();
    let [second, third] = [pool.acquire(), pool.acquire()];
    pool.done(first);
    assert!(pool.served(second) && !pool.served(third));
    pool.done(second);
    assert!(pool.served(third));
}

#[test]
fn a_better_class_is_served_before_a_longer_wait_i13() {
    let mut pool = Script::new(|config| config.max_connections = 1);
    let holder = pool.lease();
    let [low, normal, high] =
        [Priority::Low, Priority::Normal, Priority::High].map(|class| pool.ask(of(class)).0);
    for (before, after) in [(holder, high), (high, normal), (normal, low)] {
        pool.done(before);
        assert!(pool.served(after));
    }
}

#[test]
fn a_caller_whose_patience_ends_is_told_at_that_instant_i19() {
    let mut pool = Script::new(|config| config.max_connections = 1);
    let holder = pool.lease();
    let late = pool.acquire();
    pool.wait(10 * SECOND - Duration::from_nanos(1));
    assert_eq!(pool.error_of(late), None);
    pool.wait(Duration::from_nanos(1));
    assert_eq!(pool.error_of(late), Some(AcquireErrorKind::Timeout));
    pool.done(holder);
}

#[test]
fn a_grant_outlives_the_patience_of_its_ticket() {
    let mut pool = Script::new(|config| config.max_connections = 1);
    let holder = pool.lease();
    let (slow, _) =
        pool.ask(Request { patience: Patience::Until(pool.now() + SECOND), ..Request::default() });
    pool.done(holder);
    pool.wait(5 * SECOND);
    assert!(pool.served(slow), "what was granted in time is kept until it is claimed");
}

#[test]
fn a_granted_ticket_that_is_dropped_serves_the_next_in_the_same_call_i15() {
    let mut pool = Script::new(|config| config.max_connections = 1);
    let holder = pool.lease();
    let [gone, next] = [pool.acquire(), pool.acquire()];
    pool.done(holder);
    pool.feed(Input::Cancel(gone));
    assert!(pool.served(next));
}

#[test]
fn the_queue_is_bounded_and_one_more_is_refused_at_once_i12() {
    let mut pool = Script::new(|config| (config.max_connections, config.waiters_max) = (1, Some(2)));
    let _waiting = [pool.acquire(), pool.acquire()];
    let Answer::Failed(error) = pool.ask(Request::default()).1 else { panic!("a third was queued") };
    assert_eq!((error.kind, error.load.waiting), (AcquireErrorKind::QueueFull, 2));
    assert_eq!(pool.refusal(), Some(AcquireErrorKind::Exhausted), "who will not wait is not queued");
}

#[test]
fn a_connect_outlives_the_caller_who_caused_it_and_serves_another() {
    let mut pool = Script::new(|_| {});
    let gone = pool.acquire();
    pool.feed(Input::Cancel(gone));
    let next = pool.acquire();
    assert_eq!(pool.dialled(), 1, "the connect under way is counted as serving the next (I17b)");
    pool.open(1);
    assert!(pool.served(next));
}

#[test]
fn nobody_waits_for_an_endpoint_that_is_down() {
    let mut pool = Script::new(|_| {});
    let first = pool.acquire();
    pool.refuse();
    assert_eq!(pool.error_of(first), Some(AcquireErrorKind::Unavailable));
    let Answer::Failed(error) = pool.ask(Request::default()).1 else {
        panic!("queued for an endpoint that is down")
    };
    let cause = error.cause.expect("the cause of the outage");
    assert_eq!((cause.class, cause.failures), (FaultClass::Endpoint, 1));
    pool.wait(SECOND);
    let later = pool.lease();
    pool.done(later);
}

#[test]
fn a_database_that_is_down_answers_every_caller_within_its_patience() {
    let mut pool = Script::new(|config| config.when_down = WhenDown::Wait);
    let callers: Vec<_> = (0..20).map(|_| pool.acquire()).collect();
    for _ in 0..60 {
        if !pool.dialling().is_empty() {
            pool.refuse();
        }
        pool.wait_ms(500);
    }
    assert!(pool.dialled() < 12, "{} connects in half a minute of outage", pool.dialled());
    for caller in callers {
        assert_eq!(pool.error_of(caller), Some(AcquireErrorKind::Timeout), "I19");
    }
}

#[test]
fn a_stale_connection_is_asked_before_it_is_granted() {
    let mut pool = Script::new(|config| config.min_connections = 1);
    pool.open(1);
    pool.wait(31 * SECOND);
    let caller = pool.acquire();
    assert!(!pool.served(caller) && pool.asked().len() == 1, "idle for longer than it may be trusted");
    pool.answer();
    assert!(pool.served(caller));
    assert_eq!(pool.dialled(), 1, "the probe was counted as serving the caller (I17b)");
}

#[test]
fn after_a_sleep_of_hours_nothing_old_is_granted() {
    let mut pool = Script::new(|config| (config.min_connections, config.max_connections) = (3, 3));
    pool.open(3);
    pool.jump(3 * 3600 * SECOND);
    let caller = pool.acquire();
    assert!(!pool.served(caller), "the sockets died in the night");
    pool.open(1);
    assert!(pool.served(caller));
    assert_eq!(pool.closed(CloseReason::Lifetime), 3);
}

#[test]
fn closes_of_the_peer_teach_how_long_a_connection_may_be_idle() {
    let mut pool = Script::new(|_| {});
    for _ in 0..8 {
        let holder = pool.lease();
        let conn = pool.conn_of(holder).expect("a lease");
        pool.done(holder);
        pool.wait(5 * SECOND);
        pool.report(Event::Lost { conn });
    }
    assert!(pool.view().ends[0].freshness <= 5 * SECOND, "{:?}", pool.view().ends[0]);
    assert!(pool.notices().iter().any(|notice| matches!(notice, Notice::FreshnessLearned { .. })));
}

#[test]
fn a_peer_that_says_how_long_it_keeps_connections_is_believed() {
    let mut pool = Script::new(|config| config.min_connections = 1);
    pool.open(1);
    let conn = pool.view().conns[0].id;
    pool.report(Event::KeepAlive { conn, timeout: 5 * SECOND });
    assert!(pool.view().ends[0].freshness <= 5 * SECOND);
    pool.report(Event::KeepAlive { conn, timeout: 600 * SECOND });
    assert!(pool.view().ends[0].freshness <= 5 * SECOND, "only ever lowered");
}

#[test]
fn a_suspended_pool_grants_and_dials_nothing_until_it_is_resumed() {
    let mut pool = Script::new(|config| config.max_connections = 2);
    let holder = pool.lease();
    pool.feed(Input::Suspend);
    pool.done(holder);
    let [first, second] = [pool.acquire(), pool.acquire()];
    assert!(!pool.served(first) && pool.dialling().is_empty());
    assert_eq!(pool.view().status.phase, Phase::Suspended);
    pool.feed(Input::Resume);
    assert!(pool.served(first) && !pool.served(second) && pool.dialling().len() == 1);
}

#[test]
fn a_new_generation_replaces_idle_connections_now_and_leased_ones_at_their_release_i37() {
    let mut pool = Script::new(|config| (config.min_connections, config.max_connections) = (2, 3));
    pool.open(2);
    let holder = pool.lease();
    pool.feed(Input::Invalidate);
    assert_eq!((pool.closed(CloseReason::Invalidated), pool.view().status.generation), (1, 1));
    pool.done(holder);
    assert_eq!(pool.closed(CloseReason::Invalidated), 2);
    pool.open(2);
    assert_eq!(pool.view().usable(), 2);
}

#[test]
fn a_draining_pool_serves_who_waits_and_then_closes() {
    let mut pool = Script::new(|config| config.max_connections = 1);
    let (holder, waiting) = (pool.lease(), pool.acquire());
    pool.feed(Input::Drain);
    assert_eq!(pool.refusal(), Some(AcquireErrorKind::Closed));
    pool.done(holder);
    assert!(pool.served(waiting) && pool.view().status.phase == Phase::Draining);
    pool.done(waiting);
    assert!(pool.world.pool().is_closed() && pool.view().status.total == 0, "I30");
}

#[test]
fn a_shutdown_fails_who_waits_and_abandons_what_is_out_when_its_grace_ends_i30() {
    let mut pool = Script::new(|config| config.max_connections = 1);
    let (holder, waiting) = (pool.lease(), pool.acquire());
    pool.feed(Input::Shutdown(SECOND));
    assert_eq!(pool.error_of(waiting), Some(AcquireErrorKind::Closed));
    pool.wait(SECOND);
    assert!(pool.world.pool().is_closed());
    assert!(matches!(pool.notices()[..], [Notice::LeaseAbandoned { .. }]));
    pool.done(holder);
    assert_eq!(pool.world.pool().stats().abandoned, 1);
}

#[test]
fn a_lease_that_is_held_too_long_is_reported_and_never_taken_away() {
    let mut pool = Script::new(|config: &mut Config| config.leak_after = Some(SECOND));
    let holder = pool.lease();
    pool.wait(3 * SECOND);
    assert!(matches!(pool.notices()[..], [Notice::LeaseHeld { held_ms: 1_000, .. }]));
    pool.done(holder);
    assert!(matches!(pool.notices()[..], [_, Notice::LeaseReturned { held_ms: 3_000, .. }]));
}

#[test]
fn a_detached_connection_is_the_callers_and_its_slot_is_free() {
    let mut pool = Script::new(|config| config.max_connections = 1);
    let (holder, waiting) = (pool.lease(), pool.acquire());
    pool.feed(Input::Detach(holder));
    assert_eq!(
        (pool.view().status.total, pool.dialling().len()),
        (1, 1),
        "its place is dialled for who waits"
    );
    pool.open(1);
    assert!(pool.served(waiting));
}

#[test]
fn an_outcome_without_a_verdict_proves_nothing() {
    let mut pool = Script::new(|_| {});
    let holder = pool.lease();
    pool.wait(31 * SECOND);
    pool.release(holder, Outcome::Returned);
    let next = pool.acquire();
    assert!(!pool.served(next), "nothing was heard from it for longer than it may be trusted");
}
