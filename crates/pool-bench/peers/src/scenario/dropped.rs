use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use super::{draw, warm, within};
use crate::contender::Contender;
use crate::contest::{Plan, Sample, Scenario};
use crate::site::Site;
use ground::runtime::Runtime;

/// Sixty-four tasks on eight connections; of the acquires that have to wait, every fifth is dropped while it waits.
#[derive(Clone, Copy)]
pub struct Dropped;

const SIZE: usize = 8;

impl Scenario for Dropped {
    fn play<R: Runtime, C: Contender<R>>(self, plan: Plan) -> Sample {
        R::block_on(async {
            let pool = C::build(SIZE, Site::default()).await;
            warm::<R, C>(&pool, SIZE).await;
            let stop = Arc::new(AtomicBool::new(false));
            let tasks: Vec<_> = (0..64)
                .map(|number| {
                    let (pool, stop) = (pool.clone(), Arc::clone(&stop));
                    R::spawn(async move { caller::<R, C>(&pool, &stop, number).await })
                })
                .collect();
            let start = Instant::now();
            R::sleep(plan.turn).await;
            stop.store(true, Ordering::Relaxed);
            let elapsed = start.elapsed();
            let (mut served, mut dropped) = (0, 0);
            for task in tasks {
                let (more, gone) = task.await;
                (served, dropped) = (served + more, dropped + gone);
            }
            vec![
                ("ns a pair", elapsed.as_nanos() as f64 / served as f64),
                ("dropped, %", 100.0 * dropped as f64 / (served + dropped) as f64),
                ("connections lost", lost::<R, C>(&pool).await as f64),
            ]
        })
    }
}

/// Served and dropped.
async fn caller<R: Runtime, C: Contender<R>>(pool: &C, stop: &AtomicBool, seed: u64) -> (u64, u64) {
    let (mut served, mut dropped, mut state) = (0, 0, seed);
    while !stop.load(Ordering::Relaxed) {
        let mut acquire = pin!(pool.acquire());
        let first = poll_fn(|cx| Poll::Ready(acquire.as_mut().poll(cx))).await;
        let guard = match first {
            Poll::Ready(guard) => guard,
            Poll::Pending if draw(&mut state, 5) == 0 => {
                // It may be granted meanwhile, and is dropped all the same.
                R::yield_now().await;
                dropped += 1;
                continue;
            }
            Poll::Pending => acquire.await,
        };
        R::yield_now().await;
        C::give_back(guard.expect("in time"));
        served += 1;
    }
    (served, dropped)
}

/// How many of the connections can no longer be had at once.
async fn lost<R: Runtime, C: Contender<R>>(pool: &C) -> usize {
    let mut held = Vec::new();
    while held.len() < SIZE {
        match within::<R, _>(Duration::from_millis(500), pool.acquire()).await {
            Some(guard) => held.push(guard.expect("one is idle")),
            None => break,
        }
    }
    SIZE - held.len()
}
