//! The direct transport with reqwest's requests and responses.

use pool_tokio::pool_http::{Phase, TransportErrorKind as Kind};
use pool_tokio::{DirectBackend, DirectConnection, DirectPool, HttpError, reqwest};
use supabase_sim::{Ending, Fault, Framing, Protocols, Simulator};

use crate::support::*;

fn pool(sim: &Simulator) -> DirectPool {
    DirectBackend::new(towards(sim)).unwrap().open(at_most(1)).unwrap()
}

fn request(sim: &Simulator, target: &str) -> reqwest::Request {
    let url = format!("{}{target}", sim.url()).parse().unwrap();
    let mut request = reqwest::Request::new(http::Method::GET, url);
    request.headers_mut().insert("apikey", sim.anon_key().parse().unwrap());
    request
}

async fn fetch(conn: &mut DirectConnection, sim: &Simulator) -> Result<Vec<u8>, HttpError> {
    let answer = conn.execute(request(sim, "/rest/v1/blogs?select=id&id=eq.1")).await?.error_for_status()?;
    Ok(answer.bytes().await?.to_vec())
}

#[tokio::test]
async fn what_is_written_for_reqwest_runs_on_a_lease() {
    for protocols in [Protocols::Http1, Protocols::Http2] {
        let sim = start(Simulator::builder().tls().protocols(protocols));
        let pool = pool(&sim);
        for _ in 0..10 {
            let mut lease = pool.acquire().await.unwrap();
            assert_eq!(fetch(&mut lease, &sim).await.unwrap(), br#"[{"id":1}]"#);
        }
        assert_eq!(sim.counters().opened, 1, "{protocols:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_read_spoils_the_connection_and_only_that() {
    let sim = start(Simulator::builder());
    let pool = pool(&sim);
    let mut lease = pool.acquire().await.unwrap();
    drop(lease.execute(request(&sim, "/rest/v1/blogs")).await.unwrap());
    drop(lease);
    let mut lease = pool.acquire().await.unwrap();
    assert_eq!(fetch(&mut lease, &sim).await.unwrap(), br#"[{"id":1}]"#);
    assert_eq!(sim.counters().opened, 2);
}

#[tokio::test]
async fn a_body_that_outlives_its_lease_does_not_keep_the_socket() {
    let sim = start(Simulator::builder());
    let pool = pool(&sim);
    let mut lease = pool.acquire().await.unwrap();
    sim.inject(Fault::StallBody.times(1));
    let answer = lease.execute(request(&sim, "/rest/v1/blogs")).await.unwrap();
    drop(lease);
    until(&sim, |counters| counters.opened == 1 && counters.open == 0).await;
    let error = HttpError::from(answer.bytes().await.unwrap_err());
    assert_eq!(error.phase(), Some(Phase::Body));
}

#[tokio::test]
async fn an_error_while_the_body_is_read_says_so() {
    let sim = start(Simulator::builder());
    let pool = pool(&sim);
    let mut lease = pool.acquire().await.unwrap();
    sim.inject(Fault::CutBody { framing: Framing::Length, ending: Ending::Close }.times(1));
    let error = fetch(&mut lease, &sim).await.unwrap_err();
    assert_eq!((error.phase(), error.kind()), (Some(Phase::Body), Some(Kind::Truncated)));
}

#[tokio::test]
async fn a_second_request_before_the_first_is_read_is_refused() {
    let sim = start(Simulator::builder().protocols(Protocols::Http1));
    let pool = pool(&sim);
    let mut lease = pool.acquire().await.unwrap();
    let first = lease.execute(request(&sim, "/rest/v1/blogs?select=id&id=eq.1")).await.unwrap();
    let error = lease.execute(request(&sim, "/rest/v1/blogs")).await.unwrap_err();
    assert_eq!((error.phase(), error.kind()), (Phase::NotSent, Kind::Invalid));
    // The first is none the worse for it.
    assert_eq!(first.bytes().await.unwrap(), &br#"[{"id":1}]"#[..]);
    assert_eq!(fetch(&mut lease, &sim).await.unwrap(), br#"[{"id":1}]"#);
    drop(lease);
    drop(pool.acquire().await.unwrap());
    assert_eq!(sim.counters().opened, 1);
}

#[tokio::test]
async fn a_request_to_another_host_is_refused_without_showing_its_query() {
    let sim = start(Simulator::builder());
    let pool = pool(&sim);
    let mut lease = pool.acquire().await.unwrap();
    let url = "http://elsewhere.example/path?secret=1".parse().unwrap();
    let error = lease.execute(reqwest::Request::new(http::Method::GET, url)).await.unwrap_err();
    assert_eq!((error.phase(), error.kind()), (Phase::NotSent, Kind::Invalid));
    let shown = format!("{error:?} {}", std::error::Error::source(&error).unwrap());
    assert!(shown.contains("http://elsewhere.example/path") && !shown.contains("secret"), "{shown}");
    assert_eq!(fetch(&mut lease, &sim).await.unwrap(), br#"[{"id":1}]"#);
}

#[tokio::test]
async fn a_request_with_a_timeout_of_its_own_ends_at_it() {
    let sim = start(Simulator::builder());
    let pool = pool(&sim);
    let mut lease = pool.acquire().await.unwrap();
    sim.inject(Fault::black_hole().times(1));
    let mut slow = request(&sim, "/rest/v1/blogs");
    *slow.timeout_mut() = Some(SHORT);
    let error = lease.execute(slow).await.unwrap_err();
    assert_eq!((error.phase(), error.kind()), (Phase::Sent, Kind::TimedOut));
}
