//! pool-smol beside surf's stock clients, at the same concurrency, on the same executor: HTTP/1.1 over loopback.
//!
//! `cargo run --release -- --bench` takes about half a minute; without `--bench` it runs one short round.

#[path = "../../benches/measure/mod.rs"]
mod measure;

use std::time::Duration;

use futures::future::BoxFuture;
use http::uri::PathAndQuery;
use http_client::h1::H1Client;
use http_client::isahc::IsahcClient;
use measure::{BODY, Contest, Plan, serve};
use pool_async::pool_core::{Config, Outcome};
use pool_http::{Base, HttpConnection, Limits, Request};
use pool_smol::{SurfBackend, SurfPool, TransportConfig};

const CONNECTIONS: u32 = 16;
const LONG: Duration = Duration::from_secs(30);

fn main() {
    smol::block_on(async {
        let url = format!("http://{}", serve());
        let pool = open(&url).await;
        let (curl, h1) = (surf::Client::with_http_client(IsahcClient::new()), h1());
        let (to_curl, to_h1, surfing) = (url.clone(), url, pool.clone());
        Contest::new("HTTP/1.1 on loopback, smol", Plan::new(11, 12_800, 64))
            .contender("surf, its default client (curl)", spawn, move || bare(curl.clone(), to_curl.clone()))
            .contender("surf, its h1 client", spawn, move || bare(h1.clone(), to_h1.clone()))
            .contender("pool-smol x 16, surf's types", spawn, move || lent(surfing.clone()))
            .contender("pool-smol x 16, its own types", spawn, move || pooled(pool.clone()))
            .run()
            .await;
    });
}

/// Without Nagle's algorithm, as all the others.
fn h1() -> surf::Client {
    let config = http_client::Config::new().set_tcp_no_delay(true);
    surf::Client::with_http_client(H1Client::try_from(config).expect("a client"))
}

fn spawn(task: BoxFuture<'static, Vec<Duration>>) -> smol::Task<Vec<Duration>> {
    smol::spawn(task)
}

async fn open(url: &str) -> SurfPool {
    let base = Base::new(&url.parse().expect("a URI")).expect("a base");
    let settings = Config { min_connections: CONNECTIONS, max_connections: CONNECTIONS, ..Config::default() };
    let backend = SurfBackend::new(TransportConfig::new(base)).expect("no TLS");
    let pool = backend.open(settings).expect("a pool");
    pool.warm_up(CONNECTIONS, LONG).await.expect("open");
    pool
}

async fn bare(client: surf::Client, url: String) {
    let mut answer = client.get(url).await.expect("an answer");
    assert_eq!(answer.body_bytes().await.expect("a body").len(), BODY);
}

async fn lent(pool: SurfPool) {
    let lease = pool.acquire().await.expect("a lease");
    let mut answer = lease.client().get("/").await.expect("an answer");
    assert_eq!(answer.body_bytes().await.expect("a body").len(), BODY);
    lease.release(Outcome::Success);
}

async fn pooled(pool: SurfPool) {
    let mut lease = pool.acquire().await.expect("a lease");
    let request = Request::new(http::Method::GET, PathAndQuery::from_static("/"), "bench");
    let answer = lease.send(request, Limits::within(LONG)).await.expect("an answer");
    lease.release(Outcome::Success);
    assert_eq!(answer.body.len(), BODY);
}
