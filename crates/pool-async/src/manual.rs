//! Time that moves when a test says so.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use pool_core::Time;

use crate::clock::Clock;
use crate::sync::{Arc, Mutex, lock};

/// A clock that stands still until it is moved. Clones share the time.
#[derive(Clone, Default)]
pub struct ManualClock {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    now: Time,
    sleepers: Vec<Sleeper>,
    made: u64,
}

struct Sleeper {
    number: u64,
    at: Time,
    waker: Waker,
}

impl ManualClock {
    /// A clock that stands at its epoch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves the time, and wakes every sleep that is over.
    pub fn advance(&self, by: Duration) {
        let to = lock(&self.inner).now + by;
        self.advance_to(to);
    }

    /// Moves the time to `to`, never back, and wakes every sleep that is over.
    pub fn advance_to(&self, to: Time) {
        let mut over = Vec::new();
        let mut inner = lock(&self.inner);
        inner.now = inner.now.max(to);
        let now = inner.now;
        inner.sleepers.retain(|sleeper| {
            if sleeper.at <= now {
                over.push(sleeper.waker.clone());
            }
            sleeper.at > now
        });
        drop(inner);
        over.into_iter().for_each(Waker::wake);
    }

    /// When the next sleep that is being awaited ends.
    pub fn next_wakeup(&self) -> Option<Time> {
        lock(&self.inner).sleepers.iter().map(|sleeper| sleeper.at).min()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Time {
        lock(&self.inner).now
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> {
        let mut inner = lock(&self.inner);
        inner.made += 1;
        Sleep { number: inner.made, at: inner.now + duration, clock: self.clone() }
    }
}

struct Sleep {
    number: u64,
    at: Time,
    clock: ManualClock,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Sleep { number, at, .. } = *self;
        let mut inner = lock(&self.clock.inner);
        if inner.now >= at {
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        match inner.sleepers.iter_mut().find(|sleeper| sleeper.number == number) {
            Some(sleeper) => sleeper.waker = waker,
            None => inner.sleepers.push(Sleeper { number, at, waker }),
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        lock(&self.clock.inner).sleepers.retain(|sleeper| sleeper.number != self.number);
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManualClock").field("now", &self.now()).finish_non_exhaustive()
    }
}
