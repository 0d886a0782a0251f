//! tokio's clock. It is `tokio::time`'s, so that a paused clock pauses the pool too.

use std::time::Duration;

use pool_core::Time;
use tokio::time::Instant;

use crate::Clock;

/// The time since this clock was made. Clones agree with each other.
#[derive(Clone, Copy, Debug)]
pub struct TokioClock {
    epoch: Instant,
}

impl TokioClock {
    /// A clock that starts now, at zero.
    pub fn new() -> Self {
        TokioClock { epoch: Instant::now() }
    }
}

impl Default for TokioClock {
    fn default() -> Self {
        TokioClock::new()
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Time {
        Time::ZERO + self.epoch.elapsed()
    }

    /// # Panics
    ///
    /// When it is not polled on a tokio runtime with its timer enabled.
    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
