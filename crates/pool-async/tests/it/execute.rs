//! Work, tried again where that can help and cannot hurt.

use std::cell::Cell;
use std::error::Error;
use std::pin::pin;

use pool_async::pool_core::{Config, FaultClass, RetryPolicy, Safety, StopReason, Time};
use pool_async::{ExecuteError, ExecuteOptions};

use crate::fake::{Conn, FakeError, Mood};
use crate::world::{Pool, SECOND, World, lazy, poll};

/// Fails with `errors`, one a try, then succeeds with the number of its connection.
async fn failing(
    pool: Pool,
    safety: Safety,
    errors: &[FakeError],
) -> Result<u32, ExecuteError<FakeError, FakeError>> {
    let mut errors = errors.iter();
    pool.execute(safety, async |conn| errors.next().map_or(Ok(conn.number()), |&error| Err(error))).await
}

#[test]
fn a_success_is_reported_and_the_connection_kept() {
    let mut world = World::new(lazy(2));
    let pool = world.pool.clone();
    assert_eq!(world.run(failing(pool.clone(), Safety::Unsafe, &[])).unwrap(), 1);
    assert_eq!((pool.stats().successes, pool.status().available), (1, 1));
}

#[test]
fn a_wrong_request_is_not_tried_again() {
    let mut world = World::new(lazy(2));
    let pool = world.pool.clone();
    let error = world.run(failing(pool, Safety::Safe, &[FakeError::Wrong])).unwrap_err();
    assert!(matches!(error, ExecuteError::Failed { stop: StopReason::Permanent, attempts: 1, .. }));
    assert_eq!(error.to_string(), "wrong (attempt 1; trying again would not help)");
    assert_eq!(error.source().unwrap().to_string(), "wrong");
    assert_eq!(error.into_work_error(), Some(FakeError::Wrong));
    assert_eq!(world.fake.closed(), [] as [u32; 0]);
}

#[test]
fn what_was_never_sent_is_tried_again_at_once_even_if_unsafe() {
    let mut world = World::new(lazy(2));
    let pool = world.pool.clone();
    assert_eq!(world.run(failing(pool.clone(), Safety::Unsafe, &[FakeError::NotSent])).unwrap(), 2);
    assert_eq!((pool.now(), world.fake.closed()), (Time::ZERO, vec![1]));
}

#[test]
fn what_may_have_been_sent_is_not_tried_again_if_unsafe() {
    let mut world = World::new(lazy(2));
    let pool = world.pool.clone();
    let error = world.run(failing(pool.clone(), Safety::Unsafe, &[FakeError::Died])).unwrap_err();
    assert!(
        matches!(error, ExecuteError::Failed { stop: StopReason::MaybeSent, attempts: 1, .. }),
        "{error}"
    );
    assert_eq!(world.run(failing(pool, Safety::Safe, &[FakeError::Died])).unwrap(), 3);
}

#[test]
fn a_retry_goes_to_a_connection_that_has_proved_alive_since() {
    let mut world = World::new(lazy(2));
    let (pool, one) = (world.pool.clone(), world.lease());
    drop(world.lease());
    drop(one);
    world.advance(SECOND);
    // The first idle connection dies under the request; the second has not been heard of since, and is asked first.
    let number = world.run(failing(pool, Safety::Unsafe, &[FakeError::NotSent])).unwrap();
    assert_eq!((number, world.fake.probed()), (1, vec![1]));
    assert_eq!(world.fake.closed(), [2]);
}

#[test]
fn a_busy_peer_is_left_alone_for_as_long_as_it_asks_and_not_probed() {
    let mut world = World::new(lazy(2));
    let pool = world.pool.clone();
    assert_eq!(world.run(failing(pool.clone(), Safety::Idempotent, &[FakeError::Busy])).unwrap(), 1);
    assert!(pool.now() >= Time::ZERO + 2 * SECOND);
    assert_eq!((world.fake.probed().len(), pool.stats().retries), (0, 1));
}

