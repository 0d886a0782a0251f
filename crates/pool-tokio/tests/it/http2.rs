//! HTTP/2: stream limits, several leases on a connection, and the ways in which a peer says that it wants no more.

use std::num::NonZeroU32;

use pool_tokio::pool_core::{CloseReason, Config, Outcome, Safety};
use pool_tokio::pool_http::{Phase, Response, TransportErrorKind as Kind};
use pool_tokio::{DirectBackend, DirectConnection, DirectPool, Profile, Protocol, TransportConfig};
use supabase_sim::{Fault, Protocols, Simulator};
use tokio::net::TcpListener;

use crate::support::*;

fn multiplexed(streams: u32) -> Profile {
    Profile::Multiplexed { streams: NonZeroU32::new(streams).unwrap() }
}

fn simulator(max_streams: u32) -> Simulator {
    let builder = Simulator::builder().protocols(Protocols::Http2);
    start(builder.settings(|settings| settings.max_streams = max_streams))
}

fn pool(sim: &Simulator, profile: Profile, max: u32) -> DirectPool {
    let config = towards(sim).protocol(Protocol::Http2).profile(profile);
    DirectBackend::new(config).unwrap().open(at_most(max)).unwrap()
}

#[tokio::test]
async fn a_connection_carries_as_many_leases_as_its_peer_takes_streams() {
    let sim = simulator(3);
    let pool = pool(&sim, multiplexed(10), 2);
    let mut leases = Vec::new();
    for _ in 0..3 {
        leases.push(pool.acquire().await.unwrap());
    }
    assert_eq!((pool.status().total, pool.connections()[0].info.leases_max), (1, 3));
    leases.push(pool.acquire().await.unwrap());
    assert_eq!(pool.status().total, 2);
    let answers = leases
        .iter_mut()
        .zip(1..)
        .map(async |(lease, id)| is_blog(&send(&mut **lease, blog(&sim, id)).await.unwrap(), id));
    assert!(futures::future::join_all(answers).await.into_iter().all(|right| right));
    assert_eq!(sim.counters().opened, 2);
}

#[tokio::test]
async fn a_connection_carries_no_more_leases_than_was_asked_for() {
    let sim = simulator(100);
    let pool = pool(&sim, multiplexed(2), 1);
    let (_one, _other) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    assert!(pool.try_acquire().unwrap_err().is_exhausted());
}

#[tokio::test]
async fn a_connection_carries_one_lease_unless_more_are_asked_for() {
    let sim = simulator(100);
    let pool = pool(&sim, Profile::Exclusive, 1);
    let mut lease = pool.acquire().await.unwrap();
    assert!(pool.try_acquire().unwrap_err().is_exhausted());
    assert!(is_blog(&send(&mut *lease, blog(&sim, 1)).await.unwrap(), 1));
    lease.release(Outcome::Success);
    assert!(is_blog(&send(&mut *pool.acquire().await.unwrap(), blog(&sim, 2)).await.unwrap(), 2));
    assert_eq!(sim.counters().opened, 1);
}

#[tokio::test]
async fn a_stream_that_is_cancelled_leaves_the_others_alone() {
    let sim = simulator(100);
    let pool = pool(&sim, multiplexed(10), 1);
    let (mut one, mut other) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    sim.inject(Fault::black_hole().times(1));
    let lost = send_shortly(&mut *one, blog(&sim, 1)).await;
    assert_eq!(failure(lost), (Phase::Sent, Kind::TimedOut));
    drop(one);
    assert!(is_blog(&send(&mut *other, blog(&sim, 2)).await.unwrap(), 2));
    assert_eq!(sim.counters().opened, 1);
}

