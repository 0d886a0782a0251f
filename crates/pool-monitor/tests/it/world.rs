//! Pools over a fake backend and the monitor that watches them, on one thread and one clock.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures::executor::LocalPool;
use futures::task::LocalSpawn;
use http::{Method, Request, Response};
use pool_async::pool_core::{Config, Outcome};
use pool_async::{AcquireError, Clock, ManualClock};
use pool_monitor::{Alert, Condition, Monitor, Panel, Rule, Severity};

use crate::fake::{Fake, Refused};

pub(crate) type Pool = pool_async::Pool<Fake, ManualClock>;
pub(crate) type Lease = pool_async::Lease<Fake, ManualClock>;

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const READER: &str = "reader-reader-reader";
pub(crate) const OPERATOR: &str = "operator-operator-operator";

/// Opens nothing before it is needed, and at most `max`.
pub(crate) fn lazy(max: u32) -> Config {
    Config { min_connections: 0, max_connections: max, ..Config::default() }
}

/// A rule that fires at once and is over at once.
pub(crate) fn rule(when: Condition) -> Rule {
    named("rule", Severity::Warning, when)
}

/// Such a rule of this name.
pub(crate) fn named(name: &'static str, severity: Severity, when: Condition) -> Rule {
    Rule::new(name, severity, when).calm(Duration::ZERO)
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
