//! A run whose every call of the core is recorded, and the same calls once more, elsewhere.
//!
//! What it shows, and what not: the core knows no runtime, so it is no wonder that a tape has one meaning. But the run is a live one,
//! with real sockets, faults and the runtime's own order of things; that its log comes out again, byte for byte, of nothing but the tape,
//! shows that there was nothing else that the core decided by: no clock, no address, no order of threads. It does not show that two live
//! runs are alike; they are not, since their sockets are not.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use pool_async::Tape;
use pool_async::pool_core::Config;
use supabase_sim::Fault;

use crate::adapter::Adapter;
use crate::site::{LONG, Site, TRY, is_blog, stubborn, until_pool, within};

/// Two dozen callers on three connections, a server that fails now and then and restarts once, and the pool's end.
pub async fn a_run_with_everything<A: Adapter>(site: &Site<A>) -> Tape {
    let health_check_interval = Duration::from_millis(5);
    let pool = site.pool(Config { min_connections: 1, health_check_interval, ..stubborn(3) });
    assert!(pool.record(), "nobody uses it yet");
    site.sim.inject(Fault::reset().chance(0.1, 7));
    site.sim.inject(Fault::AnnounceClose.chance(0.1, 8));
    let load = site.spawn_all((0..24).map(|caller| {
        let id = 1 + caller % 10;
        let (pool, request) = (pool.clone(), site.blog(id));
        async move {
            for _ in 0..10 {
                let answer = A::ask(pool.clone(), request.clone(), TRY).await;
                assert!(is_blog(&answer.expect("an answer"), id));
            }
        }
    }));
    site.until(|counters| counters.executed.len() >= 60).await;
    site.sim.restart().expect("the port is still free");
    load.await;
    until_pool(&pool, |pool| pool.stats().probes > 0).await;
    pool.invalidate();
    pool.shutdown(LONG).await;
    pool.recorded().expect("it was recorded")
}

/// Makes the calls of `tape` in a task of this runtime, which is put back in the row after each; the log.
pub async fn the_same_calls<A: Adapter>(site: &Site<A>, tape: Arc<Tape>) -> String {
    let task = async move {
        let mut replay = tape.replay();
        while replay.step() {
            pause().await;
        }
        replay.tape().map(|tape| tape.log().to_owned())
    };
    let mut logs = within(site.all([task])).await;
    logs.pop().flatten().expect("a replay is recorded")
}

/// Lets other tasks go first.
async fn pause() {
    let mut paused = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
