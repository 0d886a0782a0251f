//! Beginning, changing and ending a pool.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use pool_async::pool_core::{CloseReason, Config, Outcome, Phase, Time};

use crate::fake::{FakeError, Mood};
use crate::world::{SECOND, World, lazy, poll};

#[test]
fn a_configuration_that_is_wrong_names_every_problem() {
    let config = Config {
        min_connections: 9,
        max_connections: 3,
        acquire_timeout: Duration::ZERO,
        ..Config::default()
    };
    let error = crate::world::Pool::builder(crate::fake::Fake::new(), pool_async::ManualClock::new())
        .config(config)
        .build()
        .unwrap_err();
    assert_eq!(error.problems().len(), 2, "{error}");
}

#[test]
fn the_minimum_is_opened_without_being_asked_i26() {
    let mut world = World::new(Config { min_connections: 3, ..lazy(5) });
    world.settle();
    assert_eq!((world.fake.opened(), world.pool.status().phase), (3, Phase::Running));
}

#[test]
fn warming_up_opens_as_many_as_asked_for() {
    let mut world = World::new(Config { min_connections: 2, connects_max: 2, ..lazy(5) });
    let pool = world.pool.clone();
    world.run(pool.warm_up(2, SECOND)).unwrap();
    assert_eq!(world.fake.opened(), 2);
    world.run(pool.warm_up(4, SECOND)).unwrap();
    assert_eq!(pool.status().available, 4);
    world.run(pool.warm_up(99, SECOND)).unwrap();
    assert_eq!(pool.status().available, 5, "no more than there may be");
    world.assert_at_rest();
}

#[test]
fn warming_up_fails_with_the_cause() {
    let mut world = World::new(Config { min_connections: 2, ..lazy(5) });
    world.fake.connects(Mood::Refuses("wrong door"));
    let pool = world.pool.clone();
    let error = world.run(pool.warm_up(2, SECOND)).unwrap_err();
    assert!(error.is_unavailable() && error.to_string().ends_with("refused: wrong door"), "{error}");
    world.fake.connects(Mood::Silent);
    world.advance(SECOND);
    let begun = pool.now();
    let error = world.run(pool.warm_up(2, SECOND)).unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert_eq!((error.waited(), pool.now()), (SECOND, begun + SECOND));
}

#[test]
fn draining_serves_who_waits_and_waits_for_who_is_served() {
    let mut world = World::new(lazy(1));
    let (pool, lease) = (world.pool.clone(), world.lease());
    let (mut waiter, mut drained) = (pin!(pool.acquire()), pin!(pool.drain()));
    assert!(poll(waiter.as_mut()).is_pending() && poll(drained.as_mut()).is_pending());
    assert!(pool.try_acquire().unwrap_err().is_closed());
    drop(lease);
    world.settle();
    let Poll::Ready(Ok(lease)) = poll(waiter.as_mut()) else { panic!("a waiter was not served") };
    world.advance(1000 * SECOND);
    assert!(poll(drained.as_mut()).is_pending());
    drop(lease);
    world.settle();
    assert!(poll(drained).is_ready());
    assert_eq!((world.fake.closed(), world.fake.live()), (vec![1], 0));
}

#[test]
fn a_drain_begins_with_the_first_poll_and_goes_on_when_it_is_dropped() {
    let mut world = World::new(lazy(1));
    let pool = world.pool.clone();
    let drain = pool.drain();
    drop(world.lease());
    assert!(poll(pin!(drain)).is_pending());
    world.settle();
    assert!(pool.is_closed());
}

#[test]
fn a_shutdown_fails_who_waits_and_gives_who_is_served_its_grace_i30() {
    let mut world = World::new(lazy(1));
    let (pool, lease) = (world.pool.clone(), world.lease());
    let mut waiter = pin!(pool.acquire());
    assert!(poll(waiter.as_mut()).is_pending());
    let mut shutdown = pin!(pool.shutdown(5 * SECOND));
    assert!(poll(shutdown.as_mut()).is_pending());
    let Poll::Ready(Err(error)) = poll(waiter) else { panic!("a waiter was left behind") };
    assert!(error.is_closed());
    assert_eq!(error.to_string(), "the pool is closed");
    world.advance(4 * SECOND);
    drop(lease);
    world.run(shutdown);
    assert_eq!(pool.now(), Time::ZERO + 4 * SECOND);
    assert_eq!((world.fake.closed(), pool.stats().abandoned), (vec![1], 0));
}

