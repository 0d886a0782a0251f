//! Callers who give up all at once: in the queue, with a connection, and with a request under way.

use std::pin::pin;
use std::time::Duration;

use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::select;
use pool_async::AcquireOptions;
use pool_async::pool_core::{Config, Outcome};
use supabase_sim::Fault;

use crate::adapter::Adapter;
use crate::site::{LONG, SHORT, Site, assert_at_rest, exchange, is_blog, quiet, until_pool};

const CALLERS: u32 = 64;

/// The pool works afterwards, nothing of it is lost, and no answer that was not waited for goes to somebody else.
///
/// Where a caller is a future, it is dropped; a thread that blocks cannot be, and gives up when its own time is over.
pub async fn a_storm_of_cancelled_callers_leaves_a_pool_that_works<A: Adapter>(site: &Site<A>) {
    let pool = site.pool(Config { waiters_max: Some(CALLERS), ..quiet(4) });
    site.sim.inject(Fault::black_hole().path("/rest/v1/blogs"));
    let (cancel, cancelled) = oneshot::channel::<()>();
    let cancelled = cancelled.shared();
    let callers = site.spawn_all((0..CALLERS).map(|caller| {
        let (pool, request, cancelled) = (pool.clone(), site.blog(1), cancelled.clone());
        let timeout = Some(SHORT + Duration::from_millis(u64::from(caller)));
        async move {
            let call = async {
                let patience = AcquireOptions { timeout, ..AcquireOptions::default() };
                let Ok(mut lease) = A::get(&pool, patience).await else { return };
                lease.drop_as(Outcome::ABANDONED);
                if !caller.is_multiple_of(5) {
                    // Nobody answers: it ends with its caller, or at its limit.
                    assert!(exchange(lease, request, SHORT).await.is_err());
                }
            };
            // Its error says that the other end is gone: that is the signal.
            select(pin!(call), cancelled).await;
        }
    }));
    until_pool(&pool, |pool| pool.stats().acquires >= u64::from(CALLERS)).await;
    drop(cancel);
    callers.await;
    site.sim.heal();
    assert_at_rest(&pool);
    for id in 1..=8 {
        let lease = pool.get().await.expect("a lease");
        let answer = exchange(lease, site.blog(id), LONG).await.expect("an answer");
        assert!(is_blog(&answer, id), "somebody else's answer: {answer:?}");
    }
    let stats = pool.stats();
    assert!(stats.cancelled + stats.timeouts > 0, "{stats:?}");
    // The server may learn of an end after it has learned of the next beginning, so only in the end.
    site.until(|counters| counters.open <= 4).await;
    pool.shutdown(LONG).await;
    site.until(|counters| counters.open == 0).await;
}
