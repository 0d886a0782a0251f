use std::future::poll_fn;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use super::warm;
use crate::contender::Contender;
use crate::contest::{Plan, Sample, Scenario};
use crate::site::Site;
use ground::runtime::Runtime;

/// What it takes to wait: so many callers behind eight connections that are in use.
#[derive(Clone, Copy)]
pub struct Waiters(pub usize);

impl Scenario for Waiters {
    fn play<R: Runtime, C: Contender<R>>(self, _: Plan) -> Sample {
        R::block_on(async {
            let pool = C::build(8, Site::default()).await;
            warm::<R, C>(&pool, 8).await;
            let mut held = Vec::new();
            for _ in 0..8 {
                held.push(pool.acquire().await.expect("one is idle"));
            }
            let mut callers: Vec<_> = (0..self.0).map(|_| Box::pin(pool.acquire())).collect();
            let future = size_of_val(&*callers[0]) as f64;
            let mut join = || {
                let mut cx = Context::from_waker(Waker::noop());
                for caller in &mut callers {
                    assert!(caller.as_mut().poll(&mut cx).is_pending(), "all are in use");
                }
            };
            // In this task, which a runtime's timers may need.
            let held_bytes = poll_fn(|_| Poll::Ready(allocation_counter::measure(&mut join))).await;
            let start = Instant::now();
            drop(callers);
            let left = start.elapsed();
            // Once more, now that the queue has its size, to be timed.
            let mut callers: Vec<_> = (0..self.0).map(|_| Box::pin(pool.acquire())).collect();
            let start = Instant::now();
            poll_fn(|_| {
                let mut cx = Context::from_waker(Waker::noop());
                for caller in &mut callers {
                    assert!(caller.as_mut().poll(&mut cx).is_pending(), "all are in use");
                }
                Poll::Ready(())
            })
            .await;
            let joined = start.elapsed();
            drop(callers);
            held.into_iter().for_each(C::give_back);
            let count = self.0 as f64;
            let heap = held_bytes.bytes_current as f64 / count;
            vec![
                ("bytes a waiter", heap + future),
                ("on the heap", heap),
                ("in its future", future),
                ("allocations a waiter", held_bytes.count_total as f64 / count),
                ("ns to queue", joined.as_nanos() as f64 / count),
                ("ns to cancel", left.as_nanos() as f64 / count),
            ]
        })
    }
}
