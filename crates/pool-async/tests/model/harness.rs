//! What the races are run with: connections that are numbers, a clock that stands still, an executor of one thread, and the
//! model checker.
//!
//! Time never moves here, so no deadline helps anybody: whoever is not woken waits for ever, and the model checker calls that a
//! deadlock. What the pool does not see (the ledger) is not the model checker's either: it adds no steps.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake};
use std::time::{Duration, Instant};

use loom::sync::{Condvar, Mutex};
use loom::thread::{self, JoinHandle};
use pool_async::pool_core::{Config, Status, Time};
use pool_async::{Backend, Clock, ConnectContext, Connected, Fault, Reporter};

pub(crate) type Pool = pool_async::Pool<Numbers, Still>;
pub(crate) type Lease = pool_async::Lease<Numbers, Still>;

/// Runs `race` in every order of its threads' steps in which at most `preemptions` times a thread is stopped that could go on,
/// and says how many those were. Each tenfold of `POOL_MODEL_TIMES` is one preemption more.
pub(crate) fn explore(name: &str, preemptions: usize, race: impl Fn() + Send + Sync + 'static) {
    let preemptions = preemptions + times().log10() as usize;
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model.max_branches = 10_000;
    let (orders, start) = (Arc::new(AtomicUsize::new(0)), Instant::now());
    let count = Arc::clone(&orders);
    #[cfg(planted)]
    pool_world::planted::begin();
    model.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        #[cfg(planted)]
        pool_world::planted::step();
        race();
    });
    let (orders, took) = (orders.load(Ordering::Relaxed), start.elapsed().as_secs_f64());
    println!("{name}, up to {preemptions} preemptions");
    println!("proved: engine=model races=1 interleavings={orders} seconds={took:.1}");
}

fn times() -> f64 {
    let Ok(times) = std::env::var("POOL_MODEL_TIMES") else { return 1.0 };
    match times.parse() {
        Ok(number) if number >= 1.0 => number,
        Ok(_) | Err(_) => panic!("POOL_MODEL_TIMES is `{times}`: it takes a number from 1 up, such as 10"),
    }
}

/// How many connections there have been, and how many objects of them are gone.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    opened: AtomicUsize,
    dropped: AtomicUsize,
    closed: AtomicUsize,
    reporter: std::sync::Mutex<Option<Reporter>>,
}

impl Ledger {
    pub(crate) fn opened(&self) -> usize {
        self.opened.load(Ordering::Relaxed)
    }

    /// Objects that are still somewhere.
    pub(crate) fn live(&self) -> usize {
        self.opened() - self.dropped.load(Ordering::Relaxed)
    }

    /// Connections that the backend was asked to close.
    pub(crate) fn closed(&self) -> usize {
        self.closed.load(Ordering::Relaxed)
    }

    /// The reporter of the connection opened last.
    pub(crate) fn reporter(&self) -> Reporter {
        self.reporter.lock().unwrap().clone().expect("a connection has been opened")
    }
}

/// A connection. It cannot be copied: where it is, nobody else has it.
#[derive(Debug)]
pub(crate) struct Number(Arc<Ledger>);

impl Drop for Number {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

/// Connects at once, always.
#[derive(Debug)]
pub(crate) struct Numbers(Arc<Ledger>);

impl Backend for Numbers {
    type Conn = Number;
    type Error = Infallible;

    async fn connect(&self, cx: ConnectContext) -> Result<Connected<Number>, Infallible> {
        self.0.opened.fetch_add(1, Ordering::Relaxed);
        *self.0.reporter.lock().unwrap() = Some(cx.reporter);
        Ok(Connected::exclusive(Number(Arc::clone(&self.0))))
    }

    async fn probe(&self, _: &mut Number) -> Result<(), Infallible> {
        Ok(())
    }

    fn is_broken(&self, _: &Number) -> bool {
        false
    }

    async fn close(&self, _: Number) {
        self.0.closed.fetch_add(1, Ordering::Relaxed);
    }

    fn classify(&self, error: &Infallible) -> Fault {
        match *error {}
    }
}

/// A clock that stands still.
#[derive(Clone, Debug)]
pub(crate) struct Still;

impl Clock for Still {
    fn now(&self) -> Time {
        Time::ZERO
    }

    fn sleep(&self, _: Duration) -> impl Future<Output = ()> {
        pending()
    }
}

/// What wakes a thread that waits for a future.
#[derive(Default)]
struct Alarm {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Alarm {
    fn wait(&self) {
        let mut rung = self.rung.lock().unwrap();
        while !*rung {
            rung = self.changed.wait(rung).unwrap();
        }
        *rung = false;
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        *self.rung.lock().unwrap() = true;
        self.changed.notify_one();
    }
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let (mut future, alarm) = (pin!(future), Arc::new(Alarm::default()));
    let waker = Arc::clone(&alarm).into();
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        alarm.wait();
    }
}

/// Polls once.
pub(crate) fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    let waker = Arc::new(Alarm::default()).into();
    Pin::new(future).poll(&mut Context::from_waker(&waker))
}

/// The driver's future, polled by hand while the scene is set, or run on a thread.
pub(crate) struct Run(Pin<Box<dyn Future<Output = ()>>>);

impl Run {
    /// Polls until there is nothing left to do. Whether it has ended.
    pub(crate) fn settle(&mut self) -> bool {
        let alarm = Arc::new(Alarm::default());
        let waker = Arc::clone(&alarm).into();
        loop {
            if self.0.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                return true;
            }
            if !std::mem::take(&mut *alarm.rung.lock().unwrap()) {
                return false;
            }
        }
    }

    pub(crate) fn spawn(self) -> JoinHandle<()> {
        thread::spawn(move || block_on(self.0))
    }
}

/// A pool of one connection at most, which is not open yet.
pub(crate) fn pool() -> (Pool, Run, Arc<Ledger>) {
    let ledger = Arc::new(Ledger::default());
    let config = Config { min_connections: 0, max_connections: 1, ..Config::default() };
    let built = Pool::builder(Numbers(Arc::clone(&ledger)), Still).config(config).build();
    let (pool, driver) = built.unwrap();
    (pool, Run(Box::pin(driver.run())), ledger)
}

/// The same with its connection on loan.
pub(crate) fn lent() -> (Pool, Run, Arc<Ledger>, Lease) {
    let (pool, mut run, ledger) = pool();
    let mut acquire = pool.acquire();
    assert!(poll(&mut acquire).is_pending());
    run.settle();
    let Poll::Ready(Ok(lease)) = poll(&mut acquire) else { panic!("a connect has succeeded") };
    drop(acquire);
    (pool, run, ledger, lease)
}

/// The pool at rest, its invariants checked.
pub(crate) fn status(pool: &Pool) -> Status {
    pool.check().unwrap();
    pool.status()
}
