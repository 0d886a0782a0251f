//! Getting a lease: order, patience, causes, and what is found dead.

use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use pool_async::pool_core::{AcquireErrorKind, Config, Outcome, Priority, Time};
use pool_async::{AcquireOptions, ConnectError};

use crate::fake::{FakeError, Mood};
use crate::world::{Acquired, SECOND, Task, World, lazy, poll};

#[test]
fn the_first_to_come_is_the_first_to_be_served_i13() {
    let mut world = World::new(lazy(1));
    let pool = world.pool.clone();
    let mut lease = world.lease();
    let mut waiters: Vec<_> = (0..5).map(|_| Box::pin(pool.acquire())).collect();
    for waiter in &mut waiters {
        assert!(poll(waiter.as_mut()).is_pending());
    }
    while !waiters.is_empty() {
        drop(lease);
        for later in waiters.iter_mut().skip(1) {
            assert!(poll(later.as_mut()).is_pending());
        }
        let Poll::Ready(Ok(next)) = poll(waiters.remove(0).as_mut()) else {
            panic!("the first was not served")
        };
        lease = next;
    }
    drop(lease);
    assert_eq!(world.fake.opened(), 1);
    world.assert_at_rest();
}

#[test]
fn a_better_class_is_served_first() {
    let mut world = World::new(lazy(1));
    let (pool, lease) = (world.pool.clone(), world.lease());
    let mut normal = pin!(pool.acquire());
    let urgent = AcquireOptions { priority: Priority::High, ..AcquireOptions::default() };
    let mut high = pin!(pool.acquire_with(urgent));
    assert!(poll(normal.as_mut()).is_pending() && poll(high.as_mut()).is_pending());
    drop(lease);
    assert!(poll(normal.as_mut()).is_pending());
    assert!(poll(high.as_mut()).is_ready());
}

#[test]
fn only_the_task_that_is_granted_is_woken_and_with_its_newest_waker_i7() {
    let mut world = World::new(lazy(1));
    let (pool, lease) = (world.pool.clone(), world.lease());
    let [before, now, other] = [(); 3].map(|()| Arc::new(Task::default()));
    let (mut first, mut second) = (pin!(pool.acquire()), pin!(pool.acquire()));
    assert!(before.poll(first.as_mut()).is_pending());
    assert!(now.poll(first.as_mut()).is_pending());
    assert!(other.poll(second.as_mut()).is_pending());
    drop(lease);
    assert_eq!([before.woken(), now.woken(), other.woken()], [0, 1, 0]);
    let granted = now.poll(first.as_mut());
    assert!(granted.is_ready());
    drop(granted);
    assert_eq!([before.woken(), now.woken(), other.woken()], [0, 1, 1]);
}

#[test]
fn patience_ends_at_its_instant_and_the_error_tells_the_load_i25() {
    let mut world = World::new(lazy(1));
    let (pool, _lease) = (world.pool.clone(), world.lease());
    let error = world.run(pool.acquire()).unwrap_err();
    assert!(error.is_timeout());
    assert_eq!((error.waited(), pool.now()), (10 * SECOND, Time::ZERO + 10 * SECOND));
    assert_eq!(
        error.to_string(),
        "no connection within 10s (1 of 1 connections: 1 in use, 0 free, 0 connecting; 0 waiting)"
    );
    assert!(error.source().is_none());
}

#[test]
fn a_caller_may_have_its_own_patience() {
    let mut world = World::new(lazy(1));
    let (pool, _lease) = (world.pool.clone(), world.lease());
    let both = AcquireOptions {
        timeout: Some(5 * SECOND),
        deadline: Some(Time::ZERO + 2 * SECOND),
        ..AcquireOptions::default()
    };
    assert_eq!(world.run(pool.acquire_with(both)).unwrap_err().waited(), 2 * SECOND);
    let one = AcquireOptions { timeout: Some(SECOND), ..AcquireOptions::default() };
    assert_eq!(world.run(pool.acquire_with(one)).unwrap_err().waited(), SECOND);
}

#[test]
fn trying_never_waits() {
    let mut world = World::new(lazy(1));
    assert_eq!(world.pool.try_acquire().unwrap_err().kind(), AcquireErrorKind::Exhausted);
    let lease = world.lease();
    assert!(world.pool.try_acquire().unwrap_err().is_exhausted());
    drop(lease);
    drop(world.pool.try_acquire().unwrap());
    world.fake.kill(1);
    assert!(world.pool.try_acquire().unwrap_err().is_exhausted(), "the only one is dead");
    world.assert_at_rest();
}

#[test]
fn a_full_queue_refuses_at_once() {
    let mut world = World::new(Config { waiters_max: Some(1), ..lazy(1) });
    let (pool, _lease) = (world.pool.clone(), world.lease());
    let mut waiting = pin!(pool.acquire());
    assert!(poll(waiting.as_mut()).is_pending());
    let error = world.run(pool.acquire()).unwrap_err();
    assert_eq!(error.kind(), AcquireErrorKind::QueueFull);
}

