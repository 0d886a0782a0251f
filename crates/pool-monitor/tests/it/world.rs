//! Pools over a fake backend and the monitor that watches them, on one thread and one clock.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures::executor::LocalPool;
use futures::task::LocalSpawn;
use http::{Method, Request, Response};
use pool_async::pool_core::{Config, FaultClass, Outcome, Reuse};
use pool_async::{AcquireError, Backend, Clock, ConnectContext, Connected, Fault, ManualClock};
use pool_monitor::{Alert, Condition, Monitor, Panel, Rule, Severity};

pub(crate) type Pool = pool_async::Pool<Fake, ManualClock>;
pub(crate) type Lease = pool_async::Lease<Fake, ManualClock>;

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const READER: &str = "reader-reader-reader";
pub(crate) const OPERATOR: &str = "operator-operator-operator";

/// How the peer takes a connect.
#[derive(Clone, Copy)]
pub(crate) enum Mood {
    Answers,
    Refuses(&'static str),
    Silent,
}

/// The peer, and the backend that speaks to it.
#[derive(Clone)]
pub(crate) struct Fake(Arc<Mutex<Net>>);

struct Net {
    connect: Mood,
    leases_max: u32,
    opened: u32,
    waiting: Vec<Waker>,
    written: Option<Arc<dyn Fn() + Send + Sync>>,
}

/// Why a connect failed; whoever writes it down is heard.
#[derive(Clone)]
pub(crate) struct Refused {
    why: &'static str,
    written: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused").field("why", &self.why).finish_non_exhaustive()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(written) = &self.written {
            written();
        }
        write!(f, "refused: {}", self.why)
    }
}

impl std::error::Error for Refused {}

impl Fake {
    fn new() -> Self {
        Fake(Arc::new(Mutex::new(Net {
            connect: Mood::Answers,
            leases_max: 1,
            opened: 0,
            waiting: Vec::new(),
            written: None,
        })))
    }

    /// From now on this is called whenever a refusal is written down.
    pub(crate) fn when_written(&self, written: impl Fn() + Send + Sync + 'static) {
        self.0.lock().unwrap().written = Some(Arc::new(written));
    }

