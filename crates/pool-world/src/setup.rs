//! A configuration in small numbers: easy to generate, to shrink, and to print as Rust source.

use std::time::Duration;

use pool_core::{Backoff, Config, RetryBudget, RetryPolicy, WhenDown};

/// What a history's pool is built from; every duration is in milliseconds. Its `Debug` is Rust source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Setup {
    /// Fewest connections; taken modulo `max + 1`.
    pub min: u8,
    /// Most connections; 0 counts as 1.
    pub max: u8,
    /// Connects in flight per endpoint; 0 counts as 1.
    pub connects: u8,
    /// The bound of the queue.
    pub waiters: u8,
    /// `WhenDown::Fail`, or else `Wait`.
    pub fail_when_down: bool,
    /// Patience of a caller that names none.
    pub acquire: u32,
    /// Time for a connect.
    pub connection: u32,
    /// Time for a close.
    pub release: u32,
    /// Time for a probe.
    pub probe: u32,
    /// Interval of the active probes; 0 is never.
    pub health: u32,
    /// Idle expiry.
    pub idle: u32,
    /// Lifetime; 0 is for ever.
    pub lifetime: u32,
    /// Idle time after which a connection is probed before use.
    pub freshness: u32,
    /// The progress gate; 0 is off.
    pub stall: u32,
    /// The leak watch; 0 is off.
    pub leak: u32,
    /// First backoff; its cap is eight times this.
    pub backoff: u32,
    /// Faults or failed probes in a row that make unhealthy.
    pub faults: u8,
    /// The seed of the pool.
    pub seed: u8,
}

impl Default for Setup {
    fn default() -> Self {
        Setup {
            min: 0,
            max: 2,
            connects: 1,
            waiters: 8,
            fail_when_down: true,
            acquire: 1_000,
            connection: 500,
            release: 300,
            probe: 200,
            health: 0,
            idle: 60_000,
            lifetime: 0,
            freshness: 30_000,
            stall: 0,
            leak: 0,
            backoff: 100,
            faults: 3,
            seed: 0,
        }
    }
}

impl Setup {
    /// The configuration in the pool's own terms; always a valid one.
    pub fn config(&self) -> Config {
        let ms = |n: u32| Duration::from_millis(u64::from(n));
        let some = |n: u32| ms(n.max(1));
        let max = u32::from(self.max.max(1));
        Config {
            min_connections: u32::from(self.min) % (max + 1),
            max_connections: max,
            acquire_timeout: some(self.acquire),
            release_timeout: some(self.release),
            health_check_interval: ms(self.health),
            max_idle_time: some(self.idle),
            connection_timeout: some(self.connection),
            retry: RetryPolicy {
                delay: Duration::from_millis(100),
                budget: RetryBudget::Limited,
                ..RetryPolicy::default()
            },
            max_lifetime: ms(self.lifetime),
            waiters_max: Some(self.waiters.into()),
            connects_max: self.connects.max(1).into(),
            backoff: Backoff { initial: some(self.backoff), max: some(self.backoff) * 8 },
            when_down: if self.fail_when_down { WhenDown::Fail } else { WhenDown::Wait },
            freshness: some(self.freshness),
            probe_timeout: some(self.probe),
            faults_max: self.faults.max(1).into(),
            probe_failures_max: self.faults.max(1).into(),
            recovery_successes: 2,
            stall_after: ms(self.stall),
            leak_after: (self.leak > 0).then(|| ms(self.leak)),
            seed: self.seed.into(),
        }
    }
}
