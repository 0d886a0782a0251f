//! What the tests share: a simulator, a configuration that leads to it, requests, and limits of time that only a hung test reaches.

use std::time::Duration;

use pool_tokio::pool_async::{Backend, Clock, Lease, Pool};
use pool_tokio::pool_core::{Config, Outcome, RetryPolicy};
use pool_tokio::pool_http::{
    Base, HttpConnection, Limits, Phase, Request, Response, TransportError, TransportErrorKind,
};
use pool_tokio::{HttpError, Probe, Roots, TransportConfig};
use supabase_sim::{Builder, Counters, Simulator};

/// Longer than anything takes that happens at all.
pub(crate) const LONG: Duration = Duration::from_secs(30);
/// For what is expected to time out.
pub(crate) const SHORT: Duration = Duration::from_millis(100);
/// For what comes to a halt half-way: long enough for what comes before, on a machine that has other work.
pub(crate) const HALT: Duration = Duration::from_secs(1);

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

/// As [`at_most`], and with three tries.
pub(crate) fn stubborn(max: u32) -> Config {
    let retry = RetryPolicy { attempts: 3, delay: Duration::from_millis(1), ..RetryPolicy::default() };
    Config { retry, ..at_most(max) }
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

/// What [`blog`] is answered with.
pub(crate) fn is_blog(answer: &Response, id: u32) -> bool {
    answer.status == 200 && answer.body == format!(r#"[{{"id":{id}}}]"#)
}

pub(crate) async fn send(
    conn: &mut impl HttpConnection,
    request: Request,
) -> Result<Response, TransportError> {
    conn.send(request, Limits::within(LONG)).await
}

/// Sends within [`SHORT`].
pub(crate) async fn send_shortly(
    conn: &mut impl HttpConnection,
    request: Request,
) -> Result<Response, TransportError> {
    conn.send(request, Limits::within(SHORT)).await
}

/// Phase and kind of a failure.
pub(crate) fn failure(result: Result<Response, TransportError>) -> (Phase, TransportErrorKind) {
    let error = result.expect_err("a failure");
    (error.phase(), error.kind())
}

/// How a lease ends that was used for this.
pub(crate) fn outcome(result: &Result<Response, TransportError>) -> Outcome {
    pool_tokio::pool_http::outcome(result.as_ref())
}

/// Phase and kind of the connect that failed.
pub(crate) async fn connect_failure<B, C>(pool: &Pool<B, C>) -> (Phase, TransportErrorKind)
where
    B: Backend<Error = HttpError>,
    C: Clock,
{
    use std::error::Error as _;
    let error = pool.acquire().await.map(Lease::detach).err().expect("no connection");
    let cause = error.source().and_then(|cause| cause.downcast_ref::<HttpError>()).expect("its cause");
    (cause.phase().expect("a phase"), cause.kind().expect("a kind"))
}

/// Closes so far, for this reason.
#[cfg(feature = "direct")]
pub(crate) fn closed<B: Backend, C: Clock>(
    pool: &Pool<B, C>,
    reason: pool_tokio::pool_core::CloseReason,
) -> u64 {
    let place =
        pool_tokio::pool_core::CloseReason::ALL.iter().position(|known| *known == reason).expect("a reason");
    pool.stats().closed[place]
}

/// Waits for the simulator's counters, without sleeping.
pub(crate) async fn until(sim: &Simulator, condition: impl Fn(&Counters) -> bool) {
    let waited = tokio::time::timeout(LONG, sim.until(condition)).await;
    assert!(waited.is_ok(), "it did not come about: {:?}", sim.counters());
}

/// Waits for the pool, without sleeping.
pub(crate) async fn until_pool<B: Backend, C: Clock>(
    pool: &Pool<B, C>,
    condition: impl Fn(&Pool<B, C>) -> bool,
) {
    let wait = async {
        loop {
            let changed = pool.status_changed();
            if condition(pool) {
                return;
            }
            // What nobody is told of is looked for once in a while.
            let _ = tokio::time::timeout(Duration::from_millis(20), changed).await;
        }
    };
    assert!(tokio::time::timeout(LONG, wait).await.is_ok(), "it did not come about: {:?}", pool.status());
}
