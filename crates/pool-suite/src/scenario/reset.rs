//! A connection that ends under a request, before and after the head of the answer.

use pool_http::{Phase, TransportErrorKind as Kind};
use supabase_sim::{Ending, Fault, Stage};

use crate::adapter::Adapter;
use crate::site::{LONG, Site, assert_at_rest, exchange, failure, is_blog, proven, quiet};

/// What the server does, in which phase that is noticed, and what it may be called.
pub(super) type Row<'t> = (Fault, Phase, &'t [Kind]);

/// Each failure is what the table says, costs its connection, and harms nobody after it.
pub(super) async fn each_costs_one_connection<A: Adapter>(site: &Site<A>, table: &[Row<'_>]) {
    let pool = site.pool(quiet(1));
    proven(&pool).await;
    for (fault, phase, kinds) in table {
        let opened = pool.stats().opened;
        site.sim.inject(fault.clone().path("/rest/v1/blogs").times(1));
        let lease = pool.get().await.expect("a lease");
        let (got, kind) = failure(exchange(lease, site.blog(1), LONG).await);
        assert!(got == *phase && kinds.contains(&kind), "{fault:?}: {kind:?} in {got:?}");
        let lease = pool.get().await.expect("another connection");
        let answer = exchange(lease, site.blog(2), LONG).await.expect("an answer");
        assert!(is_blog(&answer, 2), "{fault:?}: {answer:?}");
        assert_eq!(pool.stats().opened, opened + 1, "{fault:?}");
    }
    assert_at_rest(&pool);
}

/// Before the head: it is not known whether the server has done what it was asked.
pub async fn before_the_head<A: Adapter>(site: &Site<A>) {
    let ended = |ending, stage| Fault::Drop { ending, stage };
    each_costs_one_connection(
        site,
        &[
            (ended(Ending::Close, Stage::BeforeExecution), Phase::Sent, &[Kind::Closed]),
            (ended(Ending::Close, Stage::AfterExecution), Phase::Sent, &[Kind::Closed]),
            (ended(Ending::Reset, Stage::BeforeExecution), Phase::Sent, &[Kind::Reset]),
            (ended(Ending::Reset, Stage::AfterExecution), Phase::Sent, &[Kind::Reset]),
        ],
    )
    .await;
}

/// After the head. The reset may overtake the head, and then nobody can tell that there was one.
pub async fn after_the_head<A: Adapter>(site: &Site<A>) {
    each_costs_one_connection(
        site,
        &[
            (Fault::DropAfterHead(Ending::Close), Phase::Body, &[Kind::Truncated]),
            (Fault::DropAfterHead(Ending::Reset), Phase::Body, &[Kind::Reset, Kind::Truncated]),
        ],
    )
    .await;
}
