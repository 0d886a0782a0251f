//! What the pool is told once: every knob with its unit, its default and the reason for it.
//!
//! The configuration is checked when a pool is built: every problem at once, each with the name, the value and
//! what is allowed.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::backoff::Backoff;
use crate::retry::RetryPolicy;

/// What an acquire does when nothing is open and every endpoint is backing off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum WhenDown {
    /// Fail at once with the cause of the last failed connect. The default: a caller learns what is wrong in
    /// microseconds instead of after its whole patience.
    #[default]
    Fail,
    /// Wait like any other waiter.
    Wait,
}

/// How the pool behaves. `Config::default()` suits a service with moderate traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Config {
    /// Connections kept open even without load. Default 2.
    pub min_connections: u32,
    /// The most connections at once: connecting, open and closing together. Default 10.
    pub max_connections: u32,
    /// How long an acquire waits, all in all. Default 10 s.
    pub acquire_timeout: Duration,
    /// How long the close of a connection may take before its slot is freed regardless. Default 5 s.
    pub release_timeout: Duration,
    /// How often a connection without traffic is probed, ± 15 %; zero never probes. Default 30 s.
    pub health_check_interval: Duration,
    /// How long a connection beyond the minimum may stay idle. Default 5 min.
    pub max_idle_time: Duration,
    /// How long a connect may take, up to the end of the handshake. Default 8 s.
    pub connection_timeout: Duration,
    /// How often and when a failed request is tried again. Default: 3 attempts, 1 s base.
    pub retry: RetryPolicy,
    /// How long a connection may live; zero is for ever. Retirements are never closer together than this divided by
    /// `max_connections`. Default 30 min.
    pub max_lifetime: Duration,
    /// The most callers that may wait; one more is refused at once. Default 10 × `max_connections` (given by `None`).
    pub waiters_max: Option<u32>,
    /// Connects under way per endpoint. Default 1: a spike of callers must not become a spike of handshakes.
    pub connects_max: u32,
    /// When an endpoint that failed is dialled again. Default 250 ms × 1.6ⁿ ± 20 %, at most 30 s.
    pub backoff: Backoff,
    /// What an acquire does when nothing is open and nothing can be dialled. Default: fail with the cause.
    pub when_down: WhenDown,
    /// A connection idle for longer is probed before it is granted. The limit is lowered per endpoint when the peer
    /// is seen to close idle connections earlier. Default 30 s: servers close them after 5 s to 75 s.
    pub freshness: Duration,
    /// How long a probe may take. Default 1 s.
    pub probe_timeout: Duration,
    /// Faults of traffic in a row after which a connection or an endpoint is unhealthy. Default 5.
    pub faults_max: u32,
    /// Failed probes in a row after which a connection or an endpoint is unhealthy. Default 3.
    pub probe_failures_max: u32,
    /// Successes in a row after which an unhealthy one is healthy again. Default 2.
    pub recovery_successes: u32,
    /// A connection in use that has shown no progress for this long gets no further lease while others have room, and is
    /// probed; if that probe fails for good or has had its time, the connection is dead and its leases end with it, so that who waits on
    /// it can try elsewhere. Concerns connections that carry several leases. Zero switches it off. Default 250 ms.
    pub stall_after: Duration,
    /// A lease older than this is reported, and again when it returns; it is never taken away. Default: never.
    pub leak_after: Option<Duration>,
    /// The seed of every jitter. Give each process its own. Default 0.
    pub seed: u64,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            min_connections: 2,
            max_connections: 10,
            acquire_timeout: Duration::from_secs(10),
            release_timeout: Duration::from_secs(5),
            health_check_interval: Duration::from_secs(30),
            max_idle_time: Duration::from_secs(300),
            connection_timeout: Duration::from_secs(8),
            retry: RetryPolicy::default(),
            max_lifetime: Duration::from_secs(1800),
            waiters_max: None,
            connects_max: 1,
            backoff: Backoff::default(),
            when_down: WhenDown::Fail,
            freshness: Duration::from_secs(30),
            probe_timeout: Duration::from_secs(1),
            faults_max: 5,
            probe_failures_max: 3,
            recovery_successes: 2,
            stall_after: Duration::from_millis(250),
            leak_after: None,
            seed: 0,
        }
    }
}