    pub(crate) fn connects(&self, mood: Mood) {
        let mut net = self.0.lock().unwrap();
        net.connect = mood;
        let waiting = std::mem::take(&mut net.waiting);
        drop(net);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// From now on connections can be shared by this many.
    pub(crate) fn shares(&self, leases_max: u32) {
        self.0.lock().unwrap().leases_max = leases_max;
    }

    fn answer(&self, cx: &Context<'_>) -> Poll<Result<(), Refused>> {
        let mut net = self.0.lock().unwrap();
        match net.connect {
            Mood::Answers => Poll::Ready(Ok(())),
            Mood::Refuses(why) => Poll::Ready(Err(Refused { why, written: net.written.clone() })),
            Mood::Silent => {
                net.waiting.push(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Backend for Fake {
    type Conn = u32;
    type Error = Refused;

    async fn connect(&self, _: ConnectContext) -> Result<Connected<u32>, Refused> {
        poll_fn(|cx| self.answer(cx)).await?;
        let mut net = self.0.lock().unwrap();
        net.opened += 1;
        Ok(Connected::shared(net.opened, net.leases_max))
    }

    async fn probe(&self, _: &mut u32) -> Result<(), Refused> {
        Ok(())
    }

    fn is_broken(&self, _: &u32) -> bool {
        false
    }

    async fn close(&self, _: u32) {}

    fn classify(&self, _: &Refused) -> Fault {
        Fault::new(FaultClass::Endpoint, Reuse::Discard)
    }

    fn share(&self, conn: &u32) -> Option<u32> {
        (self.0.lock().unwrap().leases_max > 1).then_some(*conn)
    }

    fn label(&self, conn: &u32) -> Option<Arc<str>> {
        Some(format!("fake {conn}").into())
    }
}

/// Opens nothing before it is needed, and at most `max`.
pub(crate) fn lazy(max: u32) -> Config {
    Config { min_connections: 0, max_connections: max, ..Config::default() }
}

/// A rule that fires at once and is over at once.
pub(crate) fn rule(when: Condition) -> Rule {
    let mut rule = Rule::new("rule", Severity::Warning, when);
    rule.calm = Duration::ZERO;
    rule
}

pub(crate) struct World {
    pub(crate) monitor: Monitor,
    pub(crate) clock: ManualClock,
    executor: LocalPool,
}

impl World {
    pub(crate) fn new() -> Self {
        World::with(Monitor::new())
    }

    pub(crate) fn with(monitor: Monitor) -> Self {
        World { monitor, clock: ManualClock::new(), executor: LocalPool::new() }
    }

    /// A world with this rule alone.
    pub(crate) fn judged(when: Condition) -> Self {
        World::with(Monitor::builder().rules([rule(when)]).build())
    }

    /// A pool that nobody watches yet.
    pub(crate) fn pool(&mut self, config: Config) -> Pool {
        let (pool, driver) = Pool::builder(Fake::new(), self.clock.clone()).config(config).build().unwrap();
        self.spawn(driver.run());
        self.settle();
        pool
    }

    pub(crate) fn watched(&mut self, name: &str, config: Config) -> Pool {
        let pool = self.pool(config);
        self.monitor.watch(name, &pool).unwrap();
        pool
    }

    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + 'static) {
        self.executor.spawner().spawn_local_obj(Box::new(future).into()).unwrap();
    }

    /// Runs everything until it has nothing to do before the time moves.
    pub(crate) fn settle(&mut self) {
        self.executor.run_until_stalled();
    }

    /// Moves the time, stopping at every sleep that ends on the way.
    pub(crate) fn advance(&mut self, by: Duration) {
        self.settle();
        let to = self.clock.now() + by;
        while let Some(next) = self.clock.next_wakeup().filter(|&next| next <= to) {
            self.clock.advance_to(next);
            self.settle();
        }
        self.clock.advance_to(to);
        self.settle();
    }

    /// Moves the time by an interval, and looks.
    pub(crate) fn interval(&mut self) {
        self.advance(SECOND);
        self.monitor.sample();
    }

    /// Awaits `future`, moving the time when nothing else can go on.
    #[track_caller]
    pub(crate) fn run<T>(&mut self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(value) = poll(future.as_mut()) {
                return value;
            }
            self.settle();
            if let Poll::Ready(value) = poll(future.as_mut()) {
                return value;
            }
            let next = self.clock.next_wakeup().expect("nothing is left that could end the wait");
            self.clock.advance_to(next);
            self.settle();
        }
    }

    #[track_caller]
    pub(crate) fn lease(&mut self, pool: &Pool) -> Lease {
        self.acquire(pool).unwrap()
    }

    pub(crate) fn acquire(&mut self, pool: &Pool) -> Result<Lease, AcquireError<Refused>> {
        let pool = pool.clone();
        self.run(async move { pool.acquire().await })
    }

    /// Takes a connection and gives it back so.
    #[track_caller]
    pub(crate) fn use_once(&mut self, pool: &Pool, outcome: Outcome) {
        self.lease(pool).release(outcome);
        self.settle();
    }

    pub(crate) fn alerts(&self, name: &str) -> Vec<Alert> {
        self.monitor.view(name).unwrap().alerts
    }

    /// What the only open alert says.
    #[track_caller]
    pub(crate) fn says(&self, name: &str) -> String {
        let alerts = self.alerts(name);
        assert_eq!(alerts.len(), 1, "{alerts:?}");
        alerts[0].says.clone()
    }

    /// A panel with both tokens.
    pub(crate) fn panel(&self) -> Panel {
        Panel::new(self.monitor.clone()).readers(READER).unwrap().operators(OPERATOR).unwrap()
    }
}

/// Polls a future once, with a waker that nobody listens to.
pub(crate) fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Asks a panel, as whoever has this token.
pub(crate) fn ask(
    panel: &Panel,
    method: Method,
    path: &str,
    token: Option<&str>,
    body: &str,
) -> Response<Bytes> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    panel.answer(&request.body(body.to_owned()).unwrap())
}

pub(crate) fn get(panel: &Panel, path: &str) -> Response<Bytes> {
    ask(panel, Method::GET, path, Some(OPERATOR), "")
}

pub(crate) fn post(panel: &Panel, path: &str, body: &str) -> Response<Bytes> {
    ask(panel, Method::POST, path, Some(OPERATOR), body)
}

#[track_caller]
pub(crate) fn read_json(response: &Response<Bytes>) -> serde_json::Value {
    serde_json::from_slice(response.body()).unwrap()
}

/// What a refusal says.
#[track_caller]
pub(crate) fn error(response: &Response<Bytes>) -> String {
    read_json(response)["error"].as_str().unwrap().to_owned()
}
