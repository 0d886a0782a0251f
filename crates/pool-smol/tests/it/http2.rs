//! HTTP/2: stream limits, several leases on a connection, and the ways in which a peer says that it wants no more.

use std::num::NonZeroU32;

use futures::future::{join, join_all};
use pool_smol::pool_core::{CloseReason, Config, Outcome, Safety};
use pool_smol::pool_http::{Phase, Response, TransportErrorKind as Kind};
use pool_smol::{Profile, Protocol, SurfBackend, SurfConnection, SurfPool};
use supabase_sim::{Fault, Protocols, Simulator};

use crate::support::*;

fn multiplexed(streams: u32) -> Profile {
    Profile::Multiplexed { streams: NonZeroU32::new(streams).unwrap() }
}

fn simulator(max_streams: u32) -> Simulator {
    let builder = Simulator::builder().protocols(Protocols::Http2);
    start(builder.settings(|settings| settings.max_streams = max_streams))
}

fn pool(sim: &Simulator, profile: Profile, max: u32) -> SurfPool {
    let config = towards(sim).protocol(Protocol::Http2).profile(profile);
    SurfBackend::new(config).unwrap().open(at_most(max)).unwrap()
}

#[test]
fn a_connection_carries_as_many_leases_as_its_peer_takes_streams_and_never_one_more() {
    // Many times: the limit must be known before the first lease, not a moment later.
    for _ in 0..20 {
        let sim = simulator(3);
        smol::block_on(async {
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
            assert!(join_all(answers).await.into_iter().all(|right| right));
            let counters = sim.counters();
            assert_eq!(counters.opened, 2);
            assert!(counters.connections.values().all(|connection| connection.in_flight_max <= 3));
        });
    }
}

#[test]
fn a_connection_carries_no_more_leases_than_was_asked_for() {
    let sim = simulator(100);
    smol::block_on(async {
        let pool = pool(&sim, multiplexed(2), 1);
        let (_one, _other) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
        assert!(pool.try_acquire().unwrap_err().is_exhausted());
    });
}

#[test]
fn a_connection_carries_one_lease_unless_more_are_asked_for() {
    let sim = simulator(100);
    smol::block_on(async {
        let pool = pool(&sim, Profile::Exclusive, 1);
        let mut lease = pool.acquire().await.unwrap();
        assert!(pool.try_acquire().unwrap_err().is_exhausted());
        assert!(is_blog(&send(&mut *lease, blog(&sim, 1)).await.unwrap(), 1));
        lease.release(Outcome::Success);
        assert!(is_blog(&send(&mut *pool.acquire().await.unwrap(), blog(&sim, 2)).await.unwrap(), 2));
        assert_eq!(sim.counters().opened, 1);
    });
}

#[test]
fn a_stream_that_is_cancelled_leaves_the_others_alone() {
    let sim = simulator(100);
    smol::block_on(async {
        let pool = pool(&sim, multiplexed(10), 1);
        let (mut one, mut other) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
        sim.inject(Fault::black_hole().times(1));
        let lost = send_shortly(&mut *one, blog(&sim, 1)).await;
        assert_eq!(failure(lost), (Phase::Sent, Kind::TimedOut));
        drop(one);
        assert!(is_blog(&send(&mut *other, blog(&sim, 2)).await.unwrap(), 2));
        assert_eq!(sim.counters().opened, 1);
    });
}

