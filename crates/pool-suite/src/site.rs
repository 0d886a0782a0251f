//! Where a scenario takes place: a runtime and a server on loopback, with the words that scenarios are written in.
//!
//! Rules: nothing sleeps in order to wait for something, it waits for a condition; every limit of time is one that only what hangs
//! reaches, but for [`SHORT`], which limits what is meant to be cut short, and [`TRY`].

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{Either, join_all, select};
use http::header::{HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use http::{Method, Uri};
use pool_async::pool_core::{Config, Outcome, RetryBudget, RetryPolicy, WhenDown};
use pool_async::{Backend, Clock, Lease, Pool};
use pool_http::{HttpConnection, Limits, Phase, Request, Response, TransportError, TransportErrorKind};
use smol::Timer;
use supabase_sim::{Counters, Protocols, Simulator};

use crate::adapter::{Adapter, Open};

/// Longer than anything takes that happens at all.
pub const LONG: Duration = Duration::from_secs(30);
/// The limit of what is expected to reach it.
pub const SHORT: Duration = Duration::from_millis(400);
/// The limit of a try where connections end at any moment. Through a reqwest client, a request that is taken in just as its connection
/// ends may be kept without an answer for as long as the client lives (the other transports take it back): then this ends the try.
pub const TRY: Duration = Duration::from_secs(2);
/// The header that the gateway looks at.
pub const APIKEY: HeaderName = HeaderName::from_static("apikey");
/// A call that writes one row.
pub const RECORD: &str = "/rest/v1/rpc/record_blog_view";

/// A runtime and a server.
#[derive(Debug)]
pub struct Site<A> {
    /// The runtime with its transport.
    pub adapter: A,
    /// The server. It has a thread and a runtime of its own.
    pub sim: Simulator,
}

impl<A: Adapter> Site<A> {
    /// Starts both.
    pub fn start() -> Self {
        let sim = Simulator::builder().protocols(Protocols::Http1).start().expect("a free port on loopback");
        Site { adapter: A::start(), sim }
    }

    /// Plays a scenario as the runtime's main task.
    pub fn play(&self, scenario: impl AsyncFnOnce(&Site<A>)) {
        self.adapter.run(within(scenario(self)));
    }

    /// A pool for the server.
    pub fn pool(&self, config: Config) -> Open<A> {
        self.adapter.open(&self.sim, config)
    }

    /// Runs these beside each other, as tasks (or threads) of their own, and waits for all.
    pub async fn all<T, I>(&self, futures: I) -> Vec<T>
    where
        T: Send + 'static,
        I: IntoIterator<Item: Future<Output = T> + Send + 'static>,
    {
        self.spawn_all(futures).await
    }

    /// Starts these, and gives what waits for them.
    pub fn spawn_all<T, I>(&self, futures: I) -> impl Future<Output = Vec<T>> + use<T, I, A>
    where
        T: Send + 'static,
        I: IntoIterator<Item: Future<Output = T> + Send + 'static>,
    {
        let results: Vec<_> = futures.into_iter().map(|future| self.spawn(future)).collect();
        async { join_all(results).await }
    }

    fn spawn<T, F>(&self, future: F) -> impl Future<Output = T> + use<T, F, A>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        self.adapter.spawn(async move {
            // Nobody listens any more when the scenario has failed.
            let _ = tell.send(future.await);
        });
        async { told.await.expect("the task ends without a panic") }
    }

    /// A `GET` of the blog with this id, and of nothing else of it.
    pub fn blog(&self, id: u32) -> Request {
        self.get(&format!("/rest/v1/blogs?select=id&id=eq.{id}"))
    }

    /// A `GET` with the key that the server wants.
    pub fn get(&self, target: &str) -> Request {
        let mut request = Request::new(Method::GET, target.parse().expect("a target"), "suite");
        request.headers.insert(APIKEY, key(&self.sim));
        request
    }

    /// A write that must not happen twice; the server counts by `request_key`.
    pub fn record(&self, request_key: &str) -> Request {
        let mut request = self.get(RECORD);
        request = Request { method: Method::POST, ..request };
        request.meta.safety = pool_async::pool_core::Safety::Unsafe;
        request.headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request.body = format!(r#"{{"blog_id":1,"viewer":"suite","request_key":"{request_key}"}}"#).into();
        request
    }

    /// Waits for the server's counters.
    pub async fn until(&self, condition: impl Fn(&Counters) -> bool) {
        within(self.sim.until(condition)).await;
    }

    /// How many of [`blog`](Site::blog)'s requests the server has executed.
    pub fn executed(&self) -> usize {
        self.sim.observe(|counters| counters.executed_count("GET", "/rest/v1/blogs"))
    }
}

/// The server's address.
pub(crate) fn url(sim: &Simulator) -> Uri {
    sim.url().parse().expect("a URI")
}

pub(crate) fn key(sim: &Simulator) -> HeaderValue {
    sim.anon_key().parse().expect("a header value")
}

/// The cheapest question that goes as far as the requests do.
pub(crate) fn ping() -> PathAndQuery {
    PathAndQuery::from_static("/rest/v1/rpc/ping")
}

/// A pool of up to `max` that opens nothing unasked, probes nothing unasked, waits while the server is down, and tries nothing twice.
pub fn quiet(max: u32) -> Config {
    Config {
        min_connections: 0,
        max_connections: max,
        acquire_timeout: LONG,
        health_check_interval: Duration::ZERO,
        retry: RetryPolicy { attempts: 1, ..RetryPolicy::default() },
        when_down: WhenDown::Wait,
        ..Config::default()
    }
}

/// The same, but it tries again.
pub fn stubborn(max: u32) -> Config {
    let delay = Duration::from_millis(1);
    let retry = RetryPolicy { attempts: 10, delay, delay_max: SHORT, budget: RetryBudget::Unlimited };
    Config { retry, ..quiet(max) }
}

/// What [`Site::blog`] is answered with.
pub fn is_blog(answer: &Response, id: u32) -> bool {
    answer.status == 200 && answer.body == format!(r#"[{{"id":{id}}}]"#)
}

/// Sends on a lease, and ends it as the result says.
pub async fn exchange<B, C>(
    mut lease: Lease<B, C>,
    request: Request,
    limit: Duration,
) -> Result<Response, TransportError>
where
    B: Backend<Conn: HttpConnection>,
    C: Clock,
{
    lease.drop_as(Outcome::ABANDONED);
    let result = lease.send(request, Limits::within(limit)).await;
    lease.release(pool_http::outcome(result.as_ref()));
    result
}

/// Phase and kind of a failure.
pub fn failure(result: Result<Response, TransportError>) -> (Phase, TransportErrorKind) {
    let error = result.expect_err("a failure");
    (error.phase(), error.kind())
}

/// Opens a connection and gives it back without a complaint: one that dies before anything was good about it counts as a failed
/// connect, after which the pool takes a rest.
pub async fn proven<A: Adapter>(pool: &Open<A>) {
    drop(pool.get().await.expect("a connection"));
}

/// Waits for what must come about; what hangs fails instead.
pub async fn within<T>(future: impl Future<Output = T>) -> T {
    match select(pin!(future), Timer::after(LONG)).await {
        Either::Left((value, _)) => value,
        Either::Right(_) => panic!("it did not come about in {LONG:?}"),
    }
}

/// Waits for a condition of the pool.
pub async fn until_pool<B: Backend, C: Clock>(pool: &Pool<B, C>, condition: impl Fn(&Pool<B, C>) -> bool) {
    within(async {
        loop {
            let changed = pool.status_changed();
            if condition(pool) {
                return;
            }
            // Leases and waiters come and go without a word to observers: these are looked for once in a while.
            select(changed, Timer::after(Duration::from_millis(5))).await;
        }
    })
    .await;
}

/// Nothing is under way in the pool, and nothing wrong with it.
pub fn assert_at_rest<B: Backend, C: Clock>(pool: &Pool<B, C>) {
    let status = pool.status();
    assert_eq!((status.leases, status.waiting), (0, 0), "{status:?}");
    pool.check().expect("the core's invariants hold");
}
