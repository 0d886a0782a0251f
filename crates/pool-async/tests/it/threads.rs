//! Many tasks on several threads, for real: nobody is forgotten, and no connection is lent twice.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use pool_async::pool_core::{Config, Outcome, Time};
use pool_async::{AcquireOptions, Backend, Clock, ConnectContext, Connected, Fault, Pool};

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

#[derive(Default)]
struct Census {
    open: AtomicU32,
    most: AtomicU32,
}

struct Counted {
    census: Arc<Census>,
    /// `&mut` proves that nobody else is here; the counter would show it if the pool lied.
    users: AtomicU32,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.census.open.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Counting(Arc<Census>);

impl Backend for Counting {
    type Conn = Counted;
    type Error = Infallible;

    async fn connect(&self, _: ConnectContext) -> Result<Connected<Counted>, Infallible> {
        tokio::task::yield_now().await;
        let open = self.0.open.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.most.fetch_max(open, Ordering::SeqCst);
        Ok(Connected::exclusive(Counted { census: Arc::clone(&self.0), users: AtomicU32::new(0) }))
    }

    async fn probe(&self, _: &mut Counted) -> Result<(), Infallible> {
        Ok(())
    }

    fn is_broken(&self, _: &Counted) -> bool {
        false
    }

    async fn close(&self, conn: Counted) {
        tokio::task::yield_now().await;
        drop(conn);
    }

    fn classify(&self, error: &Infallible) -> Fault {
        match *error {}
    }
}

const TASKS: u32 = 64;
const ROUNDS: u32 = 200;

/// One task: uses connections, breaks some, and drops every seventh acquire half-way.
async fn use_connections(pool: Pool<Counting, TokioClock>, task: u32) -> u32 {
    let mut served = 0;
    for round in 0..ROUNDS {
        let patient = AcquireOptions { timeout: Some(Duration::from_secs(60)), ..AcquireOptions::default() };
        let acquire = pool.acquire_with(patient);
        let lease = if (task + round).is_multiple_of(7) {
            match futures::future::select(acquire, Box::pin(tokio::task::yield_now())).await {
                futures::future::Either::Left((lease, _)) => lease.unwrap(),
                futures::future::Either::Right(_) => continue,
            }
        } else {
            acquire.await.unwrap()
        };
        assert_eq!(lease.users.fetch_add(1, Ordering::SeqCst), 0, "lent twice");
        tokio::task::yield_now().await;
        lease.users.fetch_sub(1, Ordering::SeqCst);
        served += 1;
        lease.release(if (task * round) % 31 == 1 { Outcome::BROKEN } else { Outcome::Success });
    }
    served
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crowd_is_served_without_one_lost_wake_or_one_connection_too_many() {
    let census = Arc::new(Census::default());
    let config = Config { max_connections: 8, waiters_max: Some(TASKS), ..Config::default() };
    let (pool, driver) = Pool::builder(Counting(Arc::clone(&census)), TokioClock(Instant::now()))
        .config(config)
        .build()
        .unwrap();
    let driver = tokio::spawn(driver.run());
    let tasks: Vec<_> = (0..TASKS).map(|task| tokio::spawn(use_connections(pool.clone(), task))).collect();
    let mut served = 0;
    for task in tasks {
        served += task.await.unwrap();
    }
    pool.check().unwrap();
    let stats = pool.stats();
    assert_eq!(stats.successes + stats.faults[0], u64::from(served));
    assert_eq!((stats.timeouts, pool.status().leases), (0, 0));
    assert!(census.most.load(Ordering::SeqCst) <= 8, "I1");
    drop(pool);
    driver.await.unwrap();
    assert_eq!(census.open.load(Ordering::SeqCst), 0);
}
