//! With an idle connection, acquiring and giving back allocates nothing; nor does waiting, once the queue has had its size.
//! In a binary of its own: the counting allocator is the process's.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use allocation_counter::measure;
use pool_async::pool_core::{Config, Outcome};
use pool_async::{Backend, ConnectContext, Connected, Driver, Fault, ManualClock, Pool};

struct Numbers;

impl Backend for Numbers {
    type Conn = u32;
    type Error = Infallible;

    async fn connect(&self, cx: ConnectContext) -> Result<Connected<u32>, Infallible> {
        Ok(Connected::exclusive(cx.conn.index() as u32))
    }

    async fn probe(&self, _: &mut u32) -> Result<(), Infallible> {
        Ok(())
    }

    fn is_broken(&self, _: &u32) -> bool {
        false
    }

    async fn close(&self, _: u32) {}

    fn classify(&self, error: &Infallible) -> Fault {
        match *error {}
    }
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn pool(connections: u32) -> (Pool<Numbers, ManualClock>, Driver<Numbers, ManualClock>) {
    let config = Config { min_connections: connections, max_connections: connections, ..Config::default() };
    Pool::builder(Numbers, ManualClock::new()).config(config).build().unwrap()
}

#[test]
fn an_idle_connection_is_lent_and_taken_back_without_allocating_i34() {
    let (pool, driver) = pool(2);
    let mut driver = pin!(driver.run());
    assert!(poll(driver.as_mut()).is_pending());
    let round = || {
        let Poll::Ready(Ok(mut lease)) = poll(pin!(pool.acquire())) else { panic!("nothing was idle") };
        *lease += 1;
        lease.release(Outcome::Success);
        drop(pool.try_acquire().unwrap());
    };
    // The first round may grow tables.
    round();
    let measured = measure(|| (0..1000).for_each(|_| round()));
    assert_eq!(measured.count_total, 0);
}

#[test]
fn waiting_in_line_does_not_allocate_i34() {
    let (pool, driver) = pool(1);
    let mut driver = pin!(driver.run());
    assert!(poll(driver.as_mut()).is_pending());
    let round = || {
        let lease = pool.try_acquire().unwrap();
        let (mut first, mut second, mut third) =
            (pin!(pool.acquire()), pin!(pool.acquire()), Some(pool.acquire()));
        assert!(poll(first.as_mut()).is_pending());
        assert!(poll(Pin::new(third.as_mut().unwrap())).is_pending());
        assert!(poll(second.as_mut()).is_pending());
        drop(lease);
        drop(poll(first));
        third = None;
        assert!(third.is_none() && poll(second).is_ready());
    };
    round();
    let measured = measure(|| (0..1000).for_each(|_| round()));
    assert_eq!(measured.count_total, 0);
}

#[test]
fn futures_and_leases_are_small() {
    type C = ManualClock;
    assert!(size_of::<pool_async::Acquire<'static, Numbers, C>>() <= 56);
    assert!(size_of::<pool_async::Lease<Numbers, C>>() <= 48);
    assert!(size_of::<pool_async::AcquireError<Infallible>>() == size_of::<usize>());
}
