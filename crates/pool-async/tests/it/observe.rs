//! Watching a pool.

use std::pin::pin;
use std::task::Poll;

use futures::StreamExt;
use pool_async::NOTICES_KEPT;
use pool_async::pool_core::{Config, Lifecycle, Notice, Outcome};

use crate::fake::Mood;
use crate::world::{SECOND, World, lazy, poll};

#[test]
fn notices_reach_every_watcher_with_their_time() {
    let mut world = World::new(lazy(1));
    let (mut one, mut two) = (world.pool.events(), world.pool.events());
    let pool = world.pool.clone();
    world.advance(SECOND);
    let failed_at = pool.now();
    world.fake.connects(Mood::Refuses("down"));
    world.run(pool.acquire()).unwrap_err();
    world.fake.connects(Mood::Answers);
    world.advance(SECOND);
    drop(world.lease());
    let down = world.run(one.next()).unwrap();
    assert!(matches!(down.notice, Notice::EndpointDown { failures: 1, .. }), "{down:?}");
    assert_eq!((down.at, down.missed), (failed_at, 0));
    assert!(matches!(world.run(one.next()).unwrap().notice, Notice::EndpointUp { .. }));
    assert_eq!(two.try_next(), Some(down));
}

#[test]
fn a_watcher_that_does_not_read_is_told_how_much_it_missed() {
    let mut world = World::new(Config { leak_after: Some(SECOND), ..lazy(1) });
    let mut events = world.pool.events();
    let rounds = NOTICES_KEPT / 2 + 2;
    for _ in 0..rounds {
        let lease = world.lease();
        world.advance(SECOND);
        drop(lease);
    }
    let first = events.try_next().unwrap();
    assert_eq!(first.missed, 4, "two notices a round");
    assert!(matches!(first.notice, Notice::LeaseHeld { held_ms: 1000, .. }), "{first:?}");
    let second = events.try_next().unwrap();
    assert_eq!(second.missed, 0);
    assert!(matches!(second.notice, Notice::LeaseReturned { .. }), "{second:?}");
    assert_eq!(std::iter::from_fn(|| events.try_next()).count(), NOTICES_KEPT - 2);
}

#[test]
fn the_notices_end_with_the_pool() {
    let mut world = World::new(lazy(1));
    let pool = world.pool.clone();
    let mut events = pool.events();
    assert!(poll(pin!(events.next())).is_pending());
    let lease = world.lease();
    world.run(pool.shutdown(SECOND));
    assert!(matches!(world.run(events.next()).unwrap().notice, Notice::LeaseAbandoned { .. }));
    assert_eq!(world.run(events.next()), None);
    drop(lease);
}

#[test]
fn a_change_of_connections_is_told_and_a_lease_is_not() {
    let mut world = World::new(lazy(2));
    let pool = world.pool.clone();
    let mut opened = pin!(pool.status_changed());
    let lease = world.lease();
    assert!(poll(opened.as_mut()).is_ready());
    drop(lease);
    let mut leased = pin!(pool.status_changed());
    drop(world.lease());
    assert!(poll(leased.as_mut()).is_pending());
    world.lease().release(Outcome::BROKEN);
    world.settle();
    assert!(poll(leased).is_ready());
}

#[test]
fn connections_are_listed_with_their_labels_wherever_they_are() {
    let mut world = World::new(lazy(2));
    let (leased, idle) = (world.lease(), world.lease());
    drop(idle);
    let rows = world.pool.connections();
    let labels: Vec<_> = rows.iter().map(|row| row.label.as_deref().unwrap()).collect();
    assert_eq!(labels, ["fake 1", "fake 2"]);
    assert_eq!([rows[0].info.lifecycle, rows[1].info.lifecycle], [Lifecycle::Leased, Lifecycle::Idle]);
    assert_eq!(rows[0].info.id, leased.conn_id());
}

#[test]
fn the_status_is_of_the_moment_it_is_asked_for() {
    let mut world = World::new(lazy(1));
    let (pool, _lease) = (world.pool.clone(), world.lease());
    let mut waiter = pin!(pool.acquire());
    assert!(matches!(poll(waiter.as_mut()), Poll::Pending));
    world.clock.advance(3 * SECOND);
    let status = pool.status();
    assert_eq!((status.waiting, status.oldest_wait, status.in_use), (1, Some(3 * SECOND), 1));
}
