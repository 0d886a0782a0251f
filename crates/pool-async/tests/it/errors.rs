//! What errors say and answer: each question of each error, each text.

use std::error::Error;
use std::pin::pin;
use std::time::Duration;

use pool_async::pool_core::{AcquireErrorKind, Config, FaultClass, Load, RetryPolicy, Safety, StopReason};
use pool_async::{AcquireOptions, ConnectError, ExecuteError, ExecuteOptions};

use crate::fake::{Conn, FakeError, Mood};
use crate::world::{SECOND, World, lazy, poll};

type Failed = ExecuteError<FakeError, FakeError>;

/// The retry policy's last words about work that fails so each time.
fn stopped(config: Config, safety: Safety, timeout: u32, error: FakeError) -> Failed {
    let mut world = World::new(config);
    let pool = world.pool.clone();
    let options = ExecuteOptions::new(safety).timeout(timeout * SECOND);
    let classify = |error: &FakeError| pool_async::Backend::classify(pool.backend(), error);
    world.run(pool.execute_with(options, classify, async |_: &mut Conn| Err::<(), _>(error))).unwrap_err()
}

#[test]
fn work_that_is_not_tried_again_says_why() {
    let once = Config { retry: RetryPolicy { attempts: 1, ..RetryPolicy::default() }, ..lazy(1) };
    for (error, attempts, text) in [
        (
            stopped(lazy(1), Safety::Safe, 60, FakeError::Wrong),
            1,
            "wrong (attempt 1; trying again would not help)",
        ),
        (
            stopped(lazy(1), Safety::Unsafe, 60, FakeError::Died),
            1,
            "died under way (attempt 1; not tried again, because the peer may have acted on it)",
        ),
        (stopped(once, Safety::Safe, 60, FakeError::Busy), 1, "busy (attempt 1; no attempts are left)"),
        (stopped(lazy(1), Safety::Safe, 60, FakeError::Busy), 3, "busy (attempt 3; no attempts are left)"),
        (
            stopped(lazy(1), Safety::Safe, 2, FakeError::Busy),
            1,
            "busy (attempt 1; no time is left for another try)",
        ),
    ] {
        assert_eq!((error.to_string().as_str(), error.attempts()), (text, attempts));
        assert_eq!(error.source().unwrap().to_string(), text.split(" (").next().unwrap());
        assert!(!error.is_closed());
        assert_eq!(
            error.is_timeout(),
            matches!(error, ExecuteError::Failed { stop: StopReason::Deadline, .. })
        );
    }
}

#[test]
fn a_budget_that_is_used_up_is_named() {
    let brief = Duration::from_millis(1);
    let retry = RetryPolicy { attempts: 100, delay: brief, delay_max: brief, ..RetryPolicy::default() };
    let error = stopped(Config { retry, ..lazy(1) }, Safety::Safe, 60, FakeError::Died);
    let text = "died under way (attempt 36; the budget for retries is used up)";
    assert_eq!(error.to_string(), text, "500 tokens, 14 a retry");
}

#[test]
fn work_without_a_connection_says_what_was_in_the_way() {
    let mut world = World::new(lazy(1));
    let (pool, lease) = (world.pool.clone(), world.lease());
    let options = ExecuteOptions::new(Safety::Safe).timeout(2 * SECOND);
    let judge = |_: &FakeError| unreachable!("there is no work");
    let error = world.run(pool.execute_with(options, judge, async |_: &mut Conn| Ok(()))).unwrap_err();
    assert!(matches!(error, ExecuteError::Acquire { attempts: 0, last: None, .. }), "{error}");
    assert!(error.is_timeout() && !error.is_closed());
    assert_eq!(error.attempts(), 0);
    let text = "no connection within 2s (1 of 1 connections: 1 in use, 0 free, 0 connecting; 0 waiting)";
    assert_eq!([error.to_string().as_str(), &error.source().unwrap().to_string()], [text, text]);
    drop(lease);
    world.run(pool.drain());
    let error = world.run(pool.execute(Safety::Safe, async |_: &mut Conn| Ok(()))).unwrap_err();
    assert!(error.is_closed() && !error.is_timeout());
    assert_eq!(error.to_string(), "the pool is closed");
}

#[test]
fn the_class_of_work_is_that_of_its_place_in_the_queue() {
    let mut world = World::new(lazy(1));
    let (pool, lease) = (world.pool.clone(), world.lease());
    let mut normal = pin!(pool.execute(Safety::Safe, async |_: &mut Conn| Ok(())));
    assert!(poll(normal.as_mut()).is_pending());
    let urgent = ExecuteOptions::new(Safety::Safe).priority(pool_async::pool_core::Priority::High);
    let judge = |_: &FakeError| unreachable!("nothing fails");
    let mut high = pin!(pool.execute_with(urgent, judge, async |_: &mut Conn| Ok(())));
    assert!(poll(high.as_mut()).is_pending());
    drop(lease);
    assert!(poll(normal.as_mut()).is_pending());
    assert!(poll(high.as_mut()).is_ready());
}

