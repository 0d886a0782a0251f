//! The nine settings of the pool that users know by name, as a document and as the core's configuration.
//!
//! Limits live in one place, the core: a setting is checked by what it becomes there.

use std::time::Duration;

use pool_core::{Config, RetryPolicy};
use serde::{Deserialize, Serialize};

use crate::config::Problems;
use crate::duration;

/// How the pool behaves. In documents and variables a duration is a text such as `"250ms"`, `"10s"` or `"5m"`, or a
/// number of milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PoolSettings {
    /// Connections kept open even without load. Default 2.
    pub min_connections: u32,
    /// The most connections at once, which is also the most requests in flight. Default 10: as many as PostgREST has to
    /// PostgreSQL by default.
    pub max_connections: u32,
    /// How long a caller waits for a connection. Default 10 s.
    #[serde(with = "duration")]
    pub acquire_timeout: Duration,
    /// How long closing a connection may take. Default 5 s.
    #[serde(with = "duration")]
    pub release_timeout: Duration,
    /// How often a connection without traffic is probed; zero never. Default 30 s.
    #[serde(with = "duration")]
    pub health_check_interval: Duration,
    /// How long a connection beyond the minimum may stay idle. Default 5 min.
    #[serde(with = "duration")]
    pub max_idle_time: Duration,
    /// How long a connect may take, with TLS. Default 8 s.
    #[serde(with = "duration")]
    pub connection_timeout: Duration,
    /// Attempts in all, the first included; 1 never retries. Default 3.
    pub retry_attempts: u32,
    /// The upper bound of the wait before the second attempt; doubles per attempt. Default 1 s.
    #[serde(with = "duration")]
    pub retry_delay: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        let config = Config::default();
        PoolSettings {
            min_connections: config.min_connections,
            max_connections: config.max_connections,
            acquire_timeout: config.acquire_timeout,
            release_timeout: config.release_timeout,
            health_check_interval: config.health_check_interval,
            max_idle_time: config.max_idle_time,
            connection_timeout: config.connection_timeout,
            retry_attempts: config.retry.attempts,
            retry_delay: config.retry.delay,
        }
    }
}

impl PoolSettings {
    /// For a machine of one's own: 2 to 5 connections.
    pub fn development() -> Self {
        PoolSettings { max_connections: 5, ..PoolSettings::default() }
    }

    /// For a service under load: 5 to 20 connections, probed every 15 s, callers wait up to 15 s.
    pub fn production() -> Self {
        PoolSettings {
            min_connections: 5,
            max_connections: 20,
            health_check_interval: Duration::from_secs(15),
            acquire_timeout: Duration::from_secs(15),
            ..PoolSettings::default()
        }
    }

    /// Sets one by name.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let number = || value.parse().map_err(|_| format!("is {value:?}: allowed is a whole number"));
        let time = || duration::parse(value);
        match name {
            "min_connections" => self.min_connections = number()?,
            "max_connections" => self.max_connections = number()?,
            "acquire_timeout" => self.acquire_timeout = time()?,
            "release_timeout" => self.release_timeout = time()?,
            "health_check_interval" => self.health_check_interval = time()?,
            "max_idle_time" => self.max_idle_time = time()?,
            "connection_timeout" => self.connection_timeout = time()?,
            "retry_attempts" => self.retry_attempts = number()?,
            "retry_delay" => self.retry_delay = time()?,
            _ => return Err("is not a setting of the pool: see the fields of PoolSettings".into()),
        }
        Ok(())
    }

    pub(crate) fn validate(&self, problems: &mut Problems) {
        let Err(error) = Config::from(self).validate() else { return };
        for problem in error.problems() {
            // The core nests the two settings of retrying; here they have the names that users gave them.
            let name = match problem.name() {
                "retry.attempts" => "retry_attempts",
                // The longest wait follows from the base, see below.
                "retry.delay" | "retry.delay_max" => "retry_delay",
                name => name,
            };
            let text = problem.to_string();
            problems.add(name, text.strip_prefix(problem.name()).unwrap_or(&text).trim_start());
        }
    }
}

impl From<&PoolSettings> for Config {
    fn from(settings: &PoolSettings) -> Self {
        let retry = RetryPolicy::default();
        Config {
            min_connections: settings.min_connections,
            max_connections: settings.max_connections,
            acquire_timeout: settings.acquire_timeout,
            release_timeout: settings.release_timeout,
            health_check_interval: settings.health_check_interval,
            max_idle_time: settings.max_idle_time,
            connection_timeout: settings.connection_timeout,
            retry: RetryPolicy {
                attempts: settings.retry_attempts,
                delay: settings.retry_delay,
                delay_max: retry.delay_max.max(settings.retry_delay),
                ..retry
            },
            ..Config::default()
        }
    }
}
