//! What each condition says, word for word, of a pool that is really so.

use std::pin::pin;
use std::time::Duration;

use pool_async::pool_core::{Config, EndpointSpec, FaultClass, Health, Outcome};
use pool_monitor::{Condition, words};

use crate::fake::Mood;
use crate::world::{SECOND, World, get, lazy, poll};

#[test]
fn no_endpoint_can_be_reached() {
    let mut world = World::judged(Condition::NoEndpoint);
    let pool = world.watched("main", lazy(1));
    pool.backend().connects(Mood::Refuses("down"));
    world.acquire(&pool).unwrap_err();
    world.monitor.sample();
    let wait = pool.endpoints()[0].retry_at.unwrap().since(pool.now());
    let expected = format!(
        "No endpoint can be reached: 1 connect failed in a row, the last one: refused: down. The next is tried in {}.",
        words::time(wait)
    );
    assert_eq!(world.says("main"), expected);
    pool.backend().connects(Mood::Answers);
    world.advance(60 * SECOND);
    drop(world.lease(&pool));
    world.monitor.sample();
    assert_eq!(world.alerts("main"), []);
}

#[test]
fn an_endpoint_that_was_taken_away_has_not_failed() {
    let mut world = World::judged(Condition::NoEndpoint);
    let pool = world.watched("main", lazy(1));
    let lease = world.lease(&pool);
    pool.drain_endpoint(pool.endpoints()[0].id);
    world.monitor.sample();
    assert_eq!(world.alerts("main"), []);
    drop(lease);
    world.interval();
    assert_eq!(world.alerts("main"), []);
}

#[test]
fn one_endpoint_of_two_is_enough() {
    let mut world = World::judged(Condition::NoEndpoint);
    let pool = world.watched("main", lazy(1));
    pool.backend().connects(Mood::Refuses("down"));
    world.acquire(&pool).unwrap_err();
    world.advance(60 * SECOND);
    world.acquire(&pool).unwrap_err();
    pool.add_endpoint(EndpointSpec::default());
    world.monitor.sample();
    assert_eq!(world.alerts("main"), []);
    assert_eq!(get(&world.panel(), "/health").status(), 200);
    for _ in 0..2 {
        world.acquire(&pool).unwrap_err();
        world.advance(60 * SECOND);
    }
    world.acquire(&pool).unwrap_err();
    let failures: Vec<u32> = pool.endpoints().iter().map(|endpoint| endpoint.failures).collect();
    assert!(failures[0] != failures[1], "{failures:?}");
    world.monitor.sample();
    let most = failures.iter().max().unwrap();
    let begins =
        format!("No endpoint can be reached: {most} connects failed in a row, the last one: refused: down.");
    assert!(world.says("main").starts_with(&begins), "{}", world.says("main"));
}

#[test]
fn an_endpoint_that_answers_with_errors() {
    let mut world = World::judged(Condition::EndpointUnhealthy);
    let pool = world.watched("main", lazy(2));
    for _ in 0..100 {
        if pool.endpoints()[0].health == Health::Unhealthy {
            break;
        }
        world.use_once(&pool, Outcome::fault(FaultClass::Endpoint));
    }
    world.monitor.sample();
    assert_eq!(world.says("main"), "Connections open, but endpoint #0v1 does not answer as it should.");
}

#[test]
fn callers_that_wait_for_a_first_connection() {
    let mut world = World::judged(Condition::NoConnection);
    let pool = world.watched("main", lazy(1));
    pool.backend().connects(Mood::Silent);
    let mut waiting = pin!(pool.acquire());
    assert!(poll(waiting.as_mut()).is_pending());
    world.settle();
    world.monitor.sample();
    let expected = "1 caller in the queue, and no usable connection is open; 1 connect under way.";
    assert_eq!(world.says("main"), expected);
    pool.suspend();
    world.monitor.sample();
    assert_eq!(world.alerts("main"), [], "whoever suspends a pool wants them to wait");
}

