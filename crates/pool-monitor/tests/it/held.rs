//! Leases that are out for too long: seen at once, counted once, over when they are back, whatever notices were missed.

use pool_async::pool_core::Config;
use pool_monitor::Condition;

use crate::world::{Lease, Pool, SECOND, World, lazy};

#[test]
fn leases_that_do_not_come_back() {
    let mut world = World::judged(Condition::LeaseHeld);
    let pool = world.watched("main", Config { leak_after: Some(2 * SECOND), ..lazy(2) });
    let leases = [world.lease(&pool), world.lease(&pool)];
    world.interval();
    assert_eq!(world.alerts("main"), []);
    world.interval();
    assert_eq!(world.says("main"), "2 connections lent for longer than leak_after: is a lease forgotten?");
    let [one, two] = leases;
    drop(one);
    world.interval();
    assert_eq!(world.says("main"), "1 connection lent for longer than leak_after: is a lease forgotten?");
    let taken = two.detach();
    (0..2).for_each(|_| world.interval());
    assert_eq!(world.alerts("main"), [], "connection {taken} is its caller's now");
}

#[test]
fn a_lease_that_was_out_before_anybody_watched() {
    let mut world = World::judged(Condition::LeaseHeld);
    let pool = world.pool(Config { leak_after: Some(2 * SECOND), ..lazy(2) });
    let leases = [world.lease(&pool), world.lease(&pool)];
    world.advance(5 * SECOND);
    world.monitor.watch("main", &pool).unwrap();
    world.interval();
    assert_eq!(world.says("main"), "2 connections lent for longer than leak_after: is a lease forgotten?");
    drop(leases);
    world.interval();
    assert_eq!(world.alerts("main"), []);
}

#[test]
fn of_leases_that_share_a_connection_one_may_still_be_out() {
    let mut world = World::judged(Condition::LeaseHeld);
    let pool = world.watched("main", Config { leak_after: Some(2 * SECOND), ..lazy(1) });
    pool.backend().shares(3);
    let leases = [world.lease(&pool), world.lease(&pool)];
    (0..2).for_each(|_| world.interval());
    let one = "1 connection lent for longer than leak_after: is a lease forgotten?";
    assert_eq!(world.says("main"), one);
    let [first, second] = leases;
    drop(first);
    world.interval();
    assert_eq!(world.says("main"), one, "the other one is not back");
    drop((second, world.lease(&pool)));
    world.interval();
    assert_eq!(world.alerts("main"), []);
}

#[test]
fn a_lease_is_counted_once_however_it_came_to_be_known() {
    let mut world = World::judged(Condition::LeaseHeld);
    let pool = world.watched("main", Config { leak_after: Some(2 * SECOND), ..lazy(1) });
    let lease = world.lease(&pool);
    // It is due, and the first look is what makes the pool notice.
    world.clock.advance(2 * SECOND);
    world.monitor.sample();
    assert_eq!(world.alerts("main").len(), 1);
    world.interval();
    drop(lease);
    world.interval();
    assert_eq!(world.alerts("main"), []);
}

/// A pool of many, all of which were out for too long: more notices than are kept.
fn many_held(world: &mut World, leases_max: u32) -> (Pool, Vec<Lease>) {
    let leak_after = Some(2 * SECOND);
    let pool = world.watched("main", Config { leak_after, connects_max: 400, ..lazy(400 / leases_max) });
    pool.backend().shares(leases_max);
    let leases = (0..400).map(|_| world.lease(&pool)).collect();
    (0..3).for_each(|_| world.interval());
    (pool, leases)
}

#[test]
fn leases_whose_return_was_missed_are_not_held_for_ever() {
    // Where leases share a connection, those are known whose notice was not missed: 256, two on each.
    for (leases_max, held) in [(1, 400), (2, 128)] {
        let mut world = World::judged(Condition::LeaseHeld);
        let (pool, mut leases) = many_held(&mut world, leases_max);
        let held = format!("{held} connections lent for longer than leak_after: is a lease forgotten?");
        assert_eq!(world.says("main"), held);
        leases.drain(..399);
        world.interval();
        let one = "1 connection lent for longer than leak_after: is a lease forgotten?";
        assert_eq!(world.says("main"), one);
        let fresh = world.lease(&pool);
        leases.clear();
        world.interval();
        assert_eq!(world.alerts("main"), [], "{fresh:?} is out, but not for long");
    }
}
