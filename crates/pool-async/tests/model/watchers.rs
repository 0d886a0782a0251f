//! The races of those who tell the pool something from outside, and of those who watch it.

use std::time::Duration;

use futures::StreamExt;
use loom::thread;
use pool_async::pool_core::{Notice, Outcome};

use crate::harness::{block_on, explore, lent, status};

/// Two reports about a connection while the driver turns: neither is lost, and the driver hears of them.
#[test]
fn report_beside_a_turn() {
    explore("report beside a turn", 3, || {
        let (pool, run, ledger, lease) = lent();
        lease.release(Outcome::Success);
        let driver = run.spawn();
        let (one, other) = (ledger.reporter(), ledger.reporter());
        let peer = thread::spawn(move || one.lost());
        other.keep_alive(Duration::from_secs(1));
        peer.join().unwrap();
        block_on(async {
            loop {
                let changed = pool.status_changed();
                if ledger.closed() == 1 {
                    return;
                }
                changed.await;
            }
        });
        status(&pool);
        drop(pool);
        driver.join().unwrap();
        assert_eq!((ledger.opened(), ledger.live()), (1, 0));
    });
}

/// Whoever reads the notices sees all of them, and then the end. A lease that comes back after the grace drops its connection.
#[test]
fn watch_beside_the_end() {
    explore("watch beside the end", 2, || {
        let (pool, run, ledger, lease) = lent();
        let conn = lease.conn_id();
        let driver = run.spawn();
        let mut events = pool.events();
        let watcher = thread::spawn(move || {
            let one = block_on(events.next()).map(|observed| (observed.notice, observed.missed));
            (one, block_on(events.next()))
        });
        let user = thread::spawn(move || lease.release(Outcome::Success));
        block_on(pool.shutdown(Duration::ZERO));
        user.join().unwrap();
        driver.join().unwrap();
        let (one, end) = watcher.join().unwrap();
        let abandoned = Some((Notice::LeaseAbandoned { conn }, 0));
        assert!(one == abandoned || one.is_none(), "{one:?}");
        assert_eq!(end, None);
        assert_eq!((status(&pool).total, ledger.live()), (0, 0), "I30");
    });
}
