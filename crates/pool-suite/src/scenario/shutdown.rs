//! The pool's end, while it is used.

use std::time::Duration;

use pool_async::pool_core::Config;
use supabase_sim::Fault;

use crate::adapter::{Adapter, Denied};
use crate::site::{LONG, SHORT, Site, exchange, is_blog, quiet, until_pool};

/// With time enough, every request that was begun is answered, every caller is told the end, and no socket is left.
pub async fn a_shutdown_under_load_lets_what_was_begun_come_to_its_end<A: Adapter>(site: &Site<A>) {
    let pool = site.pool(Config { waiters_max: Some(32), ..quiet(4) });
    let load = site.spawn_all((0..16).map(|caller| {
        let id = 1 + caller % 10;
        let (pool, request) = (pool.clone(), site.blog(id));
        async move {
            let mut answered = 0;
            loop {
                match pool.get().await {
                    Ok(lease) => {
                        let answer = exchange(lease, request.clone(), LONG).await;
                        assert!(is_blog(&answer.expect("an answer"), id));
                        answered += 1;
                    }
                    Err(denied) => return (answered, denied.is_closed()),
                }
            }
        }
    }));
    site.until(|counters| counters.executed.len() >= 100).await;
    pool.shutdown(LONG).await;
    assert!(pool.is_closed());
    let ends: Vec<(usize, bool)> = load.await;
    assert!(ends.iter().all(|&(_, closed)| closed), "{ends:?}");
    let answered: usize = ends.iter().map(|&(answered, _)| answered).sum();
    assert_eq!((answered, pool.stats().abandoned), (site.executed(), 0));
    site.until(|counters| counters.open == 0).await;
}

/// Without any, nobody in the queue waits, and the pool does not wait for those who are out.
pub async fn a_shutdown_without_grace_waits_for_nobody<A: Adapter>(site: &Site<A>) {
    let pool = site.pool(Config { waiters_max: Some(32), ..quiet(2) });
    let (one, other) = (pool.get().await.expect("a lease"), pool.get().await.expect("a lease"));
    let callers = site.spawn_all((0..16).map(|_| {
        let pool = pool.clone();
        async move { pool.get().await.map(drop) }
    }));
    until_pool(&pool, |pool| pool.status().waiting == 16).await;
    pool.shutdown(Duration::ZERO).await;
    assert!(pool.is_closed());
    let denied: Vec<Denied<A>> = callers.await.into_iter().filter_map(Result::err).collect();
    assert!(denied.len() == 16 && denied.iter().all(Denied::<A>::is_closed), "{denied:?}");
    assert_eq!(pool.stats().abandoned, 2);
    // Those who are out are not disturbed, and their connections end with them.
    assert!(is_blog(&exchange(one, site.blog(1), LONG).await.expect("an answer"), 1));
    site.sim.inject(Fault::black_hole().path("/rest/v1/blogs"));
    assert!(exchange(other, site.blog(2), SHORT).await.is_err());
    site.until(|counters| counters.open == 0).await;
    assert!(pool.get().await.is_err_and(|denied| denied.is_closed()));
}
