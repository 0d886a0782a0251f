//! From a backend, a clock and a configuration to a pool and its driver.

use std::sync::Arc;

use pool_core::{Config, ConfigError};

use crate::backend::Backend;
use crate::clock::Clock;
use crate::driver::Driver;
use crate::pool::Pool;
use crate::turn::{Core, Shared};

/// Makes a pool and its driver.
#[derive(Debug)]
#[must_use]
pub struct Builder<B, C> {
    backend: B,
    clock: C,
    config: Config,
}

impl<B: Backend, C: Clock> Builder<B, C> {
    pub(crate) fn new(backend: B, clock: C) -> Self {
        Builder { backend, clock, config: Config::default() }
    }

    /// Sets the configuration. Default: [`Config::default`].
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// The pool and its driver, which opens the first connections as soon as it runs.
    ///
    /// # Errors
    ///
    /// Every setting that is out of its range.
    #[expect(clippy::type_complexity, reason = "two things and an error; a name would hide them")]
    pub fn build(self) -> Result<(Pool<B, C>, Driver<B, C>), ConfigError> {
        let core = Core::new(self.config, self.clock.now())?;
        let shared = Arc::new(Shared::new(self.backend, self.clock, core));
        Ok((Pool::new(Arc::clone(&shared)), Driver::new(shared)))
    }
}
