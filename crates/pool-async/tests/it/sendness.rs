//! No trait asks for `Send`, so two things must be shown: with a backend that is `Send`, everything can be spawned on a runtime
//! with several threads; with one that is not, everything runs on one thread.

use std::cell::Cell;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::{Duration, Instant};

use futures::executor::LocalPool;
use futures::task::LocalSpawn;
use pool_async::pool_core::{Config, Safety, Time};
use pool_async::{
    Acquire, AcquireError, Backend, Clock, ConnectContext, Connected, Driver, Events, ExecuteError,
    ExecuteOptions, Fault, Lease, ManualClock, Pool, Reporter,
};

#[derive(Clone)]
struct TokioClock(Instant);

impl Clock for TokioClock {
    fn now(&self) -> Time {
        Time::from_nanos(self.0.elapsed().as_nanos() as u64)
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// `Send`, and on purpose not `Sync`, like a database handle.
struct Counter(Cell<u32>);

struct Counters;

impl Backend for Counters {
    type Conn = Counter;
    type Error = Infallible;

    async fn connect(&self, _: ConnectContext) -> Result<Connected<Counter>, Infallible> {
        tokio::task::yield_now().await;
        Ok(Connected::exclusive(Counter(Cell::new(0))))
    }

    async fn probe(&self, conn: &mut Counter) -> Result<(), Infallible> {
        tokio::task::yield_now().await;
        conn.0.set(conn.0.get() + 1);
        Ok(())
    }

    fn is_broken(&self, _: &Counter) -> bool {
        false
    }

    async fn close(&self, _: Counter) {}

    fn classify(&self, error: &Infallible) -> Fault {
        match *error {}
    }
}

const fn assert_send<T: Send>() {}
const fn assert_sync<T: Sync>() {}
const fn assert_send_value<T: Send>(_: &T) {}

const _: () = {
    assert_send::<Pool<Counters, TokioClock>>();
    assert_sync::<Pool<Counters, TokioClock>>();
    assert_send::<Driver<Counters, TokioClock>>();
    assert_send::<Lease<Counters, TokioClock>>();
    assert_send::<Acquire<'static, Counters, TokioClock>>();
    assert_send::<AcquireError<Infallible>>();
    assert_sync::<AcquireError<Infallible>>();
    assert_send::<ExecuteError<Infallible, Infallible>>();
    assert_sync::<ExecuteError<Infallible, Infallible>>();
    assert_send::<Events>();
    assert_send::<Reporter>();
    assert_sync::<Reporter>();
};

async fn bump(conn: &mut Counter) -> Result<u32, Infallible> {
    tokio::task::yield_now().await;
    *conn.0.get_mut() += 1;
    Ok(conn.0.get())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_can_be_spawned_on_a_runtime_with_several_threads() {
    let (pool, driver) = Pool::builder(Counters, TokioClock(Instant::now())).build().unwrap();
    let driver = tokio::spawn(driver.run());
    let handle = pool.clone();
    let caller = tokio::spawn(async move {
        let mut lease = handle.acquire().await.unwrap();
        bump(&mut lease).await.unwrap();
        drop(lease);
        handle.execute(Safety::Safe, async |conn| bump(conn).await).await.unwrap();
        let options = ExecuteOptions::new(Safety::Safe).timeout(Duration::from_secs(60));
        let judge = |error: &Infallible| match *error {};
        handle.execute_with(options, judge, async |conn: &mut Counter| bump(conn).await).await.unwrap();
        handle.warm_up(3, Duration::from_secs(60)).await.unwrap();
    });
    caller.await.unwrap();
    assert_send_value(&pool.drain());
    assert_send_value(&pool.closed());
    pool.shutdown(Duration::from_secs(1)).await;
    driver.await.unwrap();
}

#[derive(Clone)]
struct LocalBackend {
    live: Rc<Cell<u32>>,
}

struct LocalConn(Rc<Cell<u32>>);

impl Drop for LocalConn {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Backend for LocalBackend {
    type Conn = LocalConn;
    type Error = Infallible;

    async fn connect(&self, _: ConnectContext) -> Result<Connected<LocalConn>, Infallible> {
        self.live.set(self.live.get() + 1);
        Ok(Connected::exclusive(LocalConn(Rc::clone(&self.live))))
    }

    async fn probe(&self, _: &mut LocalConn) -> Result<(), Infallible> {
        Ok(())
    }

    fn is_broken(&self, _: &LocalConn) -> bool {
        false
    }

    async fn close(&self, conn: LocalConn) {
        drop(conn);
    }

    fn classify(&self, error: &Infallible) -> Fault {
        match *error {}
    }
}

#[test]
fn connections_that_must_stay_on_their_thread_can_be_pooled() {
    let live = Rc::new(Cell::new(0));
    let backend = LocalBackend { live: Rc::clone(&live) };
    let mut executor = LocalPool::new();
    let config = Config { min_connections: 0, ..Config::default() };
    let (pool, driver) = Pool::builder(backend, ManualClock::new()).config(config).build().unwrap();
    executor.spawner().spawn_local_obj(Box::new(driver.run()).into()).unwrap();
    executor.run_until(async {
        let lease = pool.acquire().await.unwrap();
        assert_eq!(live.get(), 1);
        drop(lease);
        pool.drain().await;
    });
    assert_eq!(live.get(), 0);
}
