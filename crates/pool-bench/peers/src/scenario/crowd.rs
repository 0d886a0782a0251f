use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::warm;
use crate::contender::Contender;
use crate::contest::{Plan, Sample, Scenario};
use crate::site::Site;
use ground::quantile;
use ground::runtime::{Runtime, Tokio, alone};

/// So many tasks on eight connections, each of which is held for a yield.
#[derive(Clone, Copy)]
pub struct Crowd(pub usize);

const SIZE: usize = 8;

/// From all being there to the end.
#[derive(Default)]
struct Course {
    ready: AtomicUsize,
    begun: AtomicBool,
    over: AtomicBool,
}

/// What a task has had.
#[derive(Default)]
struct Had {
    pairs: u64,
    /// How long each wait was, where they are timed.
    waits: Vec<Duration>,
}

impl Scenario for Crowd {
    fn play<R: Runtime, C: Contender<R>>(self, plan: Plan) -> Sample {
        // Long enough for everybody to be served many times.
        let turn = plan.turn * if self.0 > 1_000 { 4 } else { 1 };
        // Twice: reading the clock to learn the waits would count as the pool's work.
        let (had, elapsed) = R::block_on(self.run::<R, C>(turn, false));
        let pairs: u64 = had.iter().map(|had| had.pairs).sum();
        let squares: f64 = had.iter().map(|had| (had.pairs as f64).powi(2)).sum();
        let jain = (pairs as f64).powi(2) / (had.len() as f64 * squares);
        let (had, _) = R::block_on(self.run::<R, C>(turn, true));
        let mut waits: Vec<Duration> = had.into_iter().flat_map(|had| had.waits).collect();
        let micros = |wait: Duration| wait.as_secs_f64() * 1e6;
        let mean = waits.iter().map(|wait| micros(*wait)).sum::<f64>() / waits.len() as f64;
        let longest = waits.iter().max().map_or(f64::NAN, |wait| micros(*wait));
        let mut sample = vec![
            ("ns a pair", elapsed.as_nanos() as f64 / pairs as f64),
            ("Jain", jain),
            ("p99 wait, µs", quantile(&mut waits, 0.99).map_or(f64::NAN, micros)),
            ("longest wait, µs", longest),
            ("longest ÷ mean wait", longest / mean),
        ];
        if std::any::TypeId::of::<R>() == std::any::TypeId::of::<Tokio>() {
            sample.push(("allocations a pair", self.allocations::<R, C>()));
        }
        sample
    }
}

impl Crowd {
    async fn run<R: Runtime, C: Contender<R>>(self, turn: Duration, timed: bool) -> (Vec<Had>, Duration) {
        let pool = C::build(SIZE, Site::default()).await;
        warm::<R, C>(&pool, SIZE).await;
        let course = Arc::new(Course::default());
        let tasks: Vec<_> = (0..self.0)
            .map(|_| {
                let (pool, course) = (pool.clone(), Arc::clone(&course));
                R::spawn(async move { caller::<R, C>(&pool, &course, timed).await })
            })
            .collect();
        // Nobody begins before everybody runs.
        while course.ready.load(Ordering::Acquire) < self.0 {
            R::yield_now().await;
        }
        course.begun.store(true, Ordering::Release);
        let start = Instant::now();
        R::sleep(turn).await;
        course.over.store(true, Ordering::Relaxed);
        let elapsed = start.elapsed();
        let mut had = Vec::with_capacity(self.0);
        for task in tasks {
            had.push(task.await);
        }
        (had, elapsed)
    }

    /// Allocations per pair, once everybody has had a turn, on a runtime of one thread.
    fn allocations<R: Runtime, C: Contender<R>>(self) -> f64 {
        const PAIRS: u64 = 20;
        let runtime = alone();
        let start = runtime.block_on(async {
            let pool = C::build(SIZE, Site::default()).await;
            warm::<R, C>(&pool, SIZE).await;
            let tasks: Vec<_> = (0..self.0)
                .map(|_| {
                    let pool = pool.clone();
                    Box::pin(R::spawn(async move {
                        for _ in 0..PAIRS {
                            let guard = pool.acquire().await.expect("in time");
                            R::yield_now().await;
                            C::give_back(guard);
                        }
                    }))
                })
                .collect();
            // Everybody queues once, so that the queue has its size.
            R::yield_now().await;
            tasks
        });
        let counted = allocation_counter::measure(|| {
            runtime.block_on(async {
                for task in start {
                    task.await;
                }
            });
        });
        counted.count_total as f64 / (self.0 as u64 * PAIRS) as f64
    }
}

async fn caller<R: Runtime, C: Contender<R>>(pool: &C, course: &Course, timed: bool) -> Had {
    let mut had = Had::default();
    course.ready.fetch_add(1, Ordering::AcqRel);
    while !course.begun.load(Ordering::Acquire) {
        R::yield_now().await;
    }
    while !course.over.load(Ordering::Relaxed) {
        let asked = timed.then(Instant::now);
        let guard = pool.acquire().await.expect("in time");
        if let Some(asked) = asked {
            had.waits.push(asked.elapsed());
        }
        R::yield_now().await;
        C::give_back(guard);
        had.pairs += 1;
    }
    had
}
