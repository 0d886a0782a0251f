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
#[derive(Clone, Copy)]
pub struct AtWork;

impl Scenario for AtWork {
    fn play<R: Runtime, C: Contender<R>>(self, plan: Plan) -> Sample {
        R::block_on(async {
            let pool = C::build(8, Site::default()).await;
            warm::<R, C>(&pool, 8).await;
            let uses = plan.pairs / 10;
            let alone = at_once::<R, _>([0, 1].map(|seed| async move { work_only(seed, uses) })).await;
            let used =
                at_once::<R, _>([0, 1].map(|seed| work_and_use::<R, C>(pool.clone(), seed, uses))).await;
            // Once more: reading the clock to learn the waits would count as the pool's work.
            let mut waits =
                at_once::<R, _>([0, 1].map(|seed| waits::<R, C>(pool.clone(), seed, uses))).await.concat();
            let nanos =
                |both: Vec<Duration>| both.iter().sum::<Duration>().as_nanos() as f64 / (2 * uses) as f64;
            let (alone, used) = (nanos(alone), nanos(used));
            let mut wait =
                |share| quantile(&mut waits, share).map_or(f64::NAN, |wait| wait.as_nanos() as f64);
            vec![
                ("ns a pair", used - alone),
                ("ns of work between", alone),
                ("p50 wait, ns", wait(0.5)),
                ("p99 wait, ns", wait(0.99)),
                ("p99.9 wait, ns", wait(0.999)),
            ]
        })
    }
}

fn work_only(seed: u64, uses: u64) -> Duration {
    let (start, mut state) = (Instant::now(), seed);
    (0..uses).for_each(|_| work(&mut state));
    start.elapsed()
}

async fn work_and_use<R: Runtime, C: Contender<R>>(pool: C, seed: u64, uses: u64) -> Duration {
    let (start, mut state) = (Instant::now(), seed);
    for _ in 0..uses {
        work(&mut state);
        touch::<R, C>(pool.acquire().await.expect("one is idle"));
    }
    start.elapsed()
}

async fn waits<R: Runtime, C: Contender<R>>(pool: C, seed: u64, uses: u64) -> Vec<Duration> {
    let (mut waits, mut state) = (Vec::with_capacity(uses as usize), seed);
    for _ in 0..uses {
        work(&mut state);
        let asked = Instant::now();
        let guard = pool.acquire().await.expect("one is idle");
        waits.push(asked.elapsed());
        touch::<R, C>(guard);
    }
    waits
}

/// A microsecond of a processor, and nothing of memory.
fn work(state: &mut u64) {
    for _ in 0..1_000 {
        black_box(draw(state, 2));
    }
}
