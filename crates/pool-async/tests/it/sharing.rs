//! Connections that carry several leases, and what transports report by themselves.

use std::time::Duration;

use pool_async::pool_core::{CloseReason, Config, Health, Outcome};

use crate::fake::{Fake, Mood};
use crate::world::{SECOND, World, lazy, poll};

fn sharing(leases_max: u32, config: Config) -> World {
    let fake = Fake::new();
    fake.shares(leases_max);
    World::with(config, fake)
}

#[test]
fn a_connection_carries_as_many_leases_as_it_can_and_no_more_i2() {
    let mut world = sharing(3, lazy(2));
    let leases: Vec<_> = (0..4).map(|_| world.lease()).collect();
    let mut numbers: Vec<_> = leases.iter().map(|lease| lease.number()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 1, 1, 2]);
    assert_eq!((world.pool.status().leases, world.pool.status().in_use), (4, 2));
    drop(leases);
    world.assert_at_rest();
    let again: Vec<_> = (0..4).map(|_| world.lease().number()).collect();
    let leases: Vec<_> = (0..4).map(|_| world.lease()).collect();
    assert_eq!((again.len(), leases.len(), world.fake.opened()), (4, 4, 2), "handles come back to nothing");
}

#[test]
fn a_connection_that_cannot_be_shared_carries_one_whatever_it_says() {
    struct Alone;
    impl pool_async::Backend for Alone {
        type Conn = ();
        type Error = std::convert::Infallible;
        async fn connect(
            &self,
            _: pool_async::ConnectContext,
        ) -> Result<pool_async::Connected<()>, std::convert::Infallible> {
            Ok(pool_async::Connected::shared((), 100))
        }
        async fn probe(&self, (): &mut ()) -> Result<(), std::convert::Infallible> {
            Ok(())
        }
        fn is_broken(&self, (): &()) -> bool {
            false
        }
        async fn close(&self, (): ()) {}
        fn classify(&self, error: &std::convert::Infallible) -> pool_async::Fault {
            match *error {}
        }
    }
    let (pool, driver) = pool_async::Pool::builder(Alone, pool_async::ManualClock::new()).build().unwrap();
    let mut driver = Box::pin(driver.run());
    assert!(crate::world::poll(driver.as_mut()).is_pending());
    assert!(pool.connections().iter().all(|row| row.info.leases_max == 1));
}

#[test]
fn a_shared_connection_is_closed_when_its_last_lease_ends() {
    let mut world = sharing(2, lazy(1));
    let (one, two) = (world.lease(), world.lease());
    one.release(Outcome::BROKEN);
    world.settle();
    assert_eq!(world.fake.closed(), [] as [u32; 0]);
    drop(two);
    world.settle();
    assert_eq!((world.fake.closed(), world.fake.live()), (vec![1], 0));
}

#[test]
fn a_detached_handle_leaves_the_connection_to_the_others() {
    let mut world = sharing(2, lazy(1));
    let (one, two) = (world.lease(), world.lease());
    let handle = one.detach();
    assert_eq!(world.pool.status().leases, 1);
    drop(handle);
    assert_eq!(world.lease().number(), 1);
    let last = two.detach();
    world.settle();
    assert_eq!((last.number(), world.pool.status().total, world.lease().number()), (1, 1, 1));
}

#[test]
fn a_connection_that_makes_no_progress_is_probed_under_its_leases() {
    let mut world = sharing(4, Config { min_connections: 2, ..lazy(2) });
    world.settle();
    let stalled = world.lease();
    world.fake.probes(Mood::Silent);
    world.advance(SECOND / 4);
    assert_eq!(world.fake.probed(), [stalled.number()]);
    let suspect = world.pool.connections().into_iter().find(|row| row.info.health == Health::Suspect);
    assert_eq!(suspect.unwrap().info.id, stalled.conn_id());
    let others: Vec<_> = (0..4).map(|_| world.lease()).collect();
    assert!(others.iter().all(|lease| lease.number() != stalled.number()), "no lease while another has room");
    let dead = stalled.number();
    world.advance(SECOND);
    assert_eq!((world.fake.closed(), world.pool.stats().closed_for(CloseReason::Dead)), (vec![dead], 1));
    assert_eq!(
        (world.pool.status().leases, world.pool.stats().abandoned),
        (4, 1),
        "it ended with its connection"
    );
    drop(stalled);
    drop(others);
    world.assert_at_rest();
}

#[test]
fn a_connection_that_is_asked_under_its_leases_and_answers_keeps_them() {
    let mut world = sharing(4, lazy(1));
    let slow = world.lease();
    world.advance(60 * SECOND);
    assert!(world.fake.probed().len() > 3, "it was asked, with more and more patience");
    assert_eq!((world.pool.status().leases, world.fake.closed()), (1, vec![]));
    slow.release(Outcome::Success);
    world.assert_at_rest();
}

