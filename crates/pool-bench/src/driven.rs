//! The least that `pool-async` can be driven with: connections that are numbers, and a clock that goes by itself.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use pool_async::{Backend, Clock, ConnectContext, Connected, Fault};
use pool_core::{Config, Outcome, Time};

/// A pool of numbers.
pub type Driven = pool_async::Pool<Numbers, Ticking>;

/// Every connect succeeds at once.
#[derive(Debug)]
pub struct Numbers;

/// Each reading is 100 ns later than the one before, so that no system call is counted.
#[derive(Clone, Debug, Default)]
pub struct Ticking(Arc<AtomicU64>);

impl Clock for Ticking {
    fn now(&self) -> Time {
        Time::from_nanos(self.0.fetch_add(100, Ordering::Relaxed))
    }

    async fn sleep(&self, _: Duration) {
        std::future::pending().await
    }
}

impl Backend for Numbers {
    type Conn = u64;
    type Error = Infallible;

    async fn connect(&self, cx: ConnectContext) -> Result<Connected<u64>, Infallible> {
        Ok(Connected::exclusive(cx.conn.index() as u64))
    }

    async fn probe(&self, _: &mut u64) -> Result<(), Infallible> {
        Ok(())
    }

    fn is_broken(&self, _: &u64) -> bool {
        false
    }

    async fn close(&self, _: u64) {}

    fn classify(&self, error: &Infallible) -> Fault {
        match *error {}
    }
}

/// A pool whose `connections` are open, and its driver, which was polled once, opened them, and need not be polled again.
pub fn open(connections: u32) -> (Driven, Pin<Box<dyn Future<Output = ()>>>) {
    let config = Config {
        min_connections: connections,
        max_connections: connections,
        connects_max: connections,
        ..Config::default()
    };
    let built = pool_async::Pool::builder(Numbers, Ticking::default()).config(config).build();
    let (pool, driver) = built.expect("a valid configuration");
    let mut driver: Pin<Box<dyn Future<Output = ()>>> = Box::pin(driver.run());
    let _ = driver.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(pool.status().available, connections);
    // Each has served once: the first use of a connection is what proves it, and costs more.
    for _ in 0..connections {
        pool.try_acquire().expect("a connection is idle").release(Outcome::Success);
    }
    (pool, driver)
}