#[test]
fn an_acquire_that_failed_answers_every_question() {
    let mut world = World::new(Config { waiters_max: Some(1), ..lazy(1) });
    let (pool, lease) = (world.pool.clone(), world.lease());
    let mut waiter = pin!(pool.acquire());
    assert!(poll(waiter.as_mut()).is_pending());
    let full = world.run(pool.acquire()).unwrap_err();
    let load = Load { total: 1, in_use: 1, available: 0, connecting: 0, waiting: 1, max: 1 };
    assert_eq!((full.kind(), full.load()), (AcquireErrorKind::QueueFull, load));
    assert_eq!((full.cause(), full.retry_at()), (None, None));
    assert!(full.is_exhausted() && !full.is_timeout() && !full.is_closed() && !full.is_unavailable());
    let timed_out = world.run(waiter).unwrap_err();
    assert!(timed_out.is_timeout() && !timed_out.is_exhausted() && !timed_out.is_unavailable());
    lease.release(pool_async::pool_core::Outcome::BROKEN);
    world.settle();
    world.fake.connects(Mood::Refuses("down"));
    let down = world.run(pool.acquire()).unwrap_err();
    assert!(down.is_unavailable() && !down.is_exhausted() && !down.is_timeout() && !down.is_closed());
    let cause = down.cause().expect("the last connect failed");
    assert_eq!((cause.class, cause.failures), (FaultClass::Endpoint, 1));
    assert_eq!(down.retry_at(), Some(cause.retry_at));
    assert!(matches!(down.connect_error(), Some(ConnectError::Failed(FakeError::Refused("down")))));
    // Whoever watches can ask for the reason, until a connect succeeds.
    let why = |pool: &crate::world::Pool| pool.connect_error(pool.endpoints()[0].id);
    assert_eq!(why(&pool).expect("it failed").to_string(), "refused: down");
    let again = down.clone();
    assert_eq!((again.to_string(), again.load()), (down.to_string(), down.load()));
    world.fake.connects(Mood::Answers);
    world.advance(60 * SECOND);
    drop(world.lease());
    assert!(why(&pool).is_none());
}

#[test]
fn an_endpoint_has_no_error_of_another_that_was_there_before() {
    let mut world = World::new(lazy(1));
    let pool = world.pool.clone();
    world.fake.connects(Mood::Refuses("down"));
    world.run(pool.acquire()).unwrap_err();
    let former = pool.endpoints()[0].id;
    assert!(pool.connect_error(former).is_some());
    pool.drain_endpoint(former);
    let next = pool.add_endpoint(pool_async::pool_core::EndpointSpec::default());
    assert_eq!(next.index(), former.index(), "it has the place of the former one");
    assert!(pool.connect_error(next).is_none());
    world.advance(60 * SECOND);
    world.run(pool.acquire()).unwrap_err();
    assert!(pool.connect_error(next).is_some());
    assert!(pool.connect_error(former).is_none(), "it is gone");
}

#[test]
fn the_error_of_a_connect_is_that_of_the_backend() {
    #[derive(Debug)]
    struct Outer(FakeError);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("no way in")
        }
    }
    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }
    let failed = ConnectError::Failed(Outer(FakeError::Died));
    assert_eq!(
        (failed.to_string().as_str(), failed.source().unwrap().to_string().as_str()),
        ("no way in", "died under way")
    );
    let timed_out = ConnectError::<Outer>::TimedOut(SECOND);
    assert_eq!(timed_out.to_string(), "the connect was not done after 1s (connection_timeout)");
    assert!(timed_out.source().is_none());
}

#[test]
fn what_is_shown_of_handles_names_them_and_says_how_they_stand() {
    let mut world = World::new(lazy(1));
    let (pool, lease) = (world.pool.clone(), world.lease());
    let mut acquire = pin!(pool.acquire_with(AcquireOptions::default()));
    assert!(poll(acquire.as_mut()).is_pending());
    let error = pool.try_acquire().unwrap_err();
    let (clock, events, changed) = (world.clock.clone(), pool.events(), pool.status_changed());
    let (_, driver) = pool_async::Pool::builder(world.fake.clone(), clock.clone()).build().unwrap();
    for (shown, parts) in [
        (format!("{pool:?}"), ["Pool", "handles: 2"]),
        (format!("{lease:?}"), ["Lease", "#0v1"]),
        (format!("{acquire:?}"), ["Acquire", "ticket: Some"]),
        (format!("{error:?}"), ["AcquireError", "Exhausted"]),
        (format!("{clock:?}"), ["ManualClock", "t=0ns"]),
        (format!("{events:?}"), ["Events", "next"]),
        (format!("{changed:?}"), ["StatusChanged", ""]),
        (format!("{driver:?}"), ["Driver", "running: 0"]),
    ] {
        assert!(parts.iter().all(|part| shown.contains(part)), "{parts:?} are not in {shown}");
    }
}
