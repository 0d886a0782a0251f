//! What only the direct transport sees: the end of an idle socket, what the peer says about its connections, and that a request
//! was never sent.

use pool_tokio::pool_core::{CloseReason, Outcome, Safety};
use pool_tokio::pool_http::{Phase, Sent};
use pool_tokio::{DirectBackend, DirectPool};
use supabase_sim::{CannedAnswer, Fault, Protocols, Simulator};

use crate::support::*;

fn pool(sim: &Simulator, max: u32) -> DirectPool {
    DirectBackend::new(towards(sim)).unwrap().open(stubborn(max)).unwrap()
}

#[tokio::test]
async fn a_request_on_a_connection_that_died_idle_is_known_not_to_have_been_sent() {
    let sim = start(Simulator::builder());
    let pool = pool(&sim, 1);
    let mut lease = pool.acquire().await.unwrap();
    assert!(is_blog(&send(&mut *lease, blog(&sim, 1)).await.unwrap(), 1));
    sim.kill_connections();
    let before = sim.counters().requests;
    let error = send(&mut *lease, blog(&sim, 2)).await.unwrap_err();
    assert_eq!((error.phase(), error.sent()), (Phase::NotSent, Sent::No), "{error:?}");
    assert!(error.is_stale_connection(), "{error:?}");
    assert_eq!(sim.counters().requests, before);
}

#[tokio::test]
async fn a_write_is_sent_again_after_an_idle_close_and_never_executed_twice() {
    let sim = start(Simulator::builder());
    let pool = pool(&sim, 2);
    let mut write = get(&sim, "/rest/v1/rpc/ping");
    write.method = http::Method::POST;
    for round in 0..20 {
        let work = async |conn: &mut _| Ok(send(conn, write.clone()).await?);
        let answer = pool.execute(Safety::Unsafe, work).await;
        assert_eq!(answer.unwrap().status, 200, "round {round}");
        sim.kill_connections();
    }
    assert_eq!(sim.counters().executed_count("POST", "/rest/v1/rpc/ping"), 20);
}

/// The system knows that the peer has closed, and the runtime has not had a chance to hear of it.
#[tokio::test]
async fn a_write_is_not_put_on_a_socket_whose_end_has_come_unnoticed() {
    let sim = start(Simulator::builder().protocols(Protocols::Http1));
    let pool = pool(&sim, 1);
    let mut lease = pool.acquire().await.unwrap();
    assert!(is_blog(&send(&mut *lease, blog(&sim, 1)).await.unwrap(), 1));
    sim.drain_connections();
    // Blocks this thread, which is the runtime's only one.
    assert!(sim.wait_until(|counters| counters.open == 0, LONG));
    let mut write = get(&sim, "/rest/v1/rpc/ping");
    write.method = http::Method::POST;
    let error = send(&mut *lease, write).await.unwrap_err();
    assert_eq!((error.phase(), error.sent()), (Phase::NotSent, Sent::No), "{error:?}");
}

#[tokio::test]
async fn the_end_of_an_idle_socket_is_noticed_without_a_request() {
    let sim = start(Simulator::builder());
    let pool = pool(&sim, 3);
    pool.warm_up(3, LONG).await.unwrap();
    until(&sim, |counters| counters.open == 3).await;
    sim.kill_connections();
    until_pool(&pool, |pool| pool.status().total == 0).await;
    assert_eq!((closed(&pool, CloseReason::Lost), sim.counters().requests), (3, 0));
}

#[tokio::test]
async fn a_server_that_closes_idle_sockets_is_noticed_when_it_does() {
    let sim = start(Simulator::builder().settings(|settings| settings.keep_alive.idle = Some(SHORT)));
    let pool = pool(&sim, 1);
    let mut lease = pool.acquire().await.unwrap();
    assert!(is_blog(&send(&mut *lease, blog(&sim, 1)).await.unwrap(), 1));
    lease.release(Outcome::Success);
    until_pool(&pool, |pool| pool.status().total == 0).await;
    assert_eq!(closed(&pool, CloseReason::Lost), 1);
}

#[tokio::test]
async fn a_connection_whose_end_was_announced_is_closed_when_its_lease_ends() {
    let sim = start(Simulator::builder().protocols(Protocols::Http1));
    let pool = pool(&sim, 1);
    let mut lease = pool.acquire().await.unwrap();
    sim.inject(Fault::AnnounceClose.times(1));
    assert!(is_blog(&send(&mut *lease, blog(&sim, 1)).await.unwrap(), 1));
    lease.release(Outcome::Success);
    until_pool(&pool, |pool| pool.status().total == 0).await;
    // The socket's end may have been noticed before its announcement was read.
    assert_eq!(closed(&pool, CloseReason::Retired) + closed(&pool, CloseReason::Lost), 1);
}

#[tokio::test]
async fn the_peers_keep_alive_time_limits_how_long_idle_is_fresh() {
    let sim = start(Simulator::builder());
    let pool = pool(&sim, 1);
    let before = pool.endpoints()[0].freshness;
    let answer = CannedAnswer::new(200, "text/plain", "").header("keep-alive", "timeout=8");
    sim.inject(Fault::answer(answer));
    let mut lease = pool.acquire().await.unwrap();
    assert_eq!(send(&mut *lease, blog(&sim, 1)).await.unwrap().status, 200);
    lease.release(Outcome::Success);
    let after = pool.endpoints()[0].freshness;
    assert!(after < before && after.as_secs() < 8, "{before:?} became {after:?}");
}

#[tokio::test]
async fn a_label_names_both_ends_and_the_protocol() {
    let sim = start(Simulator::builder());
    let pool = pool(&sim, 1);
    drop(pool.acquire().await.unwrap());
    let label = pool.connections()[0].label.clone().unwrap();
    assert!(label.ends_with(&format!(" -> {} HTTP/1.1", sim.address())), "{label}");
}
