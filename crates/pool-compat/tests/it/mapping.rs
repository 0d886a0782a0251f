//! Which method of a manager is called when, in virtual time and without a server.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::executor::block_on;
use futures::future::join;
use pool_async::pool_core::{Config, FaultClass, Outcome, Reuse, Sent};
use pool_async::{AcquireOptions, Backend, Fault, Lease, ManualClock, Pool};
use pool_compat::{Bb8, Deadpool, Failure};

use crate::counting::{Answers, Asked, Counting};

/// An error of the standard's kind for a manager that has only strings.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said(String);

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Said {}

fn bb8(manager: &Counting) -> Bb8<Counting, Said> {
    Bb8::with_error(manager.clone(), Said)
}

fn deadpool(manager: &Counting) -> Deadpool<Counting, Said> {
    Deadpool::with_error(manager.clone(), Said)
}

/// Runs `story` beside the driver, and ends when the pool has drained. One connection at most.
fn tell<B: Backend>(backend: B, story: impl AsyncFnOnce(&Pool<B, ManualClock>)) {
    let config = Config { min_connections: 0, max_connections: 1, ..Config::default() };
    let (pool, driver) = Pool::builder(backend, ManualClock::new()).config(config).build().unwrap();
    let told = async {
        story(&pool).await;
        pool.check().unwrap();
        pool.drain().await;
    };
    block_on(join(driver.run(), told));
}

/// A lease on a connection that was tested for it, unless it is new.
async fn tested<B: Backend>(pool: &Pool<B, ManualClock>) -> Lease<B, ManualClock> {
    pool.clock().advance(std::time::Duration::from_millis(1));
    let proven = AcquireOptions { proven_since: Some(pool.now()), ..AcquireOptions::default() };
    pool.acquire_with(proven).await.unwrap()
}

#[test]
fn bb8_is_asked_whether_a_connection_is_broken_at_each_hand_out_and_return() {
    let manager = Counting::default();
    tell(bb8(&manager), async |pool| {
        let lease = pool.acquire().await.unwrap();
        let asked = manager.asked();
        assert_eq!((&asked[0], asked.last()), (&Asked::Connect, Some(&Asked::Broken { conn: 1 })));
        lease.release(Outcome::Success);
        assert_eq!(manager.asked(), [Asked::Broken { conn: 1 }]);
        manager.answer(Answers { say_broken: true, ..Answers::default() });
        assert!(pool.try_acquire().is_err(), "a broken connection is not handed out");
        manager.answer(Answers::default());
        assert_eq!(pool.acquire().await.unwrap().get_mut().number, 2);
    });
}

#[test]
fn bb8_tests_with_is_valid_and_closes_what_fails() {
    let manager = Counting::default();
    tell(bb8(&manager), async |pool| {
        drop(pool.acquire().await.unwrap());
        drop(tested(pool).await);
        assert!(manager.asked().contains(&Asked::Test { conn: 1, recycled: 0 }));
        manager.answer(Answers { refuse_tests: true, ..Answers::default() });
        assert_eq!(tested(pool).await.get_mut().number, 2);
        assert!(manager.asked().contains(&Asked::Drop { conn: 1 }));
    });
}

#[test]
fn a_bb8_connection_can_be_taken_out() {
    let manager = Counting::default();
    tell(bb8(&manager), async |pool| {
        let taken = pool.acquire().await.unwrap().detach().into_inner();
        assert_eq!((taken.number, pool.status().total), (1, 0));
        assert!(!manager.asked().contains(&Asked::Drop { conn: 1 }));
    });
}

#[test]
fn deadpool_recycles_with_the_metrics_of_the_connection() {
    let manager = Counting::default();
    tell(deadpool(&manager), async |pool| {
        let lease = pool.acquire().await.unwrap();
        assert_eq!((lease.metrics().recycle_count, lease.metrics().recycled), (0, None));
        drop(lease);
        drop(tested(pool).await);
        let lease = tested(pool).await;
        assert_eq!(lease.metrics().recycle_count, 2);
        assert!(lease.metrics().recycled >= Some(lease.metrics().created));
        let tests = [Asked::Test { conn: 1, recycled: 0 }, Asked::Test { conn: 1, recycled: 1 }];
        assert_eq!(manager.asked()[1..], tests);
    });
}

