//! A run whose every call of the core is recorded, and the same calls once more, elsewhere.
//!
//! What it shows, and what not: the core knows no runtime, so it is no wonder that a recording has one meaning. But the run is a live
//! one, with real sockets, faults and the runtime's own order of things; that the state it ended in comes out again, byte for byte, of
//! nothing but the recording, shows that there was nothing else that the core decided by: no clock, no address, no order of threads. It
//! does not show that two live runs are alike; they are not, since their sockets are not.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use pool_async::pool_core::Config;
use pool_async::pool_recorder::Recording;
use supabase_sim::Fault;

use crate::adapter::Adapter;
use crate::site::{LONG, Site, TRY, is_blog, stubborn, until_pool, within};

/// Two dozen callers on three connections, a server that fails now and then and restarts once, and the pool's end.
pub async fn a_run_with_everything<A: Adapter>(site: &Site<A>) -> Recording {
    let health_check_interval = Duration::from_millis(5);
    let pool = site.pool(Config { min_connections: 1, health_check_interval, ..stubborn(3) });
    pool.record(1 << 16);
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
    pool.recording().expect("it is recorded")
}

/// Makes the calls of `recording` in a task of this runtime, which is put back in the row after each; the decisions. Their end is the
/// state that was recorded, byte for byte.
pub async fn the_same_calls<A: Adapter>(site: &Site<A>, recording: Arc<Recording>) -> String {
    let task = async move {
        let (mut replay, mut lines) = (recording.replay(), Vec::new());
        for step in replay.by_ref() {
            lines.push(step.to_string());
            pause().await;
        }
        assert!(replay.agrees(), "the replay ends in another state");
        lines.join("\n")
    };
    within(site.all([task])).await.pop().expect("one task")
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
