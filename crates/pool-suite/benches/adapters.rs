//! What a pool costs and gives on tokio, beside one shared reqwest client.
//!
//! `cargo bench -p pool-suite` takes half a minute. pool-smol is compared with surf's own clients in `stock-surf/`, which is not of
//! this workspace. Without `--bench` (under `cargo test --benches`) it runs one short round, which shows that it works.

mod measure;

use std::num::NonZeroU32;
use std::time::Duration;

use futures::future::BoxFuture;
use http::header::HeaderMap;
use http::uri::PathAndQuery;
use measure::{BODY, Contest, Plan, serve};
use pool_async::pool_core::{Config, Outcome};
use pool_async::{Backend, Pool};
use pool_http::{Base, HttpConnection, Limits, Request};
use pool_tokio::{
    DirectBackend, PinnedBackend, Probe, Profile, Protocol, TokioClock, TransportConfig, reqwest, rustls,
};
use supabase_sim::{Fault, Simulator};

const LONG: Duration = Duration::from_secs(30);

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        loopback().await;
        streams().await;
    });
}

async fn spawn(task: BoxFuture<'static, Vec<Duration>>) -> Vec<Duration> {
    tokio::spawn(task).await.expect("no panic")
}

/// HTTP/1.1 over loopback, where there is nothing to gain: what the pool costs.
async fn loopback() {
    let url = format!("http://{}", serve());
    let config = TransportConfig::new(base(&url));
    let settings = settings(16, 64);
    let direct = DirectBackend::new(config.clone()).expect("no TLS").open(settings.clone()).expect("a pool");
    let pinned = PinnedBackend::new(config).expect("no TLS").open(settings).expect("a pool");
    direct.warm_up(16, LONG).await.expect("open");
    pinned.warm_up(16, LONG).await.expect("open");
    let client = client().http1_only().build().expect("a client");
    let root = || get("/", &HeaderMap::new());
    Contest::new("HTTP/1.1 on loopback", Plan::new(15, 25_600, 64))
        .contender("one shared reqwest client", spawn, move || bare(client.clone(), url.clone(), BODY))
        .contender("pool-tokio direct, 16 connections", spawn, move || pooled(direct.clone(), root(), BODY))
        .contender("pool-tokio pinned, 16 connections", spawn, move || pooled(pinned.clone(), root(), BODY))
        .run()
        .await;
}

/// HTTP/2 with a peer that allows 100 streams on a connection and takes 50 ms for an answer: a thousand requests at once.
async fn streams() {
    const STREAMS: u32 = 100;
    const CONNECTIONS: u32 = 10;
    let sim = Simulator::builder().settings(|settings| settings.max_streams = STREAMS);
    let sim = std::thread::spawn(|| sim.start()).join().expect("no panic").expect("a free port");
    let mut headers = HeaderMap::new();
    headers.insert("apikey", sim.anon_key().parse().expect("a header value"));
    let ping = PathAndQuery::from_static("/rest/v1/rpc/ping");
    let config = TransportConfig::new(base(&sim.url()))
        .protocol(Protocol::Http2)
        .profile(Profile::Multiplexed { streams: NonZeroU32::new(STREAMS).expect("not zero") })
        .probe(Probe::get(ping.clone()).headers(headers.clone()));
    let settings = settings(CONNECTIONS, 1000);
    let pinned = PinnedBackend::new(config.clone()).expect("no TLS").open(settings.clone()).expect("a pool");
    let direct = DirectBackend::new(config).expect("no TLS").open(settings).expect("a pool");
    pinned.warm_up(CONNECTIONS, LONG).await.expect("open");
    direct.warm_up(CONNECTIONS, LONG).await.expect("open");
    sim.inject(Fault::latency(Duration::from_millis(50)));
    let client = client().http2_prior_knowledge().default_headers(headers.clone()).build().expect("a client");
    let url = format!("{}{ping}", sim.url());
    let request = move || get(ping.as_str(), &headers);
    let again = request.clone();
    Contest::new("HTTP/2, 100 streams, answers after 50 ms", Plan::new(9, 1000, 1000))
        .contender("one shared reqwest client", spawn, move || bare(client.clone(), url.clone(), 1))
        .contender("pool-tokio pinned, 10 connections", spawn, move || pooled(pinned.clone(), request(), 1))
        .contender("pool-tokio direct, 10 connections", spawn, move || pooled(direct.clone(), again(), 1))
        .run()
        .await;
}

/// A pool that keeps its size and has room for every caller.
fn settings(connections: u32, callers: u32) -> Config {
    Config {
        min_connections: connections,
        max_connections: connections,
        waiters_max: Some(callers),
        health_check_interval: Duration::ZERO,
        ..Config::default()
    }
}

fn base(url: &str) -> Base {
    Base::new(&url.parse().expect("a URI")).expect("a base")
}

fn get(target: &str, headers: &HeaderMap) -> Request {
    let mut request = Request::new(http::Method::GET, target.parse().expect("a target"), "bench");
    request.headers = headers.clone();
    request
}

fn client() -> reqwest::ClientBuilder {
    let provider = rustls::crypto::ring::default_provider().into();
    let versions =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let roots = rustls::RootCertStore::empty();
    let tls = versions.expect("versions").with_root_certificates(roots).with_no_client_auth();
    // reqwest would ask for a provider of its own, also without TLS.
    reqwest::Client::builder().no_proxy().tls_backend_preconfigured(tls)
}

async fn bare(client: reqwest::Client, url: String, length: usize) {
    let answer = client.get(url).send().await.expect("an answer");
    assert_eq!(answer.bytes().await.expect("a body").len(), length);
}

async fn pooled<B: Backend<Conn: HttpConnection>>(
    pool: Pool<B, TokioClock>,
    request: Request,
    length: usize,
) {
    let mut lease = pool.acquire().await.expect("a lease");
    lease.drop_as(Outcome::ABANDONED);
    let answer = lease.send(request, Limits::within(LONG)).await.expect("an answer");
    lease.release(Outcome::Success);
    assert_eq!(answer.body.len(), length);
}
