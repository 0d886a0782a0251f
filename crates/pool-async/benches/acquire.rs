//! Acquire and give back: this pool, with health, statistics and deadlines on, beside the least that could be called a pool, a
//! semaphore and a stack behind a mutex.

use std::convert::Infallible;
use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pool_async::pool_core::{Config, Outcome, Time};
use pool_async::{Backend, Clock, ConnectContext, Connected, Fault, Lease, Pool};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinSet, yield_now};

#[derive(Clone)]
struct Monotonic(Instant);

impl Clock for Monotonic {
    fn now(&self) -> Time {
        Time::from_nanos(self.0.elapsed().as_nanos() as u64)
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
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

type Ours = Pool<Nothing, Monotonic>;

/// With a recorder of so many events, or none.
async fn ours(connections: u32, events: usize) -> Ours {
    let config = Config {
        min_connections: connections,
        max_connections: connections,
        waiters_max: Some(1 << 16),
        ..Config::default()
    };
    let (pool, driver) =
        Pool::builder(Nothing, Monotonic(Instant::now())).config(config).build().expect("valid");
    tokio::spawn(driver.run());
    pool.record(events);
    pool.warm_up(connections, Duration::from_secs(5)).await.expect("it can always connect");
    pool
}

/// Fair, as tokio's semaphore is; no deadline, no health, no statistics.
#[derive(Clone)]
struct Strawman {
    permits: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<u64>>>,
}

struct Straw {
    pool: Strawman,
    conn: Option<u64>,
    _permit: OwnedSemaphorePermit,
}

impl Strawman {
    fn new(connections: usize) -> Self {
        Strawman {
            permits: Arc::new(Semaphore::new(connections)),
            idle: Arc::new(Mutex::new(vec![0; connections])),
        }
    }

    async fn acquire(&self) -> Straw {
        let permit = Arc::clone(&self.permits).acquire_owned().await.expect("never closed");
        let conn = self.idle.lock().expect("never poisoned").pop();
        Straw { pool: self.clone(), conn, _permit: permit }
    }
}

impl Drop for Straw {
    fn drop(&mut self) {
        self.pool.idle.lock().expect("never poisoned").extend(self.conn.take());
    }
}

fn give_back(mut lease: Lease<Nothing, Monotonic>) {
    *lease += 1;
    lease.release(Outcome::Success);
}

fn runtime(threads: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(threads).enable_all().build().expect("a runtime")
}

/// One task, nobody waits.
fn uncontended(criterion: &mut Criterion) {
    let runtime = runtime(1);
    let mut group = criterion.benchmark_group("uncontended");
    for (name, events) in [("pool", 0), ("pool, recorded", EVENTS)] {
        let pool = runtime.block_on(ours(8, events));
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|rounds| {
                runtime.block_on(async {
                    let start = Instant::now();
                    for _ in 0..rounds {
                        give_back(black_box(pool.acquire().await.expect("idle")));
                    }
                    start.elapsed()
                })
            });
        });
    }
    let strawman = Strawman::new(8);
    group.bench_function("semaphore + mutex", |bencher| {
        bencher.iter_custom(|rounds| {
            runtime.block_on(async {
                let start = Instant::now();
                for _ in 0..rounds {
                    drop(black_box(strawman.acquire().await));
                }
                start.elapsed()
            })
        });
    });
    group.finish();
}

const TASKS: u64 = 64;
/// Of the recorder: two megabytes.
const EVENTS: usize = 1 << 16;

/// Sixty-four tasks on eight connections; each holds its own for the time of a yield.
fn contended(criterion: &mut Criterion) {
    let runtime = runtime(2);
    let mut group = criterion.benchmark_group("64 tasks on 8");
    group.throughput(Throughput::Elements(TASKS));
    for (name, events) in [("pool", 0), ("pool, recorded", EVENTS)] {
        let pool = runtime.block_on(ours(8, events));
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|rounds| {
                runtime.block_on(race(|| {
                    let pool = pool.clone();
                    async move {
                        for _ in 0..rounds {
                            let lease = pool.acquire().await.expect("in time");
                            yield_now().await;
                            give_back(lease);
                        }
                    }
                }))
            });
        });
    }
    let strawman = Strawman::new(8);
    group.bench_function("semaphore + mutex", |bencher| {
        bencher.iter_custom(|rounds| {
            runtime.block_on(race(|| {
                let pool = strawman.clone();
                async move {
                    for _ in 0..rounds {
                        let straw = pool.acquire().await;
                        yield_now().await;
                        drop(straw);
                    }
                }
            }))
        });
    });
    group.finish();
}

async fn race<F>(task: impl Fn() -> F) -> Duration
where
    F: Future<Output = ()> + Send + 'static,
{
    let start = Instant::now();
    let mut tasks: JoinSet<()> = (0..TASKS).map(|_| task()).collect();
    while let Some(done) = tasks.join_next().await {
        done.expect("no task panics");
    }
    start.elapsed()
}

criterion_group!(benches, uncontended, contended);
criterion_main!(benches);
