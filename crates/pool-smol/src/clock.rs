//! smol's clock: the monotonic clock of the machine, and the timers of smol's reactor.

use std::time::{Duration, Instant};

use pool_async::Clock;
use pool_async::pool_core::Time;
use smol::Timer;

/// The time since this clock was made. Clones agree with each other.
///
/// Its sleeps are driven by smol's reactor, which has a thread of its own: they work on any executor.
#[derive(Clone, Copy, Debug)]
pub struct SmolClock {
    epoch: Instant,
}

impl SmolClock {
    /// A clock that starts now, at zero.
    pub fn new() -> Self {
        SmolClock { epoch: Instant::now() }
    }
}

impl Default for SmolClock {
    fn default() -> Self {
        SmolClock::new()
    }
}

impl Clock for SmolClock {
    fn now(&self) -> Time {
        Time::ZERO + self.epoch.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        Timer::after(duration).await;
    }
}
