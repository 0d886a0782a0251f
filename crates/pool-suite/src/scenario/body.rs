//! A body that comes in part, or slowly.

use pool_http::{Phase, TransportErrorKind as Kind};
use supabase_sim::{Ending, Fault, Framing};

use super::reset::each_costs_one_connection;
use crate::adapter::Adapter;
use crate::site::{LONG, SHORT, Site, assert_at_rest, exchange, failure, is_blog, proven, quiet};

/// Half of a body is not a body, however its length was announced and however the connection ended.
pub async fn half_a_body_is_a_failure<A: Adapter>(site: &Site<A>) {
    let cut = |framing, ending| Fault::CutBody { framing, ending };
    let either: &[Kind] = &[Kind::Reset, Kind::Truncated];
    each_costs_one_connection(
        site,
        &[
            (cut(Framing::Length, Ending::Close), Phase::Body, &[Kind::Truncated]),
            (cut(Framing::Chunked, Ending::Close), Phase::Body, &[Kind::Truncated]),
            (cut(Framing::Length, Ending::Reset), Phase::Body, either),
            (cut(Framing::Chunked, Ending::Reset), Phase::Body, either),
        ],
    )
    .await;
}

/// A body that comes to a halt half-way ends at the limit, and its rest is nobody's.
pub async fn a_body_that_comes_to_a_halt_ends_at_the_limit<A: Adapter>(site: &Site<A>) {
    let pool = site.pool(quiet(1));
    proven(&pool).await;
    site.sim.inject(Fault::StallBody.path("/rest/v1/blogs").times(1));
    let lease = pool.get().await.expect("a lease");
    let halted = exchange(lease, site.blog(1), SHORT).await;
    assert_eq!(failure(halted), (Phase::Body, Kind::TimedOut));
    let lease = pool.get().await.expect("another connection");
    let answer = exchange(lease, site.blog(2), LONG).await.expect("an answer");
    assert!(is_blog(&answer, 2), "{answer:?}");
    site.until(|counters| counters.opened == 2 && counters.open == 1).await;
    assert_at_rest(&pool);
}

/// A body that drips arrives whole for who has the time, and its connection goes on; nobody's time is that of a drop.
pub async fn a_slow_drip_arrives_whole_for_who_has_the_time<A: Adapter>(site: &Site<A>) {
    let pool = site.pool(quiet(1));
    proven(&pool).await;
    let drip = |every| Fault::Drip { piece: 1, every }.path("/rest/v1/blogs").times(1);
    site.sim.inject(drip(SHORT / 100));
    for id in 1..3 {
        let lease = pool.get().await.expect("a lease");
        let answer = exchange(lease, site.blog(id), LONG).await.expect("an answer");
        assert!(is_blog(&answer, id), "{answer:?}");
    }
    assert_eq!(site.sim.counters().opened, 1, "the connection went on");
    // Each drop comes in time, and all of them together do not.
    site.sim.inject(drip(SHORT / 5));
    let lease = pool.get().await.expect("a lease");
    let dripping = exchange(lease, site.blog(1), SHORT).await;
    assert_eq!(failure(dripping), (Phase::Body, Kind::TimedOut));
    let lease = pool.get().await.expect("another connection");
    assert!(is_blog(&exchange(lease, site.blog(2), LONG).await.expect("an answer"), 2));
    assert_eq!(site.sim.counters().opened, 2);
    assert_at_rest(&pool);
}
