//! Plain threads: ours without a runtime, r2d2, and what one writes without a pool.

use std::ops::DerefMut;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::time::{Duration, Instant};

use pool_async::blocking::{self, ThreadClock};
use pool_async::pool_core::Outcome;

use crate::contender::config;
use crate::contest::{self, Contest, OURS, Plan, STRAWMAN, Sample};
use crate::site::{Conn, Refused, Site, check};

/// A pool for threads.
trait Blocking: Clone + Send + 'static {
    type Guard<'a>: DerefMut<Target = Conn>;
    fn build(size: usize) -> Self;
    fn get(&self) -> Self::Guard<'_>;
    fn give_back(guard: Self::Guard<'_>) {
        drop(guard);
    }
}

#[derive(Clone)]
struct Ours(blocking::Pool<Site>);

impl Blocking for Ours {
    type Guard<'a> = pool_async::Lease<Site, ThreadClock>;

    fn build(size: usize) -> Self {
        Ours(blocking::Pool::open(Site::default(), config(size)).expect("a valid configuration"))
    }

    fn get(&self) -> Self::Guard<'_> {
        self.0.get().expect("in time")
    }

    fn give_back(guard: Self::Guard<'_>) {
        guard.release(Outcome::Success);
    }
}

impl r2d2::ManageConnection for Site {
    type Connection = Conn;
    type Error = Refused;

    fn connect(&self) -> Result<Conn, Refused> {
        Site::connect(self)
    }

    fn is_valid(&self, conn: &mut Conn) -> Result<(), Refused> {
        check(conn)
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        conn.broken
    }
}

#[derive(Clone)]
struct R2d2(r2d2::Pool<Site>);

impl Blocking for R2d2 {
    type Guard<'a> = r2d2::PooledConnection<Site>;

    fn build(size: usize) -> Self {
        R2d2(r2d2::Pool::builder().max_size(size as u32).build(Site::default()).expect("it accepts"))
    }

    fn get(&self) -> Self::Guard<'_> {
        self.0.get().expect("in time")
    }
}

#[derive(Clone)]
struct Straw(Arc<(Mutex<Vec<Conn>>, Condvar)>);

struct Taken<'a>(&'a Straw, Option<Conn>);

impl Blocking for Straw {
    type Guard<'a> = Taken<'a>;

    fn build(size: usize) -> Self {
        Straw(Arc::new((Mutex::new((0..size).map(|_| Conn::default()).collect()), Condvar::new())))
    }

    fn get(&self) -> Taken<'_> {
        let idle = self.0.0.lock().expect("never poisoned");
        let mut idle = self.0.1.wait_while(idle, |idle| idle.is_empty()).expect("never poisoned");
        Taken(self, idle.pop())
    }
}

impl std::ops::Deref for Taken<'_> {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        self.1.as_ref().expect("it is here until the drop")
    }
}

impl DerefMut for Taken<'_> {
    fn deref_mut(&mut self) -> &mut Conn {
        self.1.as_mut().expect("it is here until the drop")
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let (idle, changed) = &*self.0.0;
        idle.lock().expect("never poisoned").extend(self.1.take());
        changed.notify_one();
    }
}

pub fn contests() -> Vec<Contest> {
    let contest = |title: &str, threads: usize| {
        contest::contest(title)
            .entry(OURS, move |plan| play::<Ours>(threads, plan))
            .entry("r2d2", move |plan| play::<R2d2>(threads, plan))
            .entry(STRAWMAN, move |plan| play::<Straw>(threads, plan))
    };
    vec![
        contest("one thread, nobody waits, no runtime", 1),
        contest("two threads, nobody waits, no runtime", 2),
        contest("32 threads on 8, no runtime", 32),
    ]
}

/// So many threads on eight connections; where there are more, each holds its own for a yield.
fn play<P: Blocking>(threads: usize, plan: Plan) -> Sample {
    let pool = P::build(8);
    (0..8).map(|_| pool.get()).collect::<Vec<_>>().into_iter().for_each(P::give_back);
    let (stop, ready) = (Arc::new(AtomicBool::new(false)), Arc::new(Barrier::new(threads + 1)));
    let workers: Vec<_> = (0..threads)
        .map(|_| {
            let (pool, stop, ready) = (pool.clone(), Arc::clone(&stop), Arc::clone(&ready));
            std::thread::spawn(move || {
                ready.wait();
                let mut pairs = 0_u64;
                while !stop.load(Ordering::Relaxed) {
                    let mut guard = pool.get();
                    guard.uses += 1;
                    if threads > 8 {
                        std::thread::yield_now();
                    }
                    P::give_back(guard);
                    pairs += 1;
                }
                pairs
            })
        })
        .collect();
    ready.wait();
    let start = Instant::now();
    std::thread::sleep(plan.turn.max(Duration::from_millis(20)));
    stop.store(true, Ordering::Relaxed);
    let elapsed = start.elapsed();
    let pairs: Vec<f64> =
        workers.into_iter().map(|worker| worker.join().expect("no thread panics") as f64).collect();
    let sum: f64 = pairs.iter().sum();
    let squares: f64 = pairs.iter().map(|pairs| pairs * pairs).sum();
    vec![("ns a pair", elapsed.as_nanos() as f64 / sum), ("Jain", sum * sum / (pairs.len() as f64 * squares))]
}
