//! From a backend, a clock and a configuration to a pool and its driver.

use pool_core::{Config, ConfigError};

use crate::backend::Backend;
use crate::clock::Clock;
use crate::driver::Driver;
use crate::pool::Pool;
use crate::sync::Arc;
use crate::turn::Shared;

/// Makes a pool and its driver.
#[derive(Debug)]
#[must_use]
pub struct Builder<B, C> {
    backend: B,
    clock: C,
    config: Config,
    #[cfg(feature = "snapshot")]
    former: Option<(pool_core::Image, std::time::Duration)>,
    #[cfg(feature = "recorder")]
    ring: Option<pool_recorder::Ring>,
}

impl<B: Backend, C: Clock> Builder<B, C> {
    pub(crate) fn new(backend: B, clock: C) -> Self {
        Builder {
            backend,
            clock,
            config: Config::default(),
            #[cfg(feature = "snapshot")]
            former: None,
            #[cfg(feature = "recorder")]
            ring: None,
        }
    }

    /// Sets the configuration. Default: [`Config::default`].
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Begins with what a former process had learned: `image` is what its [`Pool::snapshot`] gave, `away` how long ago that was, by
    /// the time of the day. An endpoint that was backing off still is, and is not dialled before its time; one that was unhealthy
    /// still is; idle times that were learned, the retry budget and the statistics go on. Connections and callers do not.
    ///
    /// The backend must know the endpoints that had been added, by the same ids. Default: nothing is known.
    #[cfg(feature = "snapshot")]
    pub fn restart(mut self, image: pool_core::Image, away: std::time::Duration) -> Self {
        self.former = Some((image, away));
        self
    }

    /// Records the last `events` calls of the core (at least the last half of them), for [`Pool::recording`]. Memory: 32 bytes an
    /// event, and two copies of the core's state. Every acquire is one event, its release another; one that waits, one or two more.
    /// Default: nothing is recorded.
    #[cfg(feature = "recorder")]
    pub fn recorder(mut self, events: usize) -> Self {
        self.ring = Some(pool_recorder::Ring::new(events));
        self
    }

    /// The pool and its driver, which opens the first connections as soon as it runs.
    ///
    /// # Errors
    ///
    /// Every setting that is out of its range.
    #[expect(clippy::type_complexity, reason = "two things and an error; a name would hide them")]
    pub fn build(self) -> Result<(Pool<B, C>, Driver<B, C>), ConfigError> {
        let now = self.clock.now();
        #[cfg(feature = "snapshot")]
        let core = match &self.former {
            Some((image, away)) => image.restart(self.config, now, *away)?,
            None => pool_core::Pool::new(self.config, now)?,
        };
        #[cfg(not(feature = "snapshot"))]
        let core = pool_core::Pool::new(self.config, now)?;
        #[cfg(feature = "recorder")]
        let core = crate::state::Core::new(core, self.ring);
        let shared = Arc::new(Shared::new(self.backend, self.clock, core));
        Ok((Pool::new(Arc::clone(&shared)), Driver::new(shared)))
    }
}