#[test]
fn a_shutdown_stops_a_connect_under_way() {
    let mut world = World::new(Config { min_connections: 1, ..lazy(1) });
    world.fake.connects(Mood::Silent);
    world.settle();
    let pool = world.pool.clone();
    world.run(pool.shutdown(SECOND));
    assert_eq!((pool.now(), world.fake.attempts().len()), (Time::ZERO, 1));
}

#[test]
fn without_its_driver_the_pool_is_closed_and_says_so() {
    let mut world = World::new(Config { min_connections: 1, ..lazy(2) });
    let pool = world.pool.clone();
    let lease = world.lease();
    world.fake.connects(Mood::Silent);
    let mut waiter = pin!(pool.acquire());
    assert!(poll(waiter.as_mut()).is_pending());
    world.settle();
    world.drop_driver();
    let Poll::Ready(Err(error)) = poll(waiter) else { panic!("a waiter was left behind") };
    assert!(error.is_closed());
    assert!(error.to_string().contains("its driver has ended or was dropped"), "{error}");
    assert!(pool.try_acquire().unwrap_err().is_closed());
    world.run(pool.drain());
    drop(lease);
    assert_eq!(world.fake.live(), 0);
}

#[test]
fn a_driver_dropped_in_the_middle_of_a_close_leaves_nothing_open() {
    let mut world = World::new(lazy(2));
    world.fake.closes(Mood::Silent);
    let idle = world.lease();
    world.lease().release(Outcome::BROKEN);
    drop(idle);
    world.settle();
    world.drop_driver();
    let pool = world.pool.clone();
    world.run(pool.closed());
    assert_eq!(world.fake.live(), 0);
}

#[test]
fn a_driver_dropped_before_it_has_closed_what_it_was_told_to_leaves_nothing_open() {
    let mut world = World::new(lazy(1));
    drop(world.lease());
    world.settle();
    world.pool.invalidate();
    world.drop_driver();
    assert_eq!((world.fake.live(), world.fake.closed().len()), (0, 0), "dropped, for want of a driver");
    assert!(world.pool.is_closed());
}

#[test]
fn a_backend_that_panics_ends_the_driver_and_everyone_is_told() {
    let fake = crate::fake::Fake::new();
    fake.connects(Mood::Panics);
    let (pool, driver) = crate::world::Pool::builder(fake, pool_async::ManualClock::new()).build().unwrap();
    let mut waiter = pin!(pool.acquire());
    assert!(poll(waiter.as_mut()).is_pending());
    let driver = Box::pin(driver.run());
    assert!(catch_unwind(AssertUnwindSafe(move || poll(pin!(driver)))).is_err());
    let Poll::Ready(Err(error)) = poll(waiter) else { panic!("a waiter was left behind") };
    assert!(error.is_closed());
}

#[test]
fn a_driver_that_never_ran_ends_the_pool_when_it_is_dropped() {
    let (pool, driver) =
        crate::world::Pool::builder(crate::fake::Fake::new(), pool_async::ManualClock::new())
            .build()
            .unwrap();
    drop(driver.run());
    assert!(pool.is_closed());
}

#[test]
fn the_last_handle_drains_the_pool_and_ends_the_driver() {
    let fake = crate::fake::Fake::new();
    let clock = pool_async::ManualClock::new();
    let (pool, driver) = crate::world::Pool::builder(fake.clone(), clock).build().unwrap();
    let mut driver = pin!(driver.run());
    assert!(poll(driver.as_mut()).is_pending());
    let lease = pool.try_acquire().unwrap();
    let other = pool.clone();
    drop(pool);
    assert!(!other.is_closed());
    drop(other);
    assert!(poll(driver.as_mut()).is_pending(), "a lease is out");
    assert_eq!(fake.live(), 1, "idle ones are closed");
    drop(lease);
    assert!(poll(driver.as_mut()).is_ready());
    assert_eq!(fake.live(), 0);
}

