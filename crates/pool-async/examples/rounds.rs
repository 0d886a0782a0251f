//! So many acquires and releases of an idle connection, with a recorder of so many events (0: off): for counting instructions.
//!
//! `valgrind --tool=callgrind rounds 110000 65536`, less the same with 10000 rounds, over 100,000.

use std::convert::Infallible;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures::executor::block_on;
use pool_async::pool_core::{Config, Outcome, Time};
use pool_async::{Backend, Clock, ConnectContext, Connected, Fault, Pool};

#[derive(Clone)]
struct Monotonic(Instant);

impl Clock for Monotonic {
    fn now(&self) -> Time {
        Time::from_nanos(self.0.elapsed().as_nanos() as u64)
    }

    async fn sleep(&self, _: Duration) {
        std::future::pending().await
    }
}

struct Nothing;

impl Backend for Nothing {
    type Conn = u64;
    type Error = Infallible;

    async fn connect(&self, _: ConnectContext) -> Result<Connected<u64>, Infallible> {
        Ok(Connected::exclusive(0))
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

fn main() {
    let mut arguments = std::env::args().skip(1).map(|number| number.parse::<usize>().expect("a number"));
    let (rounds, events) = (arguments.next().unwrap_or(1000), arguments.next().unwrap_or(0));
    let config = Config { min_connections: 8, max_connections: 8, connects_max: 8, ..Config::default() };
    let (pool, driver) =
        Pool::builder(Nothing, Monotonic(Instant::now())).config(config).build().expect("valid");
    pool.record(events);
    let mut driver = pin!(driver.run());
    while pool.status().available < 8 {
        assert!(driver.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending(), "it goes on");
    }
    block_on(async {
        for _ in 0..rounds {
            let mut lease = pool.acquire().await.expect("idle");
            *lease += 1;
            lease.release(Outcome::Success);
        }
    });
    let recorded = pool.recording().map_or(0, |recording| recording.len());
    println!("{rounds} rounds, {recorded} events recorded");
    let _: Poll<()> = driver.as_mut().poll(&mut Context::from_waker(Waker::noop()));
}
