//! The core's configuration: refused by names that it has, or a pool that lives through its own deadlines.

use std::time::Duration;

use pool_core::{Backoff, Config, Output, Pool, Request, RetryBudget, RetryPolicy, Time, WhenDown};

use crate::shown;
use crate::source::Source;

const NAMES: [&str; 22] = [
    "min_connections",
    "max_connections",
    "acquire_timeout",
    "release_timeout",
    "health_check_interval",
    "max_idle_time",
    "connection_timeout",
    "retry.attempts",
    "retry.delay",
    "retry.delay_max",
    "max_lifetime",
    "waiters_max",
    "connects_max",
    "backoff.initial",
    "backoff.max",
    "freshness",
    "probe_timeout",
    "faults_max",
    "probe_failures_max",
    "recovery_successes",
    "stall_after",
    "leak_after",
];

/// So many connects at once are enough to see what a pool does.
const DIALLED_MAX: u32 = 64;

pub(super) fn check(source: &mut Source<'_>) {
    let config = config(source);
    let start = Time::from_nanos(source.long());
    let _shown = shown(&config);
    match config.validate() {
        Ok(()) if config.min_connections <= DIALLED_MAX => live(&config, start),
        Ok(()) => {}
        Err(error) => {
            assert!(!error.problems().is_empty(), "refused without a reason");
            for problem in error.problems() {
                let (name, text) = (problem.name(), problem.to_string());
                assert!(NAMES.contains(&name), "{name} is no setting");
                assert!(text.starts_with(&format!("{name} is ")), "{text}");
                assert!(error.to_string().contains(&text), "{error} lacks {text}");
            }
            assert_eq!(Pool::new(config.clone(), start).err(), Some(error));
        }
    }
}

/// Callers come, nothing answers, and every deadline is kept: the times may be extreme, the pool must not be.
fn live(config: &Config, start: Time) {
    let mut pool = Pool::new(config.clone(), start).expect("validated");
    let mut now = pool.now();
    for _ in 0..8 {
        let _caller = pool.acquire(now, Request::default());
        let until = loop {
            match pool.poll() {
                Output::Do(_) => {}
                Output::Idle { until } => break until,
            }
        };
        assert_eq!(pool.check(), Ok(()));
        let Some(until) = until else { return };
        now = until.at;
        pool.advance(now);
    }
}

fn config(source: &mut Source<'_>) -> Config {
    Config {
        min_connections: number(source),
        max_connections: number(source),
        acquire_timeout: duration(source),
        release_timeout: duration(source),
        health_check_interval: duration(source),
        max_idle_time: duration(source),
        connection_timeout: duration(source),
        retry: RetryPolicy {
            attempts: number(source),
            delay: duration(source),
            delay_max: duration(source),
            budget: source.pick(&[RetryBudget::Limited, RetryBudget::Unlimited]),
        },
        max_lifetime: duration(source),
        waiters_max: source.flag().then(|| number(source)),
        connects_max: number(source),
        backoff: Backoff { initial: duration(source), max: duration(source) },
        when_down: source.pick(&[WhenDown::Fail, WhenDown::Wait]),
        freshness: duration(source),
        probe_timeout: duration(source),
        faults_max: number(source),
        probe_failures_max: number(source),
        recovery_successes: number(source),
        stall_after: duration(source),
        leak_after: source.flag().then(|| duration(source)),
        seed: source.long(),
    }
}

/// Mostly small; else anything, or the greatest.
fn number(source: &mut Source<'_>) -> u32 {
    match source.byte() {
        254 => source.long() as u32,
        255 => u32::MAX,
        small => small.into(),
    }
}

/// Mostly usual; else around a limit, anything, or the greatest.
fn duration(source: &mut Source<'_>) -> Duration {
    let year = Duration::from_secs(365 * 24 * 3600);
    match source.byte() {
        0 => Duration::ZERO,
        1 => Duration::from_nanos(999_999),
        2 => year,
        3 => year + Duration::from_nanos(1),
        4 => Duration::MAX,
        5 => Duration::from_nanos(source.long()),
        6 => Duration::from_secs(source.long()),
        usual => Duration::from_millis(u64::from(usual) * u64::from(usual)),
    }
}
