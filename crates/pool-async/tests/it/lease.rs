//! The ways a lease ends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use pool_async::pool_core::{CloseReason, FaultClass, Outcome};

use crate::fake::Mood;
use crate::world::{SECOND, World, lazy};

#[test]
fn a_dropped_lease_goes_back() {
    let mut world = World::new(lazy(1));
    drop(world.lease());
    assert_eq!(world.lease().number(), 1);
    assert_eq!(world.pool.stats().returned, 2);
    world.assert_at_rest();
}

#[test]
fn a_panic_with_a_lease_breaks_its_connection() {
    let mut world = World::new(lazy(1));
    let lease = world.lease();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _held = lease;
        panic!("in mid-request");
    }));
    assert!(panicked.is_err());
    world.settle();
    assert_eq!(world.fake.closed(), [1]);
    assert_eq!(world.lease().number(), 2);
}

#[test]
fn a_lease_taken_and_given_back_while_unwinding_is_not_broken() {
    struct Cleanup<'w>(&'w World);
    impl Drop for Cleanup<'_> {
        fn drop(&mut self) {
            drop(self.0.pool.try_acquire().unwrap());
        }
    }
    let mut world = World::new(lazy(1));
    drop(world.lease());
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _cleanup = Cleanup(&world);
        panic!("elsewhere");
    }));
    assert!(panicked.is_err());
    assert_eq!(world.lease().number(), 1);
}

#[test]
fn a_broken_outcome_closes_and_is_counted() {
    let mut world = World::new(lazy(1));
    world.lease().release(Outcome::BROKEN);
    world.settle();
    assert_eq!(world.fake.closed(), [1]);
    let stats = world.pool.stats();
    assert_eq!(
        (stats.faults[FaultClass::Connection as usize], stats.closed_for(CloseReason::Broken)),
        (1, 1)
    );
}

#[test]
fn a_connection_found_dead_on_return_is_closed_but_the_success_counts() {
    let mut world = World::new(lazy(1));
    let lease = world.lease();
    world.fake.kill(1);
    lease.release(Outcome::Success);
    world.settle();
    assert_eq!(world.fake.closed(), [1]);
    assert_eq!(world.pool.stats().successes, 1);
}

#[test]
fn what_a_drop_means_can_be_said_beforehand() {
    let mut world = World::new(lazy(1));
    let mut lease = world.lease();
    lease.drop_as(Outcome::ABANDONED);
    drop(lease);
    world.settle();
    assert_eq!(world.fake.closed(), [1]);
    assert_eq!(world.pool.stats().faults[FaultClass::Caller as usize], 1);
}

#[test]
fn a_detached_connection_belongs_to_its_caller() {
    let mut world = World::new(lazy(1));
    let conn = world.lease().detach();
    world.settle();
    assert_eq!((conn.number(), world.pool.status().total), (1, 0));
    assert_eq!(world.lease().number(), 2, "its place is free");
    drop(conn);
    assert_eq!(world.fake.closed(), [] as [u32; 0], "the pool has nothing to do with it");
    world.assert_at_rest();
}

#[test]
fn leases_and_handles_may_be_dropped_on_any_thread_outside_of_any_runtime() {
    let mut world = World::new(lazy(2));
    let (lease, broken, pool) = (world.lease(), world.lease(), world.pool.clone());
    thread::spawn(move || {
        drop(lease);
        broken.release(Outcome::BROKEN);
        drop(pool);
    })
    .join()
    .unwrap();
    world.assert_at_rest();
    assert_eq!(world.pool.status().available, 1);
}

#[test]
fn a_lease_that_outlives_the_grace_drops_its_connection() {
    let mut world = World::new(lazy(2));
    let (pool, lease) = (world.pool.clone(), world.lease());
    drop(world.lease());
    world.run(pool.shutdown(3 * SECOND));
    assert!(pool.is_closed());
    assert_eq!((pool.stats().abandoned, world.fake.live()), (1, 1));
    lease.release(Outcome::Success);
    assert_eq!(world.fake.live(), 0);
}

#[test]
fn a_lease_may_outlive_pool_and_driver() {
    let mut world = World::new(lazy(1));
    let lease = world.lease();
    let fake = world.fake.clone();
    drop(world);
    assert_eq!(fake.live(), 1);
    assert_eq!(lease.number(), 1);
    drop(lease);
    assert_eq!(fake.live(), 0);
}

#[test]
fn a_close_that_hangs_is_given_up_and_its_slot_is_free() {
    let mut world = World::new(lazy(1));
    world.fake.closes(Mood::Silent);
    world.lease().release(Outcome::BROKEN);
    assert_eq!(world.lease().number(), 2);
    assert_eq!(world.pool.stats().close_timeouts, 1);
    world.settle();
    assert_eq!((world.fake.live(), world.fake.closed().len()), (1, 0), "dropped where it hung");
}