#[test]
fn whoever_only_watches_keeps_no_pool_open() {
    let fake = crate::fake::Fake::new();
    let (pool, driver) =
        crate::world::Pool::builder(fake.clone(), pool_async::ManualClock::new()).build().unwrap();
    let mut driver = pin!(driver.run());
    assert!(poll(driver.as_mut()).is_pending());
    let watcher = pool.watcher();
    drop(watcher.clone());
    drop(watcher.watcher());
    assert!(poll(driver.as_mut()).is_pending());
    assert_eq!(watcher.status().phase, Phase::Running, "watchers that go close nothing");
    drop(pool);
    assert!(poll(driver.as_mut()).is_ready());
    assert!(watcher.is_closed());
}

#[test]
fn a_smaller_pool_closes_the_idle_now_and_the_leased_later() {
    let mut world = World::new(lazy(4));
    let leases: Vec<_> = (0..4).map(|_| world.lease()).collect();
    world.pool.resize(0, 2).unwrap();
    assert_eq!(world.pool.config().max_connections, 2);
    drop(leases);
    world.settle();
    assert_eq!(world.pool.status().total, 2);
    assert_eq!(world.pool.stats().closed_for(CloseReason::Resized), 2);
    assert!(world.pool.resize(3, 2).unwrap_err().to_string().contains("min_connections"));
    world.pool.resize(3, 8).unwrap();
    world.settle();
    assert_eq!(world.pool.status().total, 3);
}

#[test]
fn a_suspended_pool_grants_nothing_until_it_is_resumed() {
    let mut world = World::new(lazy(1));
    let pool = world.pool.clone();
    drop(world.lease());
    pool.suspend();
    let mut waiter = pin!(pool.acquire());
    assert!(poll(waiter.as_mut()).is_pending());
    world.advance(SECOND);
    assert!(poll(waiter.as_mut()).is_pending());
    assert_eq!(pool.status().phase, Phase::Suspended);
    pool.resume();
    assert!(poll(waiter).is_ready());
}

#[test]
fn an_invalidated_connection_is_never_granted_again() {
    let mut world = World::new(lazy(2));
    let (leased, pool) = (world.lease(), world.pool.clone());
    drop(world.lease());
    pool.invalidate();
    world.settle();
    assert_eq!(world.fake.closed(), [2]);
    drop(leased);
    assert_eq!(world.lease().number(), 3);
    assert_eq!(world.fake.closed(), [2, 1]);
    assert_eq!(pool.stats().closed_for(CloseReason::Invalidated), 2);
}

#[test]
fn an_invalidated_connect_is_closed_when_it_succeeds() {
    let mut world = World::new(Config { min_connections: 1, ..lazy(1) });
    world.fake.connects(Mood::Silent);
    world.settle();
    world.pool.invalidate();
    world.fake.connects(Mood::Answers);
    world.settle();
    assert_eq!((world.fake.opened(), world.fake.closed()), (2, vec![1]));
    world.assert_at_rest();
}

#[test]
fn endpoints_can_be_added_and_drained() {
    let mut world = World::new(Config { min_connections: 1, ..lazy(2) });
    world.settle();
    let first = world.pool.endpoints()[0].id;
    let second = world.pool.add_endpoint(pool_async::pool_core::EndpointSpec::default());
    world.pool.drain_endpoint(first);
    world.settle();
    let rows = world.pool.connections();
    assert_eq!((rows.len(), rows[0].info.endpoint), (1, second));
    assert_eq!(world.fake.closed(), [1]);
}

#[test]
fn errors_of_connects_are_shared_not_copied() {
    let mut world = World::new(lazy(1));
    world.fake.connects(Mood::Refuses("once"));
    let pool = world.pool.clone();
    let error = world.run(pool.acquire()).unwrap_err();
    let again = error.clone();
    let (one, two) = (error.connect_error().unwrap(), again.connect_error().unwrap());
    assert!(std::ptr::eq(one, two));
    assert!(matches!(one, pool_async::ConnectError::Failed(FakeError::Refused("once"))));
}
