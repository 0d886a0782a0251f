use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::{touch, warm};
use crate::contender::Contender;
use crate::contest::{Plan, Sample, Scenario};
use crate::site::Site;
use ground::runtime::Runtime;

/// One task; nobody waits.
#[derive(Clone, Copy)]
pub struct Alone;

impl Scenario for Alone {
    fn play<R: Runtime, C: Contender<R>>(self, plan: Plan) -> Sample {
        R::block_on(async {
            let pool = C::build(8, Site::default()).await;
            warm::<R, C>(&pool, 8).await;
            let pairs = plan.pairs;
            let nanos = R::spawn(async move {
                let start = Instant::now();
                for _ in 0..pairs {
                    touch::<R, C>(pool.acquire().await.expect("one is idle"));
                }
                start.elapsed().as_nanos()
            });
            vec![("ns a pair", nanos.await as f64 / pairs as f64)]
        })
    }
}

/// Two tasks on two threads, eight connections; nobody waits.
#[derive(Clone, Copy)]
pub struct Two;

impl Scenario for Two {
    fn play<R: Runtime, C: Contender<R>>(self, plan: Plan) -> Sample {
        R::block_on(async {
            let pool = C::build(8, Site::default()).await;
            warm::<R, C>(&pool, 8).await;
            let pairs = plan.pairs / 2;
            let both = [0, 1].map(|_| {
                let pool = pool.clone();
                async move {
                    let start = Instant::now();
                    for _ in 0..pairs {
                        touch::<R, C>(pool.acquire().await.expect("one is idle"));
                    }
                    start.elapsed().as_nanos()
                }
            });
            let longest = at_once::<R, _>(both).await.into_iter().max().unwrap_or_default();
            vec![("ns a pair", longest as f64 / (2 * pairs) as f64)]
        })
    }
}

/// What the tasks come to, on threads of their own: all are running before any begins.
pub(super) async fn at_once<R: Runtime, F>(tasks: [F; 2]) -> Vec<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let ready = Arc::new(AtomicUsize::new(0));
    let running = tasks.map(|task| {
        let ready = Arc::clone(&ready);
        R::spawn(async move {
            ready.fetch_add(1, Ordering::AcqRel);
            while ready.load(Ordering::Acquire) < 2 {
                std::hint::spin_loop();
            }
            task.await
        })
    });
    let mut outputs = Vec::with_capacity(2);
    for task in running {
        outputs.push(task.await);
    }
    outputs
}
