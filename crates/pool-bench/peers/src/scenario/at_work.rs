use std::hint::black_box;
use std::time::{Duration, Instant};

use super::uncontended::at_once;
use super::{draw, touch, warm};
use crate::contender::Contender;
use crate::contest::{Plan, Sample, Scenario};
use crate::site::Site;
use ground::quantile;
use ground::runtime::Runtime;

/// Two tasks on two threads, eight connections, and work of their own before each use: the pool is free for most of the time, and its memory
/// is in the other processor's cache as often as not. What a use takes beyond the work is what a caller notices.
///
/// Both yield before each use, as tasks do that wait for something now and then: else tokio makes them, in the middle of an acquire.
#[derive(Clone, Copy)]
pub struct AtWork;

/// Work alone and work with uses take turns, so that a machine that becomes slower does so for both.
const TURNS: u64 = 10;

impl Scenario for AtWork {
    fn play<R: Runtime, C: Contender<R>>(self, plan: Plan) -> Sample {
        R::block_on(async {
            let pool = C::build(8, Site::default()).await;
            warm::<R, C>(&pool, 8).await;
            let uses = plan.pairs / 10 / TURNS;
            let (mut alone, mut used, mut waits) = (0.0, 0.0, Vec::new());
            for _ in 0..TURNS {
                alone += nanos(at_once::<R, _>([0, 1].map(|seed| work_only::<R>(seed, uses))).await);
                used += nanos(
                    at_once::<R, _>([0, 1].map(|seed| work_and_use::<R, C>(pool.clone(), seed, uses))).await,
                );
                // Apart: reading the clock to learn the waits would count as the pool's work.
                waits.extend(
                    at_once::<R, _>([0, 1].map(|seed| wait::<R, C>(pool.clone(), seed, uses))).await.concat(),
                );
            }
            let a_use = |all: f64| all / (2 * TURNS * uses) as f64;
            let mut late =
                |share| quantile(&mut waits, share).map_or(f64::NAN, |wait| wait.as_nanos() as f64);
            vec![
                ("ns a use", a_use(used - alone)),
                ("ns between the uses", a_use(alone)),
                ("p50 wait, ns", late(0.5)),
                ("p99 wait, ns", late(0.99)),
                ("p99.9 wait, ns", late(0.999)),
            ]
        })
    }
}

fn nanos(both: Vec<Duration>) -> f64 {
    both.iter().sum::<Duration>().as_nanos() as f64
}

async fn work_only<R: Runtime>(seed: u64, uses: u64) -> Duration {
    let (start, mut state) = (Instant::now(), seed);
    for _ in 0..uses {
        work::<R>(&mut state).await;
    }
    start.elapsed()
}

async fn work_and_use<R: Runtime, C: Contender<R>>(pool: C, seed: u64, uses: u64) -> Duration {
    let (start, mut state) = (Instant::now(), seed);
    for _ in 0..uses {
        work::<R>(&mut state).await;
        touch::<R, C>(pool.acquire().await.expect("one is idle"));
    }
    start.elapsed()
}

async fn wait<R: Runtime, C: Contender<R>>(pool: C, seed: u64, uses: u64) -> Vec<Duration> {
    let (mut waits, mut state) = (Vec::with_capacity(uses as usize), seed);
    for _ in 0..uses {
        work::<R>(&mut state).await;
        let asked = Instant::now();
        let guard = pool.acquire().await.expect("one is idle");
        waits.push(asked.elapsed());
        touch::<R, C>(guard);
    }
    waits
}

/// A microsecond of a processor, and nothing of memory but what a yield takes.
async fn work<R: Runtime>(state: &mut u64) {
    for _ in 0..1_000 {
        black_box(draw(state, 2));
    }
    R::yield_now().await;
}
