use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::warm;
use crate::contender::Contender;
use crate::contest::{Plan, Sample, Scenario};
use crate::site::Site;
use ground::runtime::Runtime;

/// 256 tasks on 16 connections, each held for a millisecond (as long as the runtime's timer makes of it). The ideal is that every connection
/// is in use all the time.
#[derive(Clone, Copy)]
pub struct Hold;

const SIZE: usize = 16;

impl Scenario for Hold {
    fn play<R: Runtime, C: Contender<R>>(self, plan: Plan) -> Sample {
        R::block_on(async {
            let pool = C::build(SIZE, Site::default()).await;
            warm::<R, C>(&pool, SIZE).await;
            let stop = Arc::new(AtomicBool::new(false));
            let tasks: Vec<_> = (0..256)
                .map(|_| {
                    let (pool, stop) = (pool.clone(), Arc::clone(&stop));
                    R::spawn(async move {
                        let (mut held, mut served) = (Duration::ZERO, 0_u32);
                        while !stop.load(Ordering::Relaxed) {
                            let guard = pool.acquire().await.expect("in time");
                            let since = Instant::now();
                            R::sleep(Duration::from_millis(1)).await;
                            // What was held after the end of the turn is not part of it.
                            if !stop.load(Ordering::Relaxed) {
                                held += since.elapsed();
                                served += 1;
                            }
                            C::give_back(guard);
                        }
                        (held, served)
                    })
                })
                .collect();
            let start = Instant::now();
            R::sleep(plan.turn * 2).await;
            stop.store(true, Ordering::Relaxed);
            let elapsed = start.elapsed().as_secs_f64();
            let (mut held, mut served) = (0.0, 0);
            for task in tasks {
                let (more, pairs) = task.await;
                (held, served) = (held + more.as_secs_f64(), served + pairs);
            }
            vec![
                ("of the ideal, %", 100.0 * held / (SIZE as f64 * elapsed)),
                ("served a second", f64::from(served) / elapsed),
            ]
        })
    }
}
