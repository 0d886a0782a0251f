//! Every future is dropped at every point at which it can be: nothing may leak, and whoever comes next is served.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use pool_async::pool_core::{Config, Safety};
use pool_async::{AcquireOptions, ExecuteOptions, Pool};

use crate::fake::{Fake, FakeError, Mood};
use crate::world::{self, SECOND, Task, World, lazy, poll};

/// Drops what `future` makes after its first, second, … step, each time in a new world, until it comes to its end.
fn dropped_after_each_step<F: Future>(
    config: &Config,
    mut before: impl FnMut(&mut World),
    mut future: impl FnMut(world::Pool) -> F,
    mut after: impl FnMut(&mut World),
) {
    for steps in 0.. {
        let mut world = World::new(config.clone());
        before(&mut world);
        let done = {
            let mut future = pin!(future(world.pool.clone()));
            let task = Arc::new(Task::default());
            let mut step = || {
                let woken = task.woken();
                let done = task.poll(future.as_mut()).is_ready();
                world.settle();
                if !done && task.woken() == woken {
                    world.advance(SECOND / 2);
                }
                done
            };
            (0..steps).any(|_| step())
        };
        after(&mut world);
        assert!(steps < 1000, "it never ends");
        if done {
            assert!(steps > 1, "it never waited");
            return;
        }
    }
}

fn serves_the_next(world: &mut World) {
    drop(world.lease());
    world.assert_at_rest();
}

#[test]
fn an_acquire_that_makes_the_pool_dial() {
    let acquire = async |pool: world::Pool| drop(pool.acquire().await.unwrap());
    dropped_after_each_step(&lazy(1), |_| {}, acquire, serves_the_next);
}

#[test]
fn an_acquire_that_waits_for_a_probe() {
    let config = Config { health_check_interval: Duration::ZERO, ..lazy(1) };
    let stale = |world: &mut World| {
        drop(world.lease());
        world.advance(40 * SECOND);
    };
    let acquire = async |pool: world::Pool| drop(pool.acquire().await.unwrap());
    dropped_after_each_step(&config, stale, acquire, serves_the_next);
}

#[test]
fn an_acquire_that_fails() {
    let acquire = async |pool: world::Pool| drop(pool.acquire().await.unwrap_err());
    let refuses = |world: &mut World| world.fake.connects(Mood::Refuses("no"));
    dropped_after_each_step(&lazy(1), refuses, acquire, |world| {
        world.fake.connects(Mood::Answers);
        world.advance(SECOND);
        serves_the_next(world);
    });
}

#[test]
fn an_execute_that_is_tried_again() {
    let execute = async |pool: world::Pool| {
        let options = ExecuteOptions::new(Safety::Safe).timeout(9 * SECOND);
        let mut tries = 0;
        let work = async |_: &mut _| {
            tries += 1;
            yield_once().await;
            if tries < 3 { Err(FakeError::Died) } else { Ok(()) }
        };
        let judge = |error: &FakeError| pool_async::Backend::classify(pool.backend(), error);
        pool.execute_with(options, judge, work).await.unwrap();
    };
    dropped_after_each_step(&lazy(2), |_| {}, execute, serves_the_next);
}

#[test]
fn a_warm_up() {
    let warm_up = async |pool: world::Pool| pool.warm_up(3, SECOND).await.unwrap();
    let config = Config { connects_max: 2, ..lazy(3) };
    dropped_after_each_step(&config, |_| {}, warm_up, serves_the_next);
}

#[test]
fn a_drain_and_a_shutdown() {
    let open = |world: &mut World| drop(world.lease());
    let is_closed = |world: &mut World| {
        let begun = world.pool.try_acquire().is_err_and(|error| error.is_closed());
        world.settle();
        assert_eq!(begun, world.pool.is_closed(), "what was begun goes on by itself");
        assert_eq!(world.fake.live(), u32::from(!begun));
    };
    dropped_after_each_step(&lazy(1), open, async |pool: world::Pool| pool.drain().await, is_closed);
    dropped_after_each_step(&lazy(1), open, async |pool: world::Pool| pool.shutdown(SECOND).await, is_closed);
}

#[test]
fn a_waiter_in_the_middle_of_the_queue_delays_nobody_i15() {
    let mut world = World::new(lazy(1));
    let (pool, lease) = (world.pool.clone(), world.lease());
    let mut waiters: Vec<_> = (0..3).map(|_| Some(Box::pin(pool.acquire()))).collect();
    for waiter in waiters.iter_mut().flatten() {
        assert!(poll(waiter.as_mut()).is_pending());
    }
    waiters[1] = None;
    drop(lease);
    // Granted, but not yet claimed: the connection goes to the next.
    waiters[0] = None;
    assert!(poll(waiters[2].as_mut().unwrap().as_mut()).is_ready());
    waiters.clear();
    assert_eq!(pool.stats().cancelled, 2);
    world.assert_at_rest();
}

#[test]
fn the_driver_at_any_point_leaves_nobody_waiting_and_nothing_open() {
    for steps in 0..12 {
        let fake = Fake::new();
        let clock = pool_async::ManualClock::new();
        let config = Config { min_connections: 2, connects_max: 2, ..lazy(2) };
        let (pool, driver) = Pool::builder(fake.clone(), clock.clone()).config(config).build().unwrap();
        let waiters: Vec<_> =
            (0..4).map(|_| Box::pin(pool.acquire_with(AcquireOptions::default()))).collect();
        let mut waiters = waiters;
        for waiter in &mut waiters {
            assert!(poll(waiter.as_mut()).is_pending());
        }
        {
            let mut driver = pin!(driver.run());
            fake.connects(if steps % 2 == 0 { Mood::Silent } else { Mood::Answers });
            for _ in 0..steps {
                assert!(poll(driver.as_mut()).is_pending());
                clock.advance(SECOND / 4);
            }
        }
        assert!(pool.is_closed());
        pool.check().unwrap();
        for waiter in waiters {
            if let Err(error) = futures::FutureExt::now_or_never(waiter).expect("nobody is left waiting") {
                assert!(error.is_closed() || error.is_timeout(), "{error}");
            }
        }
        assert_eq!(fake.live(), 0, "after {steps} steps");
    }
}

async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}