#[test]
fn attempts_end() {
    let retry = RetryPolicy { attempts: 2, ..RetryPolicy::default() };
    let mut world = World::new(Config { retry, ..lazy(2) });
    let pool = world.pool.clone();
    let error = world.run(failing(pool, Safety::Safe, &[FakeError::Died; 5])).unwrap_err();
    assert!(matches!(error, ExecuteError::Failed { stop: StopReason::Attempts, attempts: 2, .. }), "{error}");
}

#[test]
fn a_peer_that_cannot_be_reached_is_told_before_any_work() {
    let mut world = World::new(lazy(2));
    world.fake.connects(Mood::Refuses("closed for today"));
    let pool = world.pool.clone();
    let error = world.run(failing(pool, Safety::Safe, &[])).unwrap_err();
    assert!(matches!(error, ExecuteError::Acquire { attempts: 0, last: None, .. }));
    assert!(error.to_string().ends_with("refused: closed for today"), "{error}");
    assert!(!error.is_timeout() && !error.is_closed());
}

#[test]
fn who_finds_no_connection_for_another_try_still_learns_how_the_last_one_ended() {
    let mut world = World::new(lazy(1));
    let (pool, fake) = (world.pool.clone(), world.fake.clone());
    let work = pool.execute(Safety::Safe, async |_: &mut Conn| {
        fake.connects(Mood::Refuses("gone"));
        Err::<(), _>(FakeError::NotSent)
    });
    let error = world.run(work).unwrap_err();
    assert_eq!(error.attempts(), 1);
    assert!(
        error.to_string().ends_with("tried 1 times before; the last try failed: died before it was sent"),
        "{error}"
    );
    assert_eq!(error.into_work_error(), Some(FakeError::NotSent));
}

#[test]
fn one_deadline_cuts_everything_and_closes_what_was_under_way() {
    let mut world = World::new(lazy(1));
    let pool = world.pool.clone();
    let options = ExecuteOptions::new(Safety::Safe).timeout(3 * SECOND);
    let judge = |_: &FakeError| unreachable!("the work never ends");
    let work = async |_: &mut Conn| std::future::pending::<Result<(), FakeError>>().await;
    let error = world.run(pool.execute_with(options, judge, work)).unwrap_err();
    assert!(
        matches!(error, ExecuteError::Timeout { after, attempts: 1, last: None, .. } if after == 3 * SECOND)
    );
    assert!(error.is_timeout());
    assert_eq!(pool.now(), Time::ZERO + 3 * SECOND);
    world.settle();
    let faults = pool.stats().faults;
    assert_eq!(
        (world.fake.closed(), faults[FaultClass::Caller as usize], faults.iter().sum()),
        (vec![1], 1, 1_u64)
    );
}

#[test]
fn without_a_timeout_work_takes_as_long_as_it_takes() {
    let mut world = World::new(lazy(1));
    let (pool, clock) = (world.pool.clone(), world.clock.clone());
    let work = pool.execute(Safety::Safe, async |_: &mut Conn| {
        pool_async::Clock::sleep(&clock, 60 * SECOND).await;
        Ok(())
    });
    world.run(work).unwrap();
    assert_eq!(pool.now(), Time::ZERO + 60 * SECOND);
}

#[test]
fn work_dropped_in_the_middle_closes_its_connection() {
    let mut world = World::new(lazy(1));
    let pool = world.pool.clone();
    drop(world.lease());
    let begun = Cell::new(false);
    {
        let mut work = pin!(pool.execute(Safety::Safe, async |_: &mut Conn| {
            begun.set(true);
            std::future::pending::<Result<(), FakeError>>().await
        }));
        assert!(poll(work.as_mut()).is_pending());
    }
    assert!(begun.get());
    world.settle();
    assert_eq!(world.fake.closed(), [1]);
    assert_eq!(pool.stats().faults[FaultClass::Caller as usize], 1);
}
