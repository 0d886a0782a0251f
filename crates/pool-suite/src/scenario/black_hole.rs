//! A server that is there and does not answer.

use pool_async::pool_core::Config;
use pool_http::{Phase, TransportErrorKind};
use supabase_sim::{AcceptFault, Fault, Rule};

use crate::adapter::Adapter;
use crate::site::{LONG, SHORT, Site, assert_at_rest, exchange, failure, is_blog, proven, quiet, stubborn};

/// A request that is never answered ends at its limit, and costs its connection, since the answer might still come.
pub async fn a_request_that_is_never_answered_ends_at_its_limit<A: Adapter>(site: &Site<A>) {
    let pool = site.pool(quiet(1));
    proven(&pool).await;
    site.sim.inject(Fault::black_hole().path("/rest/v1/blogs").times(1));
    let lease = pool.get().await.expect("a lease");
    let silence = exchange(lease, site.blog(1), SHORT).await;
    assert_eq!(failure(silence), (Phase::Sent, TransportErrorKind::TimedOut));
    let lease = pool.get().await.expect("another connection");
    let answer = exchange(lease, site.blog(2), LONG).await.expect("an answer");
    assert!(is_blog(&answer, 2), "{answer:?}");
    site.until(|counters| counters.opened == 2 && counters.open == 1).await;
    assert_at_rest(&pool);
}

/// The same, but the answer does come, later: nobody sees it.
pub async fn an_answer_that_comes_too_late_is_nobodys<A: Adapter>(site: &Site<A>) {
    let pool = site.pool(quiet(1));
    proven(&pool).await;
    site.sim.inject(Fault::latency(SHORT * 2).path("/rest/v1/blogs").times(1));
    let lease = pool.get().await.expect("a lease");
    let silence = exchange(lease, site.blog(1), SHORT).await;
    assert_eq!(failure(silence), (Phase::Sent, TransportErrorKind::TimedOut));
    for id in 2..8 {
        let lease = pool.get().await.expect("another connection");
        let answer = exchange(lease, site.blog(id), LONG).await.expect("an answer");
        assert!(is_blog(&answer, id), "{answer:?}");
    }
    assert_eq!(site.sim.counters().opened, 2);
    assert_at_rest(&pool);
}

/// A socket that is accepted and then silent: whether that is noticed by the connect or by the request on it, another try, on another
/// socket, is answered.
pub async fn a_silent_socket_costs_a_try_and_not_the_request<A: Adapter>(site: &Site<A>) {
    let pool = site.pool(Config { connection_timeout: SHORT, ..stubborn(1) });
    site.sim.inject_at_accept(Rule::new(AcceptFault::Hang).times(1));
    let answer = A::ask(pool.clone(), site.blog(3), SHORT).await.expect("an answer");
    assert!(is_blog(&answer, 3), "{answer:?}");
    site.until(|counters| counters.opened == 2 && counters.open == 1).await;
    assert_at_rest(&pool);
}
