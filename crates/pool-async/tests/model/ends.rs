//! The races in which the pool ends.

use std::time::Duration;

use loom::thread;
use pool_async::pool_core::Outcome;

use crate::harness::{block_on, explore, lent, poll, pool, status};

#[test]
fn release_beside_shutdown() {
    explore("release beside shutdown", 2, || {
        let (pool, run, ledger, lease) = lent();
        let driver = run.spawn();
        let user = thread::spawn(move || lease.release(Outcome::Success));
        block_on(pool.shutdown(Duration::from_secs(1)));
        user.join().unwrap();
        driver.join().unwrap();
        assert!(pool.is_closed());
        assert_eq!((status(&pool).total, ledger.closed(), ledger.live()), (0, 1, 0), "I30");
    });
}

/// As above, with somebody who waits for that connection: they get it, or are told why not.
#[test]
fn release_beside_shutdown_with_a_waiter() {
    explore("release beside shutdown, with a waiter", 3, || {
        let (pool, mut run, ledger, lease) = lent();
        let theirs = pool.clone();
        let waiter = thread::spawn(move || match block_on(theirs.acquire()) {
            Ok(lease) => lease.release(Outcome::Success),
            Err(error) => assert!(error.is_closed(), "{error}"),
        });
        let user = thread::spawn(move || lease.release(Outcome::Success));
        assert!(poll(&mut Box::pin(pool.shutdown(Duration::from_secs(1)))).is_pending());
        user.join().unwrap();
        waiter.join().unwrap();
        assert!(run.settle(), "the driver ends with the last connection");
        assert!(pool.is_closed());
        assert_eq!((status(&pool).total, ledger.closed(), ledger.live()), (0, 1, 0), "I30");
    });
}

/// The driver goes while one caller gives a connection back and another waits for it.
#[test]
fn driver_dropped_beside_acquire() {
    explore("driver dropped beside acquire", 3, || {
        let (pool, run, ledger, lease) = lent();
        let theirs = pool.clone();
        let waiter = thread::spawn(move || match block_on(theirs.acquire()) {
            Ok(lease) => lease.release(Outcome::Success),
            Err(error) => assert!(error.is_closed(), "{error}"),
        });
        let user = thread::spawn(move || lease.release(Outcome::Success));
        drop(run);
        user.join().unwrap();
        waiter.join().unwrap();
        let error = pool.try_acquire().expect_err("nobody is left to connect");
        assert!(error.is_closed() && pool.is_closed(), "{error}");
        assert_eq!((status(&pool).total, ledger.live()), (0, 0));
    });
}

/// The driver goes after some of its turns: it had been asked to connect, or was about to be, or has connected.
#[test]
fn driver_dropped_beside_its_first_acquire() {
    explore("driver dropped beside its first acquire", 3, || {
        let (pool, mut run, ledger) = pool();
        let driver = thread::spawn(move || {
            run.settle();
        });
        match block_on(pool.acquire()) {
            Ok(lease) => lease.release(Outcome::Success),
            Err(error) => assert!(error.is_closed(), "{error}"),
        }
        driver.join().unwrap();
        block_on(pool.closed());
        assert_eq!((status(&pool).total, ledger.live()), (0, 0));
    });
}

#[test]
fn last_handle_dropped() {
    explore("last handle dropped", 3, || {
        let (pool, run, ledger, lease) = lent();
        let driver = run.spawn();
        let theirs = pool.clone();
        let other = thread::spawn(move || drop(theirs));
        let user = thread::spawn(move || lease.release(Outcome::Success));
        drop(pool);
        other.join().unwrap();
        user.join().unwrap();
        driver.join().unwrap();
        assert_eq!((ledger.opened(), ledger.closed(), ledger.live()), (1, 1, 0));
    });
}
