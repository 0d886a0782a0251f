//! A server that goes down and comes back.

use crate::adapter::Adapter;
use crate::site::{LONG, Site, TRY, assert_at_rest, is_blog, stubborn};

/// Under load, three times: everybody is answered, by the right answer, and the pool never exceeds its size.
pub async fn a_server_that_restarts_under_load_costs_nobody_an_answer<A: Adapter>(site: &Site<A>) {
    const CALLERS: u32 = 8;
    const EACH: u32 = 40;
    let pool = site.pool(stubborn(4));
    let load = site.spawn_all((0..CALLERS).map(|caller| {
        let id = 1 + caller;
        let (pool, request) = (pool.clone(), site.blog(id));
        async move {
            for n in 0..EACH {
                let answer = A::ask(pool.clone(), request.clone(), TRY).await;
                assert!(is_blog(&answer.expect("an answer"), id), "caller {caller}, request {n}");
            }
        }
    }));
    for restart in 1..=3 {
        site.until(|counters| counters.executed.len() >= restart * 80).await;
        site.sim.restart().expect("the port is still free");
    }
    load.await;
    let counters = site.sim.counters();
    assert!(counters.open_max <= 4, "{} sockets at once", counters.open_max);
    assert!(site.executed() as u32 >= CALLERS * EACH);
    assert!(pool.stats().opened > 4, "connections were lost and replaced");
    assert_at_rest(&pool);
}

/// While nobody uses it: the first request after it does not notice.
pub async fn a_server_that_restarts_between_requests_costs_nothing<A: Adapter>(site: &Site<A>) {
    let pool = site.pool(stubborn(3));
    for round in 0..5 {
        pool.warm_up(3, LONG).await.expect("the server is there");
        let answer = A::ask(pool.clone(), site.blog(1 + round), TRY).await.expect("an answer");
        assert!(is_blog(&answer, 1 + round), "{answer:?}");
        site.sim.restart().expect("the port is still free");
    }
    let answer = A::ask(pool.clone(), site.blog(9), TRY).await.expect("an answer");
    assert!(is_blog(&answer, 9), "{answer:?}");
    assert_at_rest(&pool);
}
