//! A pool over a fake backend on one thread, in virtual time.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures::executor::LocalPool;
use futures::future::{AbortHandle, Abortable};
use futures::task::LocalSpawn;
use pool_async::pool_core::Config;
use pool_async::{AcquireError, ManualClock};

use crate::fake::{Fake, FakeError};

pub(crate) type Pool = pool_async::Pool<Fake, ManualClock>;
pub(crate) type Builder = pool_async::Builder<Fake, ManualClock>;
pub(crate) type Lease = pool_async::Lease<Fake, ManualClock>;
pub(crate) type Acquired = Result<Lease, AcquireError<FakeError>>;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Opens nothing before it is needed, and at most `max`.
pub(crate) fn lazy(max: u32) -> Config {
    Config { min_connections: 0, max_connections: max, ..Config::default() }
}

pub(crate) struct World {
    pub(crate) pool: Pool,
    pub(crate) fake: Fake,
    pub(crate) clock: ManualClock,
    executor: LocalPool,
    driver: AbortHandle,
}

impl World {
    pub(crate) fn new(config: Config) -> Self {
        World::with(config, Fake::new())
    }

    pub(crate) fn with(config: Config, fake: Fake) -> Self {
        World::built(|fake, clock| Pool::builder(fake, clock).config(config), fake)
    }

    pub(crate) fn built(build: impl FnOnce(Fake, ManualClock) -> Builder, fake: Fake) -> Self {
        let (clock, executor) = (ManualClock::new(), LocalPool::new());
        let (pool, driver) = build(fake.clone(), clock.clone()).build().unwrap();
        let (stop, registration) = AbortHandle::new_pair();
        let driver = async move { Abortable::new(driver.run(), registration).await.unwrap_or(()) };
        executor.spawner().spawn_local_obj(Box::new(driver).into()).unwrap();
        World { pool, fake, clock, executor, driver: stop }
    }

    /// Runs the driver until it has nothing to do before the time moves, and checks the core's invariants.
    pub(crate) fn settle(&mut self) {
        self.executor.run_until_stalled();
        self.pool.check().unwrap();
    }

    /// Moves the time, stopping at every sleep that ends on the way.
    pub(crate) fn advance(&mut self, by: Duration) {
        self.settle();
        let to = self.pool.now() + by;
        while let Some(next) = self.clock.next_wakeup().filter(|&next| next <= to) {
            self.clock.advance_to(next);
            self.settle();
        }
        self.clock.advance_to(to);
        self.settle();
    }

    /// Awaits `future`, moving the time when nothing else can go on.
    #[track_caller]
    pub(crate) fn run<T>(&mut self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let task = Arc::new(Task::default());
        loop {
            let woken = task.woken();
            if let Poll::Ready(value) = task.poll(future.as_mut()) {
                return value;
            }
            self.settle();
            if task.woken() == woken {
                let next = self.clock.next_wakeup().expect("nothing is left that could end the wait");
                self.clock.advance_to(next);
                self.settle();
            }
        }
    }

    /// Drops the driver where it stands.
    pub(crate) fn drop_driver(&mut self) {
        self.driver.abort();
        self.executor.run_until_stalled();
    }

    /// A lease, now or soon.
    #[track_caller]
    pub(crate) fn lease(&mut self) -> Lease {
        let pool = self.pool.clone();
        self.run(pool.acquire()).unwrap()
    }

    /// Everything has come back and is idle or gone: nothing leaked.
    #[track_caller]
    pub(crate) fn assert_at_rest(&mut self) {
        self.settle();
        let status = self.pool.status();
        assert_eq!((status.leases, status.waiting, status.connecting), (0, 0, 0), "{status:?}");
        assert_eq!(self.fake.live(), status.total, "every object is a connection of the pool");
    }
}

/// A task that counts how often it was woken.
#[derive(Default)]
pub(crate) struct Task(AtomicU32);

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Task {
    pub(crate) fn woken(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn poll<F: Future>(self: &Arc<Self>, future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(&Waker::from(Arc::clone(self))))
    }
}

/// Polls a future once, with a waker that nobody listens to.
pub(crate) fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
