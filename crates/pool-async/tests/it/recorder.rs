//! What is recorded of a pool, and when.

use std::cell::RefCell;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use pool_async::ManualClock;
use pool_async::pool_core::{Config, FaultClass, Notice, Outcome};
use pool_async::pool_recorder::{Asked, Recording};

use crate::fake::{Fake, Mood};
use crate::world::{Pool, SECOND, World, lazy, poll};

fn recorded(config: Config, events: usize) -> World {
    World::built(
        |fake, clock: ManualClock| Pool::builder(fake, clock).config(config).recorder(events),
        Fake::new(),
    )
}

fn use_it(world: &mut World, times: usize) {
    for n in 0..times {
        let outcome = if n % 7 == 0 { Outcome::BROKEN } else { Outcome::Success };
        let (first, second) = (world.lease(), world.lease());
        first.release(outcome);
        drop(second);
        world.advance(Duration::from_millis(700));
    }
}

#[test]
fn a_recording_is_what_happened_from_its_first_call_to_the_last() {
    let mut world = recorded(Config { min_connections: 1, ..lazy(3) }, 1 << 12);
    use_it(&mut world, 50);
    let recording = world.pool.recording().expect("it is on");
    let elsewhere = Recording::from_bytes(&recording.to_bytes()).unwrap();
    assert_eq!(elsewhere.verify(), Ok(()));
    let decisions = elsewhere.decisions().join("\n");
    for part in ["Acquire", "Claim", "Release", "Connected", "Closed", "Connect {", "Wake", "Close {"] {
        assert!(decisions.contains(part), "no {part}");
    }
    assert!(!decisions.contains("BROKEN I") && !decisions.contains("PANIC"));
}

#[test]
fn wherever_a_recording_begins_it_is_right_about_the_rest() {
    for events in 2..24 {
        let mut world = recorded(lazy(2), events);
        for _ in 0..12 {
            use_it(&mut world, 1);
            assert_eq!(world.pool.recording().unwrap().verify(), Ok(()), "with {events} events");
        }
    }
}

#[test]
fn a_small_recorder_forgets_the_beginning_and_is_right_about_the_rest() {
    let mut world = recorded(lazy(3), 100);
    for _ in 0..40 {
        use_it(&mut world, 1);
        let recording = world.pool.recording().unwrap();
        assert!(recording.len() <= 100);
        assert_eq!(recording.verify(), Ok(()), "with leases or without, in the middle of whatever it was");
    }
    assert!(world.pool.recording().unwrap().len() >= 50);
    let held = world.lease();
    use_it(&mut world, 20);
    drop(held);
    assert_eq!(world.pool.recording().unwrap().verify(), Ok(()), "a lease from before its beginning");
}

#[test]
fn nothing_is_recorded_unless_it_was_asked_for() {
    let world = World::new(lazy(1));
    assert!(world.pool.recording().is_none());
}

#[test]
fn a_recording_begins_and_ends_when_it_is_told_to_whoever_holds_a_lease_or_waits() {
    let mut world = World::new(lazy(1));
    let (pool, held) = (world.pool.clone(), world.lease());
    let mut waiter = pin!(pool.acquire());
    assert!(poll(waiter.as_mut()).is_pending());
    pool.record(100);
    drop(held);
    let Poll::Ready(Ok(lease)) = poll(waiter) else { panic!("a waiter was not served") };
    drop(lease);
    world.settle();
    let recording = pool.recording().unwrap();
    assert_eq!(recording.verify(), Ok(()));
    let told = recording.explain("#0v2".parse::<Asked>().unwrap()).unwrap();
    assert!(told.contains("has been waiting since before the recording begins"), "{told}");
    pool.record(0);
    assert!(pool.recording().is_none());
}

#[test]
fn a_recording_survives_the_pool_that_fails_its_callers_and_says_why() {
    let mut world = recorded(lazy(1), 1000);
    world.fake.connects(Mood::Refuses("closed for repairs"));
    let pool = world.pool.clone();
    assert!(world.run(pool.acquire()).unwrap_err().is_unavailable());
    let told = pool.recording().unwrap().explain("#0v1".parse::<Asked>().unwrap()).unwrap();
    assert!(told.contains("backs off until") && told.contains("the connect of #0v1 failed"), "{told}");
}

#[test]
fn an_alert_keeps_a_recording_and_no_more_than_one_in_its_interval() {
    let mut world = recorded(lazy(1), 1000);
    let kept = RefCell::new(Vec::new());
    let unhealthy = |notice: &Notice| matches!(notice, Notice::EndpointUnhealthy { .. });
    let alerts = world.pool.record_alerts(unhealthy, 60 * SECOND, |notice, recording| {
        kept.borrow_mut().push((notice, recording));
    });
    let mut alerts = pin!(alerts);
    assert!(poll(alerts.as_mut()).is_pending());
    for round in 0..3 {
        for _ in 0..5 {
            world.lease().release(Outcome::fault(FaultClass::Endpoint));
        }
        for _ in 0..3 {
            world.lease().release(Outcome::Success);
        }
        assert!(poll(alerts.as_mut()).is_pending());
        // A minute after the first, and not before.
        assert_eq!(kept.borrow().len(), [1, 1, 2][round]);
        world.advance(31 * SECOND);
    }
    for (_, recording) in kept.borrow().iter() {
        assert_eq!(recording.verify(), Ok(()));
        assert!(recording.decisions().join("\n").contains("EndpointUnhealthy"));
    }
    let pool = world.pool.clone();
    world.run(pool.shutdown(SECOND));
    assert!(poll(alerts).is_ready(), "it ends with the pool");
}
