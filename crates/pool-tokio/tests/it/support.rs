//! What the tests share: a simulator, a configuration that leads to it, requests, and limits of time that only a hung test reaches.

use std::time::Duration;

use pool_tokio::pool_core::{Config, RetryPolicy};
use pool_tokio::pool_http::{Base, HttpConnection, Limits, Request, Response, TransportError};
use pool_tokio::{Probe, Roots, TransportConfig};
use supabase_sim::{Builder, Counters, Simulator};

/// Longer than anything takes that happens at all.
pub(crate) const LONG: Duration = Duration::from_secs(30);
/// For what is expected to time out.
pub(crate) const SHORT: Duration = Duration::from_millis(100);

/// A running simulator, started on a thread of its own: it has a runtime of its own, too.
pub(crate) fn start(builder: Builder) -> Simulator {
    std::thread::spawn(move || builder.start()).join().expect("no panic").expect("a simulator")
}

pub(crate) fn base(url: &str) -> Base {
    Base::new(&url.parse().expect("a URI")).expect("a base")
}

/// Where `sim` is, with a probe that it answers and the certificate that it shows.
pub(crate) fn towards(sim: &Simulator) -> TransportConfig {
    let key = sim.anon_key().parse().expect("a header value");
    let probe = Probe::get("/rest/v1/rpc/ping".parse().expect("a path"));
    let config = TransportConfig::new(base(&sim.url()))
        .probe(probe.header("apikey".parse().expect("a header name"), key));
    match sim.root_certificate() {
        Some(root) => config.roots(Roots::Only(vec![root.der().to_vec().into()])),
        None => config,
    }
}

/// A pool of up to `max` that opens nothing unasked, probes nothing and tries nothing twice.
pub(crate) fn at_most(max: u32) -> Config {
    Config {
        min_connections: 0,
        max_connections: max,
        health_check_interval: Duration::ZERO,
        retry: RetryPolicy { attempts: 1, ..RetryPolicy::default() },
        ..Config::default()
    }
}

pub(crate) fn get(sim: &Simulator, target: &str) -> Request {
    let mut request = Request::new(http::Method::GET, target.parse().expect("a target"), "test");
    request.headers.insert("apikey", sim.anon_key().parse().expect("a header value"));
    request
}

/// The blog with this id, and nothing else of it.
pub(crate) fn blog(sim: &Simulator, id: u32) -> Request {
    get(sim, &format!("/rest/v1/blogs?select=id&id=eq.{id}"))
}

pub(crate) async fn send(
    conn: &mut impl HttpConnection,
    request: Request,
) -> Result<Response, TransportError> {
    conn.send(request, Limits::within(LONG)).await
}

/// Waits for the simulator's counters, on the simulator's clock and not by sleeping.
pub(crate) async fn until(sim: &Simulator, condition: impl Fn(&Counters) -> bool) {
    let waited = tokio::time::timeout(LONG, sim.until(condition)).await;
    assert!(waited.is_ok(), "it did not come about: {:?}", sim.counters());
}
