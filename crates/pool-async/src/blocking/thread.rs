//! Futures on plain threads: the driver's thread, which also ends sleeps, and callers that block until they are woken.
//!
//! Rules kept here: a wake that comes before the wait is not lost (a flag, not only a token of `park`); no waker is woken or
//! dropped under the lock; when the driver's thread ends, every sleep does.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use parking_lot::Condvar;
use pool_core::Time;

use crate::Clock;
use crate::sync::{Mutex, lock};

/// The clock of a [`Pool`](super::Pool) on plain threads: the machine's monotonic clock, with sleeps that the driver's thread ends.
#[derive(Clone)]
pub struct ThreadClock {
    epoch: Instant,
    beat: Arc<Beat>,
}

impl ThreadClock {
    pub(super) fn new() -> Self {
        ThreadClock { epoch: Instant::now(), beat: Arc::default() }
    }

    pub(super) fn beat(&self) -> Arc<Beat> {
        Arc::clone(&self.beat)
    }
}

impl Clock for ThreadClock {
    fn now(&self) -> Time {
        Time::ZERO + self.epoch.elapsed()
    }

    /// Works on any thread and executor, as long as the driver's thread runs; with it, every sleep ends.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> {
        Sleep { beat: Arc::clone(&self.beat), at: Instant::now().checked_add(duration), number: None }
    }
}

impl fmt::Debug for ThreadClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadClock").field("now", &self.now()).finish_non_exhaustive()
    }
}

/// What the driver's thread waits for: to be woken, or the end of a sleep.
#[derive(Default)]
pub(super) struct Beat {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    woken: bool,
    /// The thread is gone: nobody ends sleeps any more.
    ended: bool,
    made: u64,
    sleepers: Vec<Sleeper>,
}

struct Sleeper {
    number: u64,
    at: Instant,
    waker: Waker,
}

/// Polls `future` to its end on this thread, and ends sleeps meanwhile.
pub(super) fn run(beat: &Arc<Beat>, future: impl Future<Output = ()>) {
    let _end = End(beat);
    let waker = Waker::from(Arc::clone(beat));
    let mut future = pin!(future);
    while future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
        beat.rest();
    }
}

impl Beat {
    /// Blocks until this thread is woken; ends the sleeps that are over by then.
    fn rest(&self) {
        let mut state = lock(&self.state);
        loop {
            let now = Instant::now();
            let over: Vec<Sleeper> = state.sleepers.extract_if(.., |sleeper| sleeper.at <= now).collect();
            if !over.is_empty() {
                drop(state);
                over.into_iter().for_each(|sleeper| sleeper.waker.wake());
                state = lock(&self.state);
            }
            if std::mem::take(&mut state.woken) {
                return;
            }
            match state.sleepers.iter().map(|sleeper| sleeper.at).min() {
                None => self.changed.wait(&mut state),
                Some(at) => _ = self.changed.wait_until(&mut state, at),
            }
        }
    }
}

impl Wake for Beat {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        lock(&self.state).woken = true;
        self.changed.notify_one();
    }
}

/// Ends every sleep when the driver's thread ends, however it does.
struct End<'b>(&'b Beat);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let sleepers = {
            let mut state = lock(&self.0.state);
            state.ended = true;
            std::mem::take(&mut state.sleepers)
        };
        sleepers.into_iter().for_each(|sleeper| sleeper.waker.wake());
    }
}

struct Sleep {
    beat: Arc<Beat>,
    /// `None`: beyond what the clock can say.
    at: Option<Instant>,
    number: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.at else { return Poll::Pending };
        if Instant::now() >= at {
            return Poll::Ready(());
        }
        let mut waker = cx.waker().clone();
        let beat = Arc::clone(&self.beat);
        let mut state = lock(&beat.state);
        if state.ended {
            return Poll::Ready(());
        }
        let known = state.sleepers.iter_mut().find(|sleeper| Some(sleeper.number) == self.number);
        match known {
            Some(sleeper) => std::mem::swap(&mut sleeper.waker, &mut waker),
            None => {
                let number = state.made;
                state.made += 1;
                self.number = Some(number);
                state.sleepers.push(Sleeper { number, at, waker });
                drop(state);
                beat.changed.notify_one();
            }
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let mut state = lock(&self.beat.state);
        let place = state.sleepers.iter().position(|sleeper| sleeper.number == number);
        let sleeper = place.map(|place| state.sleepers.swap_remove(place));
        drop(state);
        // Its waker is not ours: it is dropped after the lock.
        drop(sleeper);
    }
}

/// A caller that blocks.
struct Caller {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Caller {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// Blocks this thread until `future` is done. After `patience` it looks once more, woken or not: whoever should have woken it may be
/// busy, and the answer is due.
pub(super) fn block_on<T>(future: impl Future<Output = T>, patience: Option<Duration>) -> T {
    let mut future = pin!(future);
    // Mostly there is nothing to wait for, and then nothing to be woken by: no allocation.
    if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        return value;
    }
    // From here on, so that it is not over before the pool's own deadline, which the poll has set.
    let mut look = patience.and_then(|patience| Instant::now().checked_add(patience));
    let caller = Arc::new(Caller { thread: std::thread::current(), woken: AtomicBool::new(true) });
    let waker = Waker::from(Arc::clone(&caller));
    loop {
        while !caller.woken.swap(false, Ordering::Acquire) {
            let Some(at) = look else {
                std::thread::park();
                continue;
            };
            let left = at.saturating_duration_since(Instant::now());
            if left.is_zero() {
                look = None;
                break;
            }
            std::thread::park_timeout(left);
        }
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
    }
}