#[test]
fn surf_may_have_several_requests_under_way_on_a_shared_connection() {
    let sim = simulator(100);
    smol::block_on(async {
        let pool = pool(&sim, multiplexed(10), 1);
        let lease = pool.acquire().await.unwrap();
        let answers = (1..9).map(async |id| {
            let get = lease.client().get(blog_path(id)).header("apikey", sim.anon_key());
            assert_eq!(get.recv_string().await.unwrap(), format!(r#"[{{"id":{id}}}]"#));
        });
        join_all(answers).await;
        assert_eq!(sim.counters().opened, 1);
    });
}

#[test]
fn after_a_goaway_what_is_under_way_ends_and_nothing_new_begins() {
    let sim = simulator(100);
    smol::block_on(async {
        let pool = pool(&sim, multiplexed(10), 1);
        let mut lease = pool.acquire().await.unwrap();
        sim.inject(Fault::latency(SHORT).times(1));
        let (answer, ()) = join(send(&mut *lease, blog(&sim, 1)), async {
            until(&sim, |counters| counters.requests == 1).await;
            sim.drain_connections();
        })
        .await;
        assert!(is_blog(&answer.unwrap(), 1));
        until_pool(&pool, |pool| pool.connections().iter().all(|row| row.info.mark.is_some())).await;
        let late = send(&mut *lease, blog(&sim, 1)).await;
        assert_eq!(failure(late), (Phase::NotSent, Kind::Closed));
        lease.release(Outcome::Success);
        let mut lease = pool.acquire().await.unwrap();
        assert!(is_blog(&send(&mut *lease, blog(&sim, 2)).await.unwrap(), 2));
        assert_eq!(sim.counters().opened, 2);
        assert_eq!(closed(&pool, CloseReason::Retired) + closed(&pool, CloseReason::Lost), 1);
    });
}

#[test]
fn an_idle_connection_is_given_up_at_a_goaway() {
    let sim = simulator(100);
    smol::block_on(async {
        let pool = pool(&sim, Profile::Exclusive, 1);
        drop(pool.acquire().await.unwrap());
        sim.drain_connections();
        until_pool(&pool, none_open).await;
        until(&sim, |counters| counters.open == 0).await;
    });
}

#[test]
fn a_peer_that_does_not_speak_http2_is_not_open() {
    let server = Raw::start(|_, mut peer| {
        peer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
        peer.drain();
    });
    smol::block_on(async {
        let config = server.towards().protocol(Protocol::Http2);
        let pool = SurfBackend::new(config).unwrap().open(at_most(1)).unwrap();
        let (phase, kind) = connect_failure(&pool).await;
        let expected = matches!(kind, Kind::Protocol | Kind::Closed | Kind::Reset);
        assert!(phase == Phase::Connect && expected, "{phase:?} {kind:?}");
    });
}

/// A handshake is over when the peer's settings are there.
#[test]
fn a_peer_that_says_nothing_is_not_open() {
    let server = Raw::start(|_, mut peer| peer.drain());
    smol::block_on(async {
        let config = pool_smol::pool_core::Config { connection_timeout: SHORT, ..at_most(1) };
        let transport = server.towards().protocol(Protocol::Http2);
        let pool = SurfBackend::new(transport).unwrap().open(config).unwrap();
        let error = pool.acquire().await.unwrap_err();
        assert!(error.connect_error().is_some(), "{error}");
    });
}

#[test]
fn what_was_under_way_on_a_connection_lost_without_a_word_is_answered_on_another() {
    let sim = simulator(100);
    smol::block_on(async {
        let config = towards(&sim).protocol(Protocol::Http2).profile(multiplexed(100));
        let pool =
            SurfBackend::new(config).unwrap().open(Config { waiters_max: Some(100), ..stubborn(1) }).unwrap();
        drop(pool.acquire().await.unwrap());
        let work = async |id| {
            let request = blog(&sim, id);
            let sent = async move |conn: &mut SurfConnection| Ok(send(conn, request.clone()).await?);
            pool.execute(Safety::Safe, sent).await.map(|answer: Response| is_blog(&answer, id))
        };
        sim.lose_connections();
        for answered in join_all((0..20).map(|n| work(1 + n % 5))).await {
            assert!(answered.unwrap());
        }
        assert_eq!((sim.counters().opened, closed(&pool, CloseReason::Dead)), (2, 1));
    });
}

#[test]
fn a_request_on_a_connection_that_is_found_dead_says_that_it_was_sent_and_not_answered() {
    let sim = simulator(100);
    smol::block_on(async {
        let pool = pool(&sim, multiplexed(10), 1);
        let mut lease = pool.acquire().await.unwrap();
        assert!(is_blog(&send(&mut *lease, blog(&sim, 1)).await.unwrap(), 1));
        sim.lose_connections();
        let result = send(&mut *lease, blog(&sim, 2)).await;
        assert_eq!((outcome(&result), failure(result)), (Outcome::BROKEN, (Phase::Sent, Kind::Dead)));
        lease.release(Outcome::BROKEN);
        let mut lease = pool.acquire().await.unwrap();
        assert!(is_blog(&send(&mut *lease, blog(&sim, 3)).await.unwrap(), 3));
    });
}

#[test]
fn a_service_that_is_slow_loses_no_request_as_long_as_its_connection_lives() {
    let sim = simulator(100);
    smol::block_on(async {
        let pool = pool(&sim, multiplexed(10), 1);
        let mut lease = pool.acquire().await.unwrap();
        // The probe's answer would be as slow.
        sim.inject(Fault::latency(SHORT * 20));
        assert!(is_blog(&send(&mut *lease, blog(&sim, 1)).await.unwrap(), 1));
        let stats = pool.stats();
        assert!(stats.probes > 0 && stats.probe_failures == 0, "{stats:?}");
        assert_eq!(sim.counters().opened, 1);
    });
}
