//! What a restart of the process keeps of a pool: what it has learned of its endpoints, and what its decisions hang on. Nothing of its
//! connections and callers: they ended with the process.

use core::time::Duration;

use crate::config::{Config, ConfigError};
use crate::image::Image;
use crate::input::EndpointSpec;
use crate::pool::{LATEST, Pool};
use crate::rng::Rng;
use crate::time::{Span, Time, nanos};

impl Image {
    /// A pool for the process that comes after the one of this image: under `config`, at `now` of the new clock, `away` after the
    /// image was taken (by the time of the day, which the pool does not know).
    ///
    /// Kept, with every instant moved to the new clock: the endpoints with their ids, health, backoff and retry times, and the idle
    /// times learned of them; the retry budget; the generator's state; the statistics. An endpoint that was being drained is gone;
    /// where none is left there is one as in a new pool.
    /// So are connections, leases and waiters. The pool starts anew: it asks for its first connects at once, but dials no endpoint
    /// before its retry time. An instant from before the new clock's epoch becomes that epoch.
    ///
    /// # Errors
    ///
    /// Every setting of `config` that is out of its range.
    pub fn restart(&self, config: Config, now: Time, away: Duration) -> Result<Pool, ConfigError> {
        let former = &self.pool;
        config.validate()?;
        let now = now.min(LATEST);
        let mut pool = Pool::bare(config, now);
        let then = u128::from(former.now.as_nanos()) + u128::from(nanos(away));
        let shift = move |at: Time| {
            let moved = (u128::from(at.as_nanos()) + u128::from(now.as_nanos())).saturating_sub(then);
            Time::from_nanos(u64::try_from(moved).unwrap_or(u64::MAX))
        };
        let freshness = pool.config.freshness;
        pool.endpoints = former.endpoints.mapped(|endpoint| {
            let learned = endpoint.freshness < Span::of(former.config.freshness);
            (!endpoint.draining).then(|| endpoint.restarted(learned, freshness, shift))
        });
        if pool.endpoints.len() == 0 {
            pool.add_endpoint(now, EndpointSpec::default());
        }
        pool.failing = pool.endpoints.iter().filter(|(_, endpoint)| endpoint.failures > 0).count() as u32;
        pool.budget = former.budget.moved(shift);
        pool.rng = Rng::clone(&former.rng);
        pool.generation = former.generation;
        pool.stats = former.stats.clone();
        pool.settle();
        Ok(pool)
    }
}
