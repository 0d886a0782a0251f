//! What the tests share: servers, a configuration that leads to them, requests, and a limit of time that only a hung test reaches.

use std::error::Error as _;
use std::future::Future;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use pool_smol::pool_async::{Backend, Clock, Lease, Pool};
use pool_smol::pool_core::{CloseReason, Config, Outcome, RetryPolicy};
use pool_smol::pool_http::{
    Base, HttpConnection, Limits, Phase, Request, Response, TransportError, TransportErrorKind,
};
use pool_smol::{HttpError, Probe, Roots, TransportConfig, http};
use smol::Timer;
use smol::future::FutureExt;
use supabase_sim::{Builder, Counters, Simulator};

/// Longer than anything takes that happens at all.
pub(crate) const LONG: Duration = Duration::from_secs(30);
/// For what is expected to time out.
pub(crate) const SHORT: Duration = Duration::from_millis(100);
/// For what comes to a halt half-way: long enough for what comes before, on a machine that has other work.
pub(crate) const HALT: Duration = Duration::from_secs(1);

pub(crate) fn start(builder: Builder) -> Simulator {
    builder.start().expect("a free port on loopback")
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

pub(crate) fn request(method: http::Method, target: &str) -> Request {
    Request::new(method, target.parse().expect("a target"), "test")
}

/// A `GET` with the key that the simulator wants.
pub(crate) fn get(sim: &Simulator, target: &str) -> Request {
    let mut request = request(http::Method::GET, target);
    request.headers.insert("apikey", sim.anon_key().parse().expect("a header value"));
    request
}

/// The path of the blog with this id, and nothing else of it.
pub(crate) fn blog_path(id: u32) -> String {
    format!("/rest/v1/blogs?select=id&id=eq.{id}")
}

pub(crate) fn blog(sim: &Simulator, id: u32) -> Request {
    get(sim, &blog_path(id))
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
    pool_smol::pool_http::outcome(result.as_ref())
}

/// Phase and kind of the connect that failed.
pub(crate) async fn connect_failure<B, C>(pool: &Pool<B, C>) -> (Phase, TransportErrorKind)
where
    B: Backend<Error = HttpError>,
    C: Clock,
{
    let error = pool.acquire().await.map(Lease::detach).err().expect("no connection");
    let cause = error.source().and_then(|cause| cause.downcast_ref::<HttpError>()).expect("its cause");
    (cause.phase().expect("a phase"), cause.kind().expect("a kind"))
}

/// Closes so far, for this reason.
pub(crate) fn closed<B: Backend, C: Clock>(pool: &Pool<B, C>, reason: CloseReason) -> u64 {
    let place = CloseReason::ALL.iter().position(|known| *known == reason).expect("a reason");
    pool.stats().closed[place]
}

/// Opens a connection and gives it back without a complaint. One that ends before anything was good about it counts as a failed
/// connect, after which the pool takes a rest.
pub(crate) async fn proven<B: Backend, C: Clock>(pool: &Pool<B, C>) {
    drop(within(pool.acquire()).await.expect("a connection"));
}

/// Whether every connection that there was is closed, or being closed.
pub(crate) fn none_open<B: Backend, C: Clock>(pool: &Pool<B, C>) -> bool {
    let status = pool.status();
    status.total == status.closing
}

/// Waits for what must come about; a test that hangs fails instead.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    let limit = async {
        Timer::after(LONG).await;
        None
    };
    async { Some(future.await) }.or(limit).await.expect("it did not come about in time")
}

/// Waits for the simulator's counters, without sleeping.
pub(crate) async fn until(sim: &Simulator, condition: impl Fn(&Counters) -> bool) {
    within(sim.until(condition)).await;
}

/// Waits for the pool, without sleeping.
pub(crate) async fn until_pool<B: Backend, C: Clock>(
    pool: &Pool<B, C>,
    condition: impl Fn(&Pool<B, C>) -> bool,
) {
    within(async {
        loop {
            let changed = pool.status_changed();
            if condition(pool) {
                return;
            }
            changed.await;
        }
    })
    .await;
}

/// A server on plain threads that says what a test has it say. It ends, with its connections, when it is dropped.
pub(crate) struct Raw {
    pub(crate) address: SocketAddr,
    stop: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Raw {
    /// `serve` has each connection, with its number from 0, on a thread of its own.
    pub(crate) fn start(serve: impl Fn(usize, Peer) + Send + Sync + 'static) -> Raw {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
        let address = listener.local_addr().expect("an address");
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, serve) = (Arc::clone(&stop), Arc::new(serve));
        let accepting = std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let Ok(stream) = stream else { continue };
                if stopped.load(Ordering::Acquire) {
                    return;
                }
                let serve = Arc::clone(&serve);
                std::thread::spawn(move || serve(number, Peer(stream)));
            }
        });
        Raw { address, stop, accepting: Some(accepting) }
    }

    /// Answers every request of every connection with these bytes, and closes after each if `close`.
    pub(crate) fn answering(bytes: impl Into<Vec<u8>>, close: bool) -> Raw {
        let bytes = bytes.into();
        Raw::start(move |_, mut peer| {
            while peer.read_head().is_some() {
                peer.write(&bytes);
                if close {
                    return;
                }
            }
        })
    }

    pub(crate) fn towards(&self) -> TransportConfig {
        TransportConfig::new(base(&format!("http://{}", self.address)))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // Wakes the thread that accepts; that nobody listens any more would do as well.
        drop(TcpStream::connect(self.address));
        if let Some(accepting) = self.accepting.take() {
            drop(accepting.join());
        }
    }
}

/// The client's end of a connection, as a raw server sees it.
pub(crate) struct Peer(pub(crate) TcpStream);

impl Peer {
    /// The head of the next request, without its body; `None` when the client has closed.
    pub(crate) fn read_head(&mut self) -> Option<String> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            match self.0.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                _ => return None,
            }
        }
        Some(String::from_utf8_lossy(&head).into_owned())
    }

    /// Writes; a client that is gone is the client's business.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes);
    }

    /// Reads until the client closes.
    pub(crate) fn drain(&mut self) {
        let mut bytes = [0; 4096];
        while matches!(self.0.read(&mut bytes), Ok(1..)) {}
    }
}
