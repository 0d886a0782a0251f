//! More callers at once than there are connections.

use pool_async::pool_core::Config;

use crate::adapter::{Adapter, Denied};
use crate::site::{LONG, Site, assert_at_rest, exchange, is_blog, quiet, until_pool};

const CALLERS: u32 = 64;

/// Everybody is served, on no more connections than allowed.
pub async fn a_crowd_shares_a_few_connections<A: Adapter>(site: &Site<A>) {
    const EACH: u32 = 4;
    let pool = site.pool(Config { waiters_max: Some(CALLERS), ..quiet(4) });
    let callers = (0..CALLERS).map(|caller| {
        let id = 1 + caller % 10;
        let (pool, request) = (pool.clone(), site.blog(id));
        async move {
            for _ in 0..EACH {
                let lease = pool.get().await.expect("a lease");
                let answer = exchange(lease, request.clone(), LONG).await.expect("an answer");
                assert!(is_blog(&answer, id), "somebody else's answer: {answer:?}");
            }
        }
    });
    site.all(callers).await;
    let (counters, stats) = (site.sim.counters(), pool.stats());
    assert!(counters.open_max <= 4, "{} sockets at once", counters.open_max);
    assert_eq!((counters.opened, stats.opened), (stats.opened, stats.connects), "none was lost");
    assert_eq!(site.executed() as u32, CALLERS * EACH);
    assert_eq!((stats.timeouts, stats.queue_full, stats.successes), (0, 0, u64::from(CALLERS * EACH)));
    assert_at_rest(&pool);
}

/// Whom the queue has no room for is told so at once; those in it are served.
pub async fn a_crowd_larger_than_the_queue_is_refused_in_part<A: Adapter>(site: &Site<A>) {
    let pool = site.pool(Config { waiters_max: Some(8), ..quiet(1) });
    let held = pool.get().await.expect("a lease");
    let callers = site.spawn_all((0..CALLERS).map(|_| {
        let (pool, request) = (pool.clone(), site.blog(1));
        async move {
            let lease = pool.get().await?;
            let answer = exchange(lease, request, LONG).await.expect("an answer");
            assert!(is_blog(&answer, 1), "{answer:?}");
            Ok::<(), Denied<A>>(())
        }
    }));
    until_pool(&pool, |pool| pool.stats().queue_full == u64::from(CALLERS) - 8).await;
    assert_eq!(pool.status().waiting, 8);
    drop(held);
    let refused: Vec<_> = callers.await.into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.len() as u32, CALLERS - 8);
    assert!(refused.iter().all(Denied::<A>::is_exhausted), "{refused:?}");
    assert_eq!((site.sim.counters().opened, site.executed()), (1, 8));
    assert_at_rest(&pool);
}
