//! Requests per second on loopback: one shared reqwest client, sixteen pinned ones, sixteen direct connections.
//!
//! `cargo bench -p pool-tokio` takes about half a minute. The contenders take turns, so that a change in the machine's mood meets
//! all of them; the medians are over the rounds. The server has a thread of its own and answers 1 KiB without looking.
//! Without `--bench` (under `cargo test`) it runs one short round, which shows that it works.

use std::future::Future;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use pool_tokio::pool_async::{Backend, Pool};
use pool_tokio::pool_core::{Config, Outcome};
use pool_tokio::pool_http::{Base, HttpConnection, Limits, Request};
use pool_tokio::{DirectBackend, PinnedBackend, TokioClock, TransportConfig, reqwest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const CONCURRENCY: usize = 64;
const CONNECTIONS: u32 = 16;
const BODY: usize = 1024;

struct Plan {
    rounds: usize,
    requests: usize,
}

/// Requests per second and latencies in microseconds: median and 99th percentile.
struct Round {
    rate: f64,
    p50: f64,
    p99: f64,
}

fn main() {
    let plan = match std::env::args().any(|argument| argument == "--bench") {
        true => Plan { rounds: 15, requests: 40_000 },
        false => Plan { rounds: 1, requests: 640 },
    };
    let address = serve();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(compare(address, &plan));
}

async fn compare(address: SocketAddr, plan: &Plan) {
    let url = format!("http://{address}");
    let config = TransportConfig::new(Base::new(&url.parse().expect("a URI")).expect("a base"));
    let settings = Config { min_connections: CONNECTIONS, max_connections: CONNECTIONS, ..Config::default() };
    let pinned = PinnedBackend::new(config.clone()).expect("no TLS").open(settings.clone()).expect("a pool");
    let direct = DirectBackend::new(config).expect("no TLS").open(settings).expect("a pool");
    let shared =
        reqwest::Client::builder().no_proxy().tls_backend_preconfigured(no_tls()).build().expect("a client");
    pinned.warm_up(CONNECTIONS, Duration::from_secs(10)).await.expect("open");
    direct.warm_up(CONNECTIONS, Duration::from_secs(10)).await.expect("open");
    let mut rounds: [Vec<Round>; 3] = Default::default();
    for _ in 0..plan.rounds {
        let (client, url) = (shared.clone(), url.clone());
        rounds[0].push(round(plan, move || bare(client.clone(), url.clone())).await);
        let pool = pinned.clone();
        rounds[1].push(round(plan, move || pooled(pool.clone())).await);
        let pool = direct.clone();
        rounds[2].push(round(plan, move || pooled(pool.clone())).await);
    }
    let rates = rounds.each_ref().map(|rounds| median(rounds.iter().map(|round| round.rate)));
    println!("{CONCURRENCY} tasks, {} requests a round, medians of {} rounds", plan.requests, plan.rounds);
    for (name, (rounds, rate)) in
        ["shared reqwest", "pinned x 16", "direct x 16"].iter().zip(rounds.iter().zip(rates))
    {
        let (p50, p99) =
            (median(rounds.iter().map(|round| round.p50)), median(rounds.iter().map(|round| round.p99)));
        println!("{name:15} {rate:9.0} /s  {:5.2} x  p50 {p50:6.0} us  p99 {p99:6.0} us", rate / rates[0]);
    }
}

fn no_tls() -> rustls::ClientConfig {
    let provider = rustls::crypto::ring::default_provider().into();
    let versions =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    versions.expect("versions").with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth()
}

async fn round<F>(plan: &Plan, one: impl Fn() -> F + Clone + Send + 'static) -> Round
where
    F: Future<Output = ()> + Send,
{
    let each = plan.requests / CONCURRENCY;
    let begun = Instant::now();
    let tasks = (0..CONCURRENCY).map(|_| {
        let one = one.clone();
        tokio::spawn(async move {
            let mut took = Vec::with_capacity(each);
            for _ in 0..each {
                let begun = Instant::now();
                one().await;
                took.push(begun.elapsed());
            }
            took
        })
    });
    let mut took = futures::future::try_join_all(tasks).await.expect("no panic").concat();
    let rate = took.len() as f64 / begun.elapsed().as_secs_f64();
    took.sort_unstable();
    let at = |share: usize| took[took.len() * share / 100].as_secs_f64() * 1e6;
    Round { rate, p50: at(50), p99: at(99) }
}

async fn bare(client: reqwest::Client, url: String) {
    let answer = client.get(url).send().await.expect("an answer");
    assert_eq!(answer.bytes().await.expect("a body").len(), BODY);
}

async fn pooled<B: Backend<Conn: HttpConnection>>(pool: Pool<B, TokioClock>) {
    let mut lease = pool.acquire().await.expect("a lease");
    let request = Request::new(http::Method::GET, http::uri::PathAndQuery::from_static("/"), "bench");
    let answer = lease.send(request, Limits::within(Duration::from_secs(10))).await.expect("an answer");
    lease.release(Outcome::Success);
    assert_eq!(answer.body.len(), BODY);
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A server on a thread of its own.
fn serve() -> SocketAddr {
    let (tell, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            tell.send(listener.local_addr().expect("an address")).expect("somebody listens");
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(answer(socket));
            }
        });
    });
    address.recv().expect("an address")
}

async fn answer(mut socket: TcpStream) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let mut answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {BODY}\r\n\r\n").into_bytes();
    answer.extend_from_slice(&[b'x'; BODY]);
    let mut head = [0; 4096];
    let mut filled = 0;
    loop {
        let length = socket.read(&mut head[filled..]).await?;
        if length == 0 {
            return Ok(());
        }
        filled += length;
        if head[..filled].ends_with(b"\r\n\r\n") {
            filled = 0;
            socket.write_all(&answer).await?;
        }
    }
}