#[test]
fn deadpool_closes_what_is_not_recycled_whether_by_error_or_by_words() {
    let manager = Counting::default();
    tell(deadpool(&manager), async |pool| {
        drop(pool.acquire().await.unwrap());
        manager.answer(Answers { refuse_tests: true, ..Answers::default() });
        assert_eq!(tested(pool).await.number, 2);
        manager.answer(Answers { refuse_in_words: true, ..Answers::default() });
        assert_eq!(tested(pool).await.number, 3);
        assert_eq!(pool.stats().probe_failures, 2);
    });
}

#[test]
fn deadpool_is_told_once_of_each_connection_that_is_closed() {
    let manager = Counting::default();
    tell(deadpool(&manager), async |pool| {
        pool.acquire().await.unwrap().release(Outcome::BROKEN);
        assert_eq!(pool.acquire().await.unwrap().number, 2);
    });
    let ends = [1, 2].map(|conn| [Asked::Detach { conn }, Asked::Drop { conn }]).concat();
    assert_eq!(
        manager.asked(),
        [vec![Asked::Connect], ends[..2].to_vec(), vec![Asked::Connect], ends[2..].to_vec()].concat()
    );
}

#[test]
fn deadpool_is_told_once_of_a_connection_that_is_taken_out() {
    let manager = Counting::default();
    tell(deadpool(&manager), async |pool| {
        let taken = pool.acquire().await.unwrap().detach();
        assert_eq!(manager.asked(), [Asked::Connect]);
        let taken = taken.into_inner();
        assert_eq!(manager.asked(), [Asked::Detach { conn: 1 }]);
        drop(taken);
        assert_eq!(manager.asked(), [Asked::Drop { conn: 1 }]);
    });
}

#[test]
fn deadpool_is_told_of_a_lease_that_outlives_the_driver() {
    let manager = Counting::default();
    let (pool, driver) = Pool::builder(deadpool(&manager), ManualClock::new()).build().unwrap();
    let lease = block_on(async {
        let (acquire, run) = (pool.acquire(), driver.run());
        // The driver is dropped as soon as there is a lease.
        match futures::future::select(acquire, std::pin::pin!(run)).await {
            futures::future::Either::Left((lease, _)) => lease.unwrap(),
            futures::future::Either::Right(_) => panic!("the driver ended"),
        }
    });
    let number = lease.number;
    manager.asked();
    drop(lease);
    assert_eq!(manager.asked(), [Asked::Detach { conn: number }, Asked::Drop { conn: number }]);
}

#[test]
fn dead_connections_of_deadpool_are_told_by_a_closure() {
    let manager = Counting::default();
    let worn_out = Arc::new(AtomicU32::new(0));
    let dead = Arc::clone(&worn_out);
    let backend = deadpool(&manager).broken_when(move |conn| conn.number == dead.load(Ordering::Relaxed));
    tell(backend, async |pool| {
        pool.acquire().await.unwrap().release(Outcome::Success);
        worn_out.store(1, Ordering::Relaxed);
        assert_eq!(pool.acquire().await.unwrap().number, 2);
    });
}

#[test]
fn an_error_is_judged_by_its_step_unless_a_classifier_knows_better() {
    let manager = Counting::default();
    let said = || Said("nobody there".to_owned());
    let plain = bb8(&manager);
    let judged = |failure| Backend::classify(&plain, &failure);
    let refused = Fault::new(FaultClass::Endpoint, Reuse::Discard).sent(Sent::No);
    assert_eq!(judged(Failure::Connect(said())), refused);
    assert_eq!(judged(Failure::Probe(said())), Fault::broken());
    assert_eq!(judged(Failure::Refused("worn out".into())), Fault::broken());
    assert_eq!(judged(Failure::Work(said())), Fault::broken());

    let knowing = deadpool(&manager).classify(|failure| {
        if matches!(failure, Failure::Work(_)) { Fault::application() } else { failure.fault() }
    });
    assert_eq!(Backend::classify(&knowing, &Failure::Work(said())), Fault::application());
    assert_eq!(Backend::classify(&knowing, &Failure::Connect(said())), refused);
}

#[test]
fn a_connect_that_fails_is_told_in_the_managers_own_words() {
    let manager = Counting::default();
    manager.answer(Answers { refuse_connects: true, ..Answers::default() });
    tell(bb8(&manager), async |pool| {
        let error = pool.acquire().await.unwrap_err();
        assert!(error.is_unavailable());
        assert!(error.to_string().ends_with(": nobody there"), "{error}");
        let cause = error.source().and_then(|cause| cause.downcast_ref::<Failure<Said>>());
        assert_eq!(cause, Some(&Failure::Connect(Said("nobody there".to_owned()))));
    });
}