#[test]
fn a_connection_that_is_found_dead_is_closed_when_its_last_grant_is_claimed() {
    let mut world = sharing(2, lazy(1));
    let (one, two) = (world.lease(), world.lease());
    let pool = world.pool.clone();
    let mut acquire = Box::pin(pool.acquire());
    assert!(poll(acquire.as_mut()).is_pending());
    world.fake.probes(Mood::Silent);
    drop(two);
    world.advance(2 * SECOND);
    assert_eq!(world.fake.closed(), [] as [u32; 0], "there is a grant on it that nobody has claimed");
    world.fake.probes(Mood::Answers);
    let late = world.run(acquire).unwrap();
    world.settle();
    assert_eq!(
        (world.fake.closed(), late.number()),
        (vec![one.number()], 1),
        "it is claimed, and they end together"
    );
    drop((one, late));
    assert_eq!(world.lease().number(), 2);
    world.assert_at_rest();
}

#[test]
fn progress_is_noted_without_waking_the_driver() {
    let mut world = sharing(4, lazy(2));
    let _lease = world.lease();
    let before = world.pool.turns();
    for _ in 0..10 {
        world.fake.reporter(1).progress();
    }
    world.settle();
    assert_eq!(world.pool.turns() - before, 2, "the check and this question");
    let (pool, mut changed) = (world.pool.clone(), std::pin::pin!(world.pool.status_changed()));
    world.fake.reporter(1).progress();
    assert_eq!(pool.status().in_use, 1, "a turn hears it");
    assert!(poll(changed.as_mut()).is_pending(), "and it is no change");
    world.advance(SECOND / 5);
    world.fake.reporter(1).progress();
    world.advance(SECOND / 5);
    assert_eq!(world.fake.probed(), [] as [u32; 0]);
}

#[test]
fn a_peer_may_change_how_many_leases_it_takes() {
    let mut world = sharing(2, lazy(1));
    let lease = world.lease();
    world.fake.reporter(1).lease_limit(1);
    assert!(world.pool.try_acquire().unwrap_err().is_exhausted());
    world.fake.reporter(1).lease_limit(2);
    drop(world.pool.try_acquire().unwrap());
    drop(lease);
}

#[test]
fn a_limit_raised_for_a_connection_that_cannot_be_shared_changes_nothing() {
    let mut world = World::new(lazy(1));
    let _lease = world.lease();
    world.fake.reporter(1).lease_limit(100);
    assert!(world.pool.try_acquire().unwrap_err().is_exhausted());
    assert_eq!(world.pool.connections()[0].info.leases_max, 1);
}

#[test]
fn what_the_transport_found_dead_is_never_granted_even_before_the_driver_hears_of_it() {
    let mut world = World::new(lazy(1));
    drop(world.lease());
    world.fake.reporter(1).lost();
    assert!(world.pool.try_acquire().is_err());
    world.settle();
    assert_eq!(world.fake.closed(), [1]);
    assert_eq!(world.pool.stats().closed_for(CloseReason::Lost), 1);
    world.fake.reporter(1).lost();
    world.settle();
    assert_eq!(world.lease().number(), 2, "a report about the past is nothing");
}

#[test]
fn a_connection_that_retires_ends_with_its_lease() {
    let mut world = World::new(lazy(1));
    let lease = world.lease();
    world.fake.reporter(1).retiring();
    world.settle();
    assert_eq!(world.fake.closed(), [] as [u32; 0]);
    drop(lease);
    world.settle();
    assert_eq!(world.pool.stats().closed_for(CloseReason::Retired), 1);
}

#[test]
fn what_two_transports_notice_between_two_turns_is_heard_of_both() {
    let mut world = World::new(lazy(2));
    let leases = [world.lease(), world.lease()];
    world.fake.reporter(1).retiring();
    world.fake.reporter(2).retiring();
    drop(leases);
    world.settle();
    assert_eq!(world.fake.closed(), [1, 2]);
}

#[test]
fn a_keep_alive_that_the_peer_names_makes_the_idle_be_probed_earlier() {
    let mut world = World::new(Config { health_check_interval: Duration::ZERO, ..lazy(1) });
    drop(world.lease());
    world.fake.reporter(1).keep_alive(5 * SECOND);
    world.advance(6 * SECOND);
    drop(world.lease());
    assert_eq!(world.fake.probed(), [1]);
}

#[test]
fn a_reporter_may_outlive_the_pool() {
    let mut world = World::new(lazy(1));
    drop(world.lease());
    let reporter = world.fake.reporter(1);
    drop(world);
    reporter.lost();
    assert_eq!(format!("{reporter:?}"), format!("Reporter {{ conn: {:?}, .. }}", reporter.conn()));
}
