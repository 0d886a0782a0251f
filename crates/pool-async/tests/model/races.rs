//! The races over leases: who gets the one connection, and when.

use loom::thread::{self, JoinHandle};
use pool_async::pool_core::Outcome;

use crate::harness::{Ledger, Pool, Run, block_on, explore, lent, poll, pool, status};

/// Somebody who needs a connection and gets it.
pub(crate) fn served(pool: &Pool) -> JoinHandle<()> {
    let pool = pool.clone();
    thread::spawn(move || block_on(pool.acquire()).unwrap().release(Outcome::Success))
}

/// The race is over: the one connection is back, nobody waits, and when the handle goes, so does everything.
fn at_rest(pool: Pool, mut run: Run, ledger: &Ledger) {
    let status = status(&pool);
    assert_eq!((status.available, status.leases, status.waiting), (1, 0, 0));
    drop(pool);
    assert!(run.settle(), "the driver ends with the last handle");
    drop(run);
    assert_eq!((ledger.opened(), ledger.closed(), ledger.live()), (1, 1, 0));
}

#[test]
fn acquire_beside_release() {
    explore("acquire beside release", 3, || {
        let (pool, run, ledger, lease) = lent();
        let (one, other) = (served(&pool), served(&pool));
        lease.release(Outcome::Success);
        one.join().unwrap();
        other.join().unwrap();
        at_rest(pool, run, &ledger);
    });
}

#[test]
fn acquire_beside_cancel() {
    explore("acquire beside cancel", 3, || {
        let (pool, run, ledger, lease) = lent();
        let theirs = pool.clone();
        let leaver = thread::spawn(move || drop(poll(&mut theirs.acquire())));
        let stayer = served(&pool);
        lease.release(Outcome::Success);
        leaver.join().unwrap();
        stayer.join().unwrap();
        at_rest(pool, run, &ledger);
    });
}

/// The caller that leaves is the one that the connection is opened for.
#[test]
fn cancel_beside_connect() {
    explore("cancel beside connect", 2, || {
        let (pool, run, ledger) = pool();
        let driver = run.spawn();
        let stayer = served(&pool);
        drop(poll(&mut pool.acquire()));
        stayer.join().unwrap();
        status(&pool);
        drop(pool);
        driver.join().unwrap();
        assert_eq!((ledger.opened(), ledger.closed(), ledger.live()), (1, 1, 0));
    });
}

/// Both callers come before the driver has had its first turn, or after, or during it.
#[test]
fn acquire_beside_connect() {
    explore("acquire beside connect", 2, || {
        let (pool, run, ledger) = pool();
        let driver = run.spawn();
        let other = served(&pool);
        block_on(pool.acquire()).unwrap().release(Outcome::Success);
        other.join().unwrap();
        let status = status(&pool);
        assert_eq!((status.available, status.leases, status.waiting), (1, 0, 0));
        drop(pool);
        driver.join().unwrap();
        assert_eq!((ledger.opened(), ledger.closed(), ledger.live()), (1, 1, 0));
    });
}
