use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::within;
use crate::contender::{Contender, Denied};
use crate::contest::{Plan, Sample, Scenario};
use crate::site::{Mood, Site};
use ground::runtime::Runtime;

/// Every second connect is refused, and every tenth use breaks its connection: 64 callers on 16, who ask again at once.
#[derive(Clone, Copy)]
pub struct Half;

impl Scenario for Half {
    fn play<R: Runtime, C: Contender<R>>(self, plan: Plan) -> Sample {
        R::block_on(async {
            let site = Site::default();
            site.set(Mood::RefusesHalf);
            let pool = C::build(16, site.clone()).await;
            let stop = Arc::new(AtomicBool::new(false));
            let tasks: Vec<_> = (0..64)
                .map(|number| {
                    let (pool, stop) = (pool.clone(), Arc::clone(&stop));
                    R::spawn(async move { caller::<R, C>(&pool, &stop, number).await })
                })
                .collect();
            let start = Instant::now();
            R::sleep(plan.turn * 4).await;
            stop.store(true, Ordering::Relaxed);
            let elapsed = start.elapsed().as_secs_f64();
            let (attempts, opened) = (site.attempts() as f64, site.opened() as f64);
            // So that those who wait are served, and end.
            site.set(Mood::Accepts);
            let (mut served, mut errors) = (0, 0);
            for task in tasks {
                let (more, failed) = task.await;
                (served, errors) = (served + more, errors + failed);
            }
            vec![
                ("connects a success", attempts / opened),
                ("connects a second", attempts / elapsed),
                ("served a second", served as f64 / elapsed),
                ("errors a second", errors as f64 / elapsed),
            ]
        })
    }
}

/// Served and failed.
async fn caller<R: Runtime, C: Contender<R>>(pool: &C, stop: &AtomicBool, number: u64) -> (u64, u64) {
    let (mut served, mut errors) = (0, 0);
    while !stop.load(Ordering::Relaxed) {
        match within::<R, _>(Duration::from_secs(2), pool.acquire()).await {
            Some(Ok(mut guard)) => {
                R::yield_now().await;
                served += 1;
                guard.broken = (served + number).is_multiple_of(10);
                C::give_back(guard);
            }
            Some(Err(_)) | None => {
                errors += 1;
                R::yield_now().await;
            }
        }
    }
    (served, errors)
}

/// Nothing can be connected to for a second: 64 callers on 16, who ask again at once until they are served.
#[derive(Clone, Copy)]
pub struct Down;

const OUTAGE: Duration = Duration::from_secs(1);

impl Scenario for Down {
    fn play<R: Runtime, C: Contender<R>>(self, _: Plan) -> Sample {
        R::block_on(async {
            let site = Site::default();
            site.set(Mood::Refuses);
            let pool = C::build(16, site.clone()).await;
            let told = Arc::new(AtomicU64::new(0));
            let start = Instant::now();
            let tasks: Vec<_> = (0..64)
                .map(|_| {
                    let (pool, told) = (pool.clone(), Arc::clone(&told));
                    R::spawn(async move { until_served::<R, C>(&pool, &told, start).await })
                })
                .collect();
            R::sleep(OUTAGE).await;
            let (attempts, told) = (site.attempts() as f64, told.load(Ordering::Relaxed) as f64);
            site.set(Mood::Accepts);
            let up = Instant::now();
            let (mut first, mut last) = (f64::NAN, up);
            for task in tasks {
                let (heard, served) = task.await;
                first = heard.map_or(first, |heard| first.min(heard.as_secs_f64() * 1e6));
                last = last.max(served);
            }
            vec![
                ("connects in the second", attempts),
                ("told the cause, of 64", told),
                ("first told after, µs", first),
                ("all served after, ms", (last - up).as_secs_f64() * 1e3),
            ]
        })
    }
}

/// When this caller was first told the cause, and when it was served.
async fn until_served<R: Runtime, C: Contender<R>>(
    pool: &C,
    told: &AtomicU64,
    start: Instant,
) -> (Option<Duration>, Instant) {
    let mut heard = None;
    loop {
        match within::<R, _>(Duration::from_secs(5), pool.acquire()).await {
            Some(Ok(guard)) => {
                C::give_back(guard);
                return (heard, Instant::now());
            }
            Some(Err(Denied::WithCause)) if heard.is_none() => {
                heard = Some(start.elapsed());
                told.fetch_add(1, Ordering::Relaxed);
            }
            Some(Err(_)) | None => {}
        }
        R::yield_now().await;
    }
}
