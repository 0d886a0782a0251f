//! The work, each kind written once for any pool on any runtime.

mod at_work;
mod crowd;
mod dropped;
mod hold;
mod idle;
mod refusing;
mod uncontended;
mod waiters;

use std::future::Future;
use std::time::Duration;

use crate::contender::Contender;
use ground::runtime::Runtime;

pub use at_work::AtWork;
pub use crowd::Crowd;
pub use dropped::Dropped;
pub use hold::Hold;
pub use idle::Idle;
pub use refusing::{Down, Half};
pub use uncontended::{Alone, Two};
pub use waiters::Waiters;

/// Opens all of the pool's connections.
async fn warm<R: Runtime, C: Contender<R>>(pool: &C, size: usize) {
    let mut held = Vec::with_capacity(size);
    for _ in 0..size {
        held.push(pool.acquire().await.expect("it accepts"));
    }
    held.into_iter().for_each(C::give_back);
}

/// One use that takes no time.
fn touch<R: Runtime, C: Contender<R>>(mut guard: C::Guard<'_>) {
    guard.uses += 1;
    C::give_back(guard);
}

/// The future's result, or nothing after `patience`.
async fn within<R: Runtime, F: Future>(patience: Duration, future: F) -> Option<F::Output> {
    smol::future::or(async { Some(future.await) }, async {
        R::sleep(patience).await;
        None
    })
    .await
}

/// A cheap pseudo-random number, below `limit`.
fn draw(state: &mut u64, limit: u64) -> u64 {
    *state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
    (*state >> 33) % limit
}