#[test]
fn callers_that_were_turned_away() {
    let mut world = World::judged(Condition::Rejected);
    let pool = world.watched("main", Config { waiters_max: Some(1), ..lazy(1) });
    let lease = world.lease(&pool);
    {
        let (mut first, mut second) = (pin!(pool.acquire()), pin!(pool.acquire()));
        assert!(poll(first.as_mut()).is_pending());
        assert!(poll(second.as_mut()).is_ready(), "the queue is full");
        world.monitor.sample();
        assert_eq!(world.says("main"), "1 caller got no connection in the last interval.");
        world.run(first).unwrap_err();
        assert!(poll(pin!(pool.acquire())).is_pending());
    }
    pool.backend().connects(Mood::Refuses("down"));
    lease.release(Outcome::BROKEN);
    world.acquire(&pool).unwrap_err();
    world.monitor.sample();
    assert_eq!(
        world.says("main"),
        "2 callers got no connection in the last interval.",
        "late, and unreachable"
    );
    world.monitor.sample();
    assert_eq!(world.alerts("main"), []);
}

#[test]
fn uses_that_failed() {
    let mut world = World::judged(Condition::ErrorRate { above: 0.1, of_at_least: 10 });
    let pool = world.watched("main", lazy(1));
    for n in 0..10 {
        // A caller's own fault is a verdict, and none of the pool's.
        let caller = Outcome::fault(FaultClass::Application);
        let outcome = if n < 2 { Outcome::fault(FaultClass::Saturation) } else { caller };
        world.use_once(&pool, outcome);
    }
    world.monitor.sample();
    assert_eq!(world.says("main"), "20 % of 10 uses failed (2) through no fault of theirs.");
    for _ in 0..9 {
        world.use_once(&pool, Outcome::fault(FaultClass::Saturation));
    }
    world.monitor.sample();
    assert_eq!(world.alerts("main"), [], "nine say nothing");
    for n in 0..10 {
        world.use_once(&pool, if n == 0 { Outcome::fault(FaultClass::Saturation) } else { Outcome::Success });
    }
    world.monitor.sample();
    assert_eq!(world.alerts("main"), [], "a tenth is not more than a tenth");
}

#[test]
fn a_pool_that_is_in_use_to_the_last_connection() {
    let mut world = World::judged(Condition::Saturated { at_least: 1.0 });
    let pool = world.watched("main", lazy(2));
    let leases = [world.lease(&pool), world.lease(&pool)];
    world.monitor.sample();
    assert_eq!(world.alerts("main"), [], "nobody waits");
    let mut waiting = pin!(pool.acquire());
    assert!(poll(waiting.as_mut()).is_pending());
    world.monitor.sample();
    assert_eq!(world.says("main"), "2 of 2 connections are in use, and 1 caller wait.");
    drop(leases);
    let mut world = World::judged(Condition::NoConnection);
    let pool = world.watched("main", lazy(1));
    let lease = world.lease(&pool);
    let mut waiting = pin!(pool.acquire());
    assert!(poll(waiting.as_mut()).is_pending());
    world.monitor.sample();
    assert_eq!(world.alerts("main"), [], "a connection is open: it is in use");
    drop(lease);
}

#[test]
fn waits_and_uses_that_take_long() {
    let limit = Duration::from_millis(500);
    let mut world = World::judged(Condition::WaitP99 { above: limit });
    let pool = world.watched("main", lazy(1));
    let lease = world.lease(&pool);
    let mut waiting = pin!(pool.acquire());
    assert!(poll(waiting.as_mut()).is_pending());
    world.advance(SECOND);
    drop(lease);
    drop(world.run(waiting).unwrap());
    world.monitor.sample();
    assert_eq!(world.says("main"), "One caller in a hundred waits 1.0 s or longer for a connection.");

    let mut world = World::judged(Condition::ResponseP99 { above: limit });
    let pool = world.watched("main", lazy(1));
    let lease = world.lease(&pool);
    world.advance(2 * SECOND);
    world.monitor.sample();
    assert_eq!(world.alerts("main"), [], "none has come back");
    lease.release(Outcome::Success);
    world.monitor.sample();
    assert_eq!(world.says("main"), "One use in a hundred takes 2.0 s or longer.");
    world.use_once(&pool, Outcome::Success);
    world.monitor.sample();
    assert_eq!(world.alerts("main"), []);
}

#[test]
fn a_pool_that_somebody_suspended() {
    let mut world = World::judged(Condition::Suspended);
    let pool = world.watched("main", lazy(1));
    pool.suspend();
    let mut waiting = pin!(pool.acquire());
    assert!(poll(waiting.as_mut()).is_pending());
    world.monitor.sample();
    let expected = "The pool is suspended: nothing is granted until it is resumed; 1 caller in the queue.";
    assert_eq!(world.says("main"), expected);
    pool.resume();
    world.monitor.sample();
    assert_eq!(world.alerts("main"), []);
}
