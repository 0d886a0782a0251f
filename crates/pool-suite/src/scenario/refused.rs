//! A server that is not there.

use pool_async::ConnectError;
use pool_async::pool_core::{AcquireErrorKind, Config, WhenDown};
use pool_http::{FaultClass, Phase, TransportErrorKind};

use crate::adapter::{Adapter, Failure};
use crate::site::{LONG, Site, assert_at_rest, exchange, is_blog, quiet, until_pool};

/// Who asks is told at once that nobody listens, with the reason that the transport gave.
pub async fn nobody_listening_is_told_at_once_with_the_reason<A: Adapter>(site: &Site<A>) {
    let pool = site.pool(Config { when_down: WhenDown::Fail, ..quiet(2) });
    site.sim.refuse().expect("the server obeys");
    let denied = pool.get().await.expect_err("no lease");
    assert_eq!(denied.kind(), AcquireErrorKind::Unavailable, "{denied}");
    let Some(ConnectError::Failed(why)) = denied.connect_error() else { panic!("no reason: {denied}") };
    let why = why.transport().expect("the transport's error");
    assert_eq!((why.phase(), why.kind()), (Phase::Connect, TransportErrorKind::Refused));
    assert_eq!((why.class(), site.sim.counters().opened), (FaultClass::Endpoint, 0));
    assert_at_rest(&pool);
}

/// Who would rather wait is served when somebody listens again.
pub async fn who_waits_is_served_when_somebody_listens_again<A: Adapter>(site: &Site<A>) {
    let pool = site.pool(quiet(2));
    site.sim.refuse().expect("the server obeys");
    let (handle, request) = (pool.clone(), site.blog(4));
    let waiting = site.spawn_all([async move {
        let lease = handle.get().await.expect("a lease, in the end");
        exchange(lease, request, LONG).await.expect("an answer")
    }]);
    until_pool(&pool, |pool| pool.stats().connect_failures > 0).await;
    site.sim.listen().expect("the port is still free");
    let answers = waiting.await;
    assert!(is_blog(&answers[0], 4), "{answers:?}");
    assert!(pool.stats().connects > pool.stats().opened);
    assert_at_rest(&pool);
}
