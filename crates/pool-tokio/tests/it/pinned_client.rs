//! The pinned transport with the client itself in the hands of the caller.

use pool_tokio::pool_http::{Phase, TransportErrorKind as Kind};
use pool_tokio::{HttpError, PinnedBackend, PinnedConnection, PinnedPool};
use supabase_sim::{Fault, Protocols, Simulator};

use crate::support::*;

fn pool(sim: &Simulator) -> PinnedPool {
    PinnedBackend::new(towards(sim)).unwrap().open(at_most(1)).unwrap()
}

fn simulator() -> Simulator {
    start(Simulator::builder().protocols(Protocols::Http1))
}

async fn fetch(conn: &PinnedConnection, sim: &Simulator, id: u32) -> Result<String, HttpError> {
    let url = format!("{}/rest/v1/blogs?select=id&id=eq.{id}", sim.url());
    let answer = conn.client().get(url).header("apikey", sim.anon_key()).send().await?.error_for_status()?;
    Ok(answer.text().await?)
}

#[tokio::test]
async fn the_client_stays_on_its_socket() {
    let sim = simulator();
    let pool = pool(&sim);
    let lease = pool.acquire().await.unwrap();
    for id in 1..10 {
        assert_eq!(fetch(&lease, &sim, id).await.unwrap(), format!(r#"[{{"id":{id}}}]"#));
    }
    assert_eq!(sim.counters().opened, 1);
}

#[tokio::test]
async fn a_dead_client_does_not_reopen_but_is_given_up() {
    let sim = simulator();
    let pool = pool(&sim);
    let lease = pool.acquire().await.unwrap();
    sim.kill_connections();
    // The first may meet the dying socket, the second finds none.
    let _ = fetch(&lease, &sim, 1).await;
    let error = fetch(&lease, &sim, 1).await.unwrap_err();
    assert_eq!((error.phase(), error.kind()), (Some(Phase::NotSent), Some(Kind::Closed)));
    assert_eq!(sim.counters().opened, 1);
    // Given back without a word, and not granted again.
    drop(lease);
    let lease = pool.acquire().await.unwrap();
    assert_eq!(fetch(&lease, &sim, 2).await.unwrap(), r#"[{"id":2}]"#);
}

#[tokio::test]
async fn a_second_request_at_the_same_time_opens_no_second_socket() {
    let sim = simulator();
    let pool = pool(&sim);
    let lease = pool.acquire().await.unwrap();
    let slow = sim.inject(Fault::latency(SHORT * 3).times(1));
    let (first, second) = tokio::join!(fetch(&lease, &sim, 1), async {
        while sim.hits(slow) == 0 {
            tokio::task::yield_now().await;
        }
        fetch(&lease, &sim, 2).await
    });
    assert_eq!(first.unwrap(), r#"[{"id":1}]"#);
    assert_eq!(second.unwrap_err().phase(), Some(Phase::NotSent));
    assert_eq!(sim.counters().opened, 1);
}

#[tokio::test]
async fn a_body_that_is_not_read_is_nobody_elses() {
    let sim = simulator();
    let pool = pool(&sim);
    let lease = pool.acquire().await.unwrap();
    sim.inject(Fault::StallBody.times(1));
    let url = format!("{}/rest/v1/blogs", sim.url());
    let unread = lease.client().get(url).header("apikey", sim.anon_key()).send().await.unwrap();
    drop(lease);
    let lease = pool.acquire().await.unwrap();
    assert_eq!(fetch(&lease, &sim, 2).await.unwrap_err().phase(), Some(Phase::NotSent));
    drop(lease);
    drop(unread);
    let lease = pool.acquire().await.unwrap();
    assert_eq!(fetch(&lease, &sim, 3).await.unwrap(), r#"[{"id":3}]"#);
}

#[tokio::test]
async fn a_redirect_is_an_answer_like_any_other() {
    let sim = simulator();
    let pool = pool(&sim);
    let lease = pool.acquire().await.unwrap();
    let elsewhere =
        supabase_sim::CannedAnswer::new(302, "text/plain", "").header("location", "http://127.0.0.1:1/");
    sim.inject(Fault::answer(elsewhere));
    let url = format!("{}/rest/v1/blogs", sim.url());
    let answer = lease.client().get(url).header("apikey", sim.anon_key()).send().await.unwrap();
    assert_eq!(answer.status(), 302);
}

#[tokio::test]
async fn a_status_that_was_made_an_error_is_judged_as_a_status() {
    let sim = simulator();
    let pool = pool(&sim);
    let lease = pool.acquire().await.unwrap();
    sim.inject(Fault::answer(supabase_sim::CannedAnswer::pool_timeout()));
    let error = fetch(&lease, &sim, 1).await.unwrap_err();
    assert!(matches!(error, HttpError::Status(status) if status == 504), "{error:?}");
}