/// The most connections a pool can have.
pub const CONNECTIONS_LIMIT: u32 = 1 << 20;
/// The most waiters a pool can have.
pub const WAITERS_LIMIT: u32 = 1 << 24;
/// The longest that any duration of the configuration may be.
pub const DURATION_LIMIT: Duration = Duration::from_secs(365 * 24 * 3600);

impl Config {
    /// The queue's bound in force.
    pub fn waiters_limit(&self) -> u32 {
        self.waiters_max.unwrap_or(self.max_connections.saturating_mul(10)).min(WAITERS_LIMIT)
    }

    /// Every problem of the configuration, or nothing.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let mut problems = Problems(Vec::new());
        problems.number("max_connections", self.max_connections.into(), 1, CONNECTIONS_LIMIT.into());
        problems.number("min_connections", self.min_connections.into(), 0, self.max_connections.into());
        if let Some(waiters) = self.waiters_max {
            problems.number("waiters_max", waiters.into(), 0, WAITERS_LIMIT.into());
        }
        problems.number("connects_max", self.connects_max.into(), 1, CONNECTIONS_LIMIT.into());
        problems.number("faults_max", self.faults_max.into(), 1, u32::MAX.into());
        problems.number("probe_failures_max", self.probe_failures_max.into(), 1, u32::MAX.into());
        problems.number("recovery_successes", self.recovery_successes.into(), 1, u32::MAX.into());
        let millisecond = Duration::from_millis(1);
        problems.duration("acquire_timeout", self.acquire_timeout, millisecond);
        problems.duration("release_timeout", self.release_timeout, millisecond);
        problems.duration("connection_timeout", self.connection_timeout, millisecond);
        problems.duration("probe_timeout", self.probe_timeout, millisecond);
        problems.duration("max_idle_time", self.max_idle_time, millisecond);
        problems.duration("freshness", self.freshness, millisecond);
        problems.optional("health_check_interval", self.health_check_interval);
        problems.optional("max_lifetime", self.max_lifetime);
        problems.optional("stall_after", self.stall_after);
        if let Some(leak_after) = self.leak_after {
            problems.duration("leak_after", leak_after, millisecond);
        }
        problems.duration("backoff.initial", self.backoff.initial, millisecond);
        problems.duration("backoff.max", self.backoff.max, self.backoff.initial);
        self.retry.validate(&mut problems);
        if problems.0.is_empty() { Ok(()) } else { Err(ConfigError { problems: problems.0 }) }
    }
}

/// Collects problems; the callers name what they check.
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn number(&mut self, name: &'static str, value: u64, least: u64, most: u64) {
        if value < least || value > most {
            self.0.push(Problem {
                name,
                value: Value::Number(value),
                least: Value::Number(least),
                most: Value::Number(most),
                or_zero: false,
            });
        }
    }

    pub(crate) fn duration(&mut self, name: &'static str, value: Duration, least: Duration) {
        if value < least || value > DURATION_LIMIT {
            let (value, least, most) =
                (Value::Duration(value), Value::Duration(least), Value::Duration(DURATION_LIMIT));
            self.0.push(Problem { name, value, least, most, or_zero: false });
        }
    }

    /// A duration of which zero means "off".
    pub(crate) fn optional(&mut self, name: &'static str, value: Duration) {
        if !value.is_zero() {
            let before = self.0.len();
            self.duration(name, value, Duration::from_millis(1));
            for problem in &mut self.0[before..] {
                problem.or_zero = true;
            }
        }
    }
}

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    problems: Vec<Problem>,
}

impl ConfigError {
    /// The problems, in the order of the settings.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pool's configuration is not valid: ")?;
        for (n, problem) in self.problems.iter().enumerate() {
            if n > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl core::error::Error for ConfigError {}

/// One setting that is out of its range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    name: &'static str,
    value: Value,
    least: Value,
    most: Value,
    or_zero: bool,
}

impl Problem {
    /// The setting's name, as in [`Config`].
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { name, value, least, most, or_zero } = self;
        write!(f, "{name} is {value:?}, allowed is {least:?} to {most:?}")?;
        if *or_zero { f.write_str(" (or zero to switch it off)") } else { Ok(()) }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    Number(u64),
    Duration(Duration),
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Number(number) => write!(f, "{number}"),
            Value::Duration(duration) => write!(f, "{duration:?}"),
        }
    }
}