#[tokio::test]
async fn after_a_goaway_what_is_under_way_ends_and_nothing_new_begins() {
    let sim = simulator(100);
    let pool = pool(&sim, multiplexed(10), 1);
    let mut lease = pool.acquire().await.unwrap();
    let slow = sim.inject(Fault::latency(SHORT).times(1));
    let (answer, ()) = tokio::join!(send(&mut *lease, blog(&sim, 1)), async {
        while sim.hits(slow) == 0 {
            tokio::task::yield_now().await;
        }
        sim.drain_connections();
    });
    assert!(is_blog(&answer.unwrap(), 1));
    until_pool(&pool, |pool| pool.connections().iter().all(|row| row.info.mark.is_some())).await;
    lease.release(Outcome::Success);
    let mut lease = pool.acquire().await.unwrap();
    assert!(is_blog(&send(&mut *lease, blog(&sim, 2)).await.unwrap(), 2));
    assert_eq!((sim.counters().opened, closed(&pool, CloseReason::Retired)), (2, 1));
}

#[tokio::test]
async fn an_idle_connection_is_given_up_at_a_goaway() {
    let sim = simulator(100);
    let pool = pool(&sim, Profile::Exclusive, 1);
    drop(pool.acquire().await.unwrap());
    sim.drain_connections();
    until_pool(&pool, |pool| pool.status().total == 0).await;
    until(&sim, |counters| counters.open == 0).await;
}

#[tokio::test]
async fn an_idle_connection_that_is_cut_is_lost() {
    let sim = simulator(100);
    let pool = pool(&sim, multiplexed(10), 1);
    drop(pool.acquire().await.unwrap());
    sim.kill_connections();
    until_pool(&pool, |pool| pool.status().total == 0).await;
}

#[tokio::test]
async fn the_pinned_transport_shares_a_client_over_http2() {
    let sim = simulator(100);
    let config = towards(&sim).protocol(Protocol::Http2).profile(multiplexed(4));
    let pool = pool_tokio::PinnedBackend::new(config).unwrap().open(at_most(1)).unwrap();
    let (mut one, mut other) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    let (first, second) = tokio::join!(send(&mut *one, blog(&sim, 1)), send(&mut *other, blog(&sim, 2)));
    assert!(is_blog(&first.unwrap(), 1) && is_blog(&second.unwrap(), 2));
    assert_eq!(sim.counters().opened, 1);
}

/// A server that ends each stream with `reason` and takes no part in anything else.
async fn resetting(reason: h2::Reason) -> TransportConfig {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let mut connection = h2::server::handshake(socket).await.unwrap();
            tokio::spawn(async move {
                while let Some(Ok((_, mut stream))) = connection.accept().await {
                    stream.send_reset(reason);
                }
            });
        }
    });
    TransportConfig::new(base(&url)).protocol(Protocol::Http2)
}

#[tokio::test]
async fn a_stream_that_the_peer_refused_was_not_sent() {
    let table = [
        (h2::Reason::REFUSED_STREAM, (Phase::NotSent, Kind::Refused)),
        (h2::Reason::ENHANCE_YOUR_CALM, (Phase::Sent, Kind::Overloaded)),
        (h2::Reason::INTERNAL_ERROR, (Phase::Sent, Kind::Reset)),
    ];
    for (reason, expected) in table {
        let pool = DirectBackend::new(resetting(reason).await).unwrap().open(at_most(1)).unwrap();
        let mut lease = pool.acquire().await.unwrap();
        let request = pool_tokio::pool_http::Request::new(http::Method::GET, "/".parse().unwrap(), "test");
        assert_eq!(failure(send(&mut *lease, request).await), expected, "{reason:?}");
    }
}

#[tokio::test]
async fn a_peer_that_does_not_speak_http2_is_not_open() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let answer = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
            let _ = tokio::io::AsyncWriteExt::write_all(&mut socket, answer).await;
        }
    });
    let config = TransportConfig::new(base(&url)).protocol(Protocol::Http2);
    let pool = DirectBackend::new(config).unwrap().open(at_most(1)).unwrap();
    let (phase, kind) = connect_failure(&pool).await;
    assert!(
        phase == Phase::Connect && matches!(kind, Kind::Protocol | Kind::Closed | Kind::Reset),
        "{kind:?}"
    );
}