#[test]
fn who_waits_for_a_connect_that_fails_learns_why_at_once() {
    let mut world = World::new(lazy(4));
    let pool = world.pool.clone();
    world.fake.connects(Mood::Refuses("no route"));
    let errors: Vec<_> = world
        .run(futures::future::join_all((0..8).map(|_| pool.acquire())))
        .into_iter()
        .map(Acquired::unwrap_err)
        .collect();
    assert_eq!(pool.now(), Time::ZERO, "nobody had to wait");
    assert_eq!(world.fake.attempts(), [0], "one attempt for all of them");
    for error in errors {
        assert!(error.is_unavailable());
        let source = error.source().and_then(|source| source.downcast_ref::<FakeError>());
        assert_eq!(source, Some(&FakeError::Refused("no route")));
        assert!(error.retry_at().unwrap() > Time::ZERO);
        assert!(
            error.to_string().ends_with("the last connect to endpoint #0v1 failed: refused: no route"),
            "{error}"
        );
    }
    world.fake.connects(Mood::Answers);
    world.advance(SECOND);
    drop(world.lease());
    assert!(world.fake.attempts().len() >= 2);
    world.assert_at_rest();
}

#[test]
fn a_connect_that_hangs_is_dropped_and_named_as_the_cause() {
    let mut world = World::new(lazy(1));
    let pool = world.pool.clone();
    world.fake.connects(Mood::Silent);
    let error = world.run(pool.acquire()).unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(world.fake.attempts(), [0, 1], "the first was given up after 8 seconds");
    assert!(
        matches!(error.connect_error(), Some(ConnectError::TimedOut(after)) if *after == 8 * SECOND),
        "{error:?}"
    );
    assert!(error.to_string().contains("not done after 8s (connection_timeout)"), "{error}");
    assert_eq!(error.source().unwrap().to_string(), "the connect was not done after 8s (connection_timeout)");
}

#[test]
fn a_success_clears_the_cause() {
    let mut world = World::new(lazy(1));
    let pool = world.pool.clone();
    world.fake.connects(Mood::Refuses("later"));
    assert!(world.run(pool.acquire()).unwrap_err().connect_error().is_some());
    world.fake.connects(Mood::Answers);
    world.advance(SECOND);
    let _lease = world.lease();
    let error = world.run(pool.acquire()).unwrap_err();
    assert!(error.is_timeout() && error.connect_error().is_none());
}

#[test]
fn a_caller_that_is_handed_the_dead_goes_to_the_front_of_the_queue() {
    let mut world = World::new(lazy(1));
    let pool = world.pool.clone();
    let lease = world.lease();
    let (mut first, mut second) = (pin!(pool.acquire()), pin!(pool.acquire()));
    assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
    drop(lease);
    world.fake.kill(1);
    assert!(poll(first.as_mut()).is_pending(), "it found its connection dead, and waits again");
    world.settle();
    assert!(poll(second.as_mut()).is_pending());
    let Poll::Ready(Ok(lease)) = poll(first.as_mut()) else { panic!("the first was overtaken") };
    assert_eq!(lease.number(), 2);
    assert_eq!(world.fake.closed(), [1]);
}

#[test]
fn dead_connections_do_not_lengthen_the_patience() {
    let mut world = World::new(lazy(1));
    let (pool, lease) = (world.pool.clone(), world.lease());
    let mut waiter = pin!(pool.acquire());
    assert!(poll(waiter.as_mut()).is_pending());
    world.advance(6 * SECOND);
    world.fake.connects(Mood::Silent);
    drop(lease);
    world.fake.kill(1);
    assert!(poll(waiter.as_mut()).is_pending());
    let error = world.run(waiter).unwrap_err();
    assert_eq!((error.kind(), error.waited()), (AcquireErrorKind::Timeout, 10 * SECOND));
    assert_eq!(pool.now(), Time::ZERO + 10 * SECOND);
}

#[test]
fn a_connection_idle_for_too_long_is_probed_before_it_is_granted() {
    let mut world = World::new(Config { health_check_interval: Duration::ZERO, ..lazy(2) });
    drop(world.lease());
    world.advance(31 * SECOND);
    assert_eq!(world.lease().number(), 1);
    assert_eq!(world.fake.probed(), [1]);
    world.advance(31 * SECOND);
    world.fake.probes(Mood::Refuses("gone"));
    assert_eq!(world.lease().number(), 2, "what fails the probe is replaced");
    world.assert_at_rest();
}

#[test]
fn a_probe_that_hangs_is_stopped_and_its_connection_closed() {
    let mut world = World::new(Config { health_check_interval: Duration::ZERO, ..lazy(1) });
    drop(world.lease());
    world.advance(31 * SECOND);
    world.fake.probes(Mood::Silent);
    let asked = world.pool.now();
    assert_eq!(world.lease().number(), 2);
    assert_eq!(world.pool.now(), asked + SECOND, "after the probe's time");
    assert_eq!(world.fake.closed(), [1], "closed, not merely dropped");
    world.assert_at_rest();
}

#[test]
fn a_retry_takes_only_what_has_proved_alive_since() {
    let mut world = World::new(lazy(2));
    world.lease().release(Outcome::Success);
    world.advance(SECOND);
    let since = AcquireOptions { proven_since: Some(world.pool.now()), ..AcquireOptions::default() };
    let pool = world.pool.clone();
    let _lease = world.run(pool.acquire_with(since)).unwrap();
    assert_eq!(world.fake.probed(), [1]);
}

#[test]
fn an_idle_connection_costs_one_turn_each_way() {
    let mut world = World::new(lazy(1));
    drop(world.lease());
    world.settle();
    let before = world.pool.turns();
    drop(world.pool.try_acquire().unwrap());
    let waited = pin!(world.pool.acquire());
    drop(poll(waited));
    // The question itself is a turn, too.
    assert_eq!(world.pool.turns() - before, 4 + 1);
}