#[tokio::test]
async fn what_was_under_way_on_a_connection_lost_without_a_word_is_answered_on_another() {
    let sim = simulator(100);
    let config = towards(&sim).protocol(Protocol::Http2).profile(multiplexed(100));
    let pool =
        DirectBackend::new(config).unwrap().open(Config { waiters_max: Some(100), ..stubborn(1) }).unwrap();
    drop(pool.acquire().await.unwrap());
    let work = async |id| {
        let request = blog(&sim, id);
        let sent = async move |conn: &mut DirectConnection| Ok(send(conn, request.clone()).await?);
        pool.execute(Safety::Safe, sent).await.map(|answer: Response| is_blog(&answer, id))
    };
    sim.lose_connections();
    for answered in futures::future::join_all((0..20).map(|n| work(1 + n % 5))).await {
        assert!(answered.unwrap());
    }
    assert_eq!((sim.counters().opened, closed(&pool, CloseReason::Dead)), (2, 1));
}

#[tokio::test]
async fn a_request_on_a_connection_that_is_found_dead_says_that_it_was_sent_and_not_answered() {
    let sim = simulator(100);
    let pool = pool(&sim, multiplexed(10), 1);
    let mut lease = pool.acquire().await.unwrap();
    assert!(is_blog(&send(&mut *lease, blog(&sim, 1)).await.unwrap(), 1));
    sim.lose_connections();
    let result = send(&mut *lease, blog(&sim, 2)).await;
    assert_eq!((outcome(&result), failure(result)), (Outcome::BROKEN, (Phase::Sent, Kind::Dead)));
    lease.release(Outcome::BROKEN);
    let mut lease = pool.acquire().await.unwrap();
    assert!(is_blog(&send(&mut *lease, blog(&sim, 3)).await.unwrap(), 3));
}

#[tokio::test]
async fn a_service_that_is_slow_loses_no_request_as_long_as_its_connection_lives() {
    let sim = simulator(100);
    let pool = pool(&sim, multiplexed(10), 1);
    let mut lease = pool.acquire().await.unwrap();
    // The probe's answer would be as slow.
    sim.inject(Fault::latency(SHORT * 20));
    assert!(is_blog(&send(&mut *lease, blog(&sim, 1)).await.unwrap(), 1));
    let stats = pool.stats();
    assert!(stats.probes > 0 && stats.probe_failures == 0, "{stats:?}");
    assert_eq!(sim.counters().opened, 1);
}

#[tokio::test]
async fn a_pinned_client_ends_what_is_under_way_on_a_connection_lost_without_a_word() {
    let sim = simulator(100);
    let config = towards(&sim).protocol(Protocol::Http2).profile(multiplexed(100));
    let pool = pool_tokio::PinnedBackend::new(config)
        .unwrap()
        .open(Config { waiters_max: Some(100), ..stubborn(1) })
        .unwrap();
    drop(pool.acquire().await.unwrap());
    let work = async |id| {
        let request = blog(&sim, id);
        let sent =
            async move |conn: &mut pool_tokio::PinnedConnection| Ok(send(conn, request.clone()).await?);
        pool.execute(Safety::Safe, sent).await.map(|answer: Response| is_blog(&answer, id))
    };
    sim.lose_connections();
    for answered in futures::future::join_all((0..20).map(|n| work(1 + n % 5))).await {
        assert!(answered.unwrap());
    }
}

#[tokio::test]
async fn a_pinned_client_loses_no_request_to_a_slow_service_as_long_as_its_connection_lives() {
    let sim = simulator(100);
    let config = towards(&sim).protocol(Protocol::Http2).profile(multiplexed(100));
    let pool = pool_tokio::PinnedBackend::new(config).unwrap().open(at_most(1)).unwrap();
    let mut lease = pool.acquire().await.unwrap();
    sim.inject(Fault::latency(SHORT * 20));
    assert!(is_blog(&send(&mut *lease, blog(&sim, 1)).await.unwrap(), 1));
    lease.release(Outcome::Success);
    let stats = pool.stats();
    assert!(stats.probes > 0 && stats.probe_failures == 0 && stats.abandoned == 0, "{stats:?}");
    assert_eq!(sim.counters().opened, 1);
}
