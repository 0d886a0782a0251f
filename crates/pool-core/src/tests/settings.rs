//! What is allowed in a configuration, to the last unit, and what is warned of.

use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use crate::config::DURATION_LIMIT;
use crate::{CONNECTIONS_LIMIT, Config, Pool, RetryBudget, RetryPolicy, Time, WAITERS_LIMIT, Warning};

const SECOND: Duration = Duration::from_secs(1);

fn problems(change: impl FnOnce(&mut Config)) -> Vec<&'static str> {
    let mut config = Config::default();
    change(&mut config);
    match config.validate() {
        Ok(()) => Vec::new(),
        Err(error) => error.problems().iter().map(crate::Problem::name).collect(),
    }
}

#[test]
fn the_limits_are_those_of_the_documentation() {
    assert_eq!((CONNECTIONS_LIMIT, WAITERS_LIMIT), (1 << 20, 1 << 24));
    let year = 365 * 24 * 3600 * SECOND;
    assert_eq!(DURATION_LIMIT, year);
    let mut pool = Pool::new(Config::default(), Time::ZERO).unwrap();
    pool.advance(Time::MAX);
    assert_eq!(Time::MAX.since(pool.now()), 100 * year, "no deadline is as far ahead");
}

#[test]
fn a_duration_may_be_as_long_as_its_limit_and_no_longer() {
    assert!(problems(|config| config.acquire_timeout = DURATION_LIMIT).is_empty());
    let above = DURATION_LIMIT + Duration::from_nanos(1);
    assert_eq!(problems(|config| config.acquire_timeout = above), ["acquire_timeout"]);
    assert_eq!(problems(|config| config.acquire_timeout = Duration::ZERO), ["acquire_timeout"]);
    assert_eq!(problems(|config| config.acquire_timeout = above * 2), ["acquire_timeout"]);
}

#[test]
fn a_duration_that_may_be_off_is_off_or_in_its_range() {
    assert!(problems(|config| config.max_lifetime = Duration::ZERO).is_empty());
    let config = Config { max_lifetime: Duration::from_nanos(1), ..Config::default() };
    let text = format!("{}", config.validate().unwrap_err());
    assert!(text.contains("max_lifetime is 1ns, allowed is 1ms"), "{text}");
    assert!(text.ends_with("(or zero to switch it off)"), "{text}");
}

#[test]
fn every_problem_is_told_at_once() {
    let retry = RetryPolicy { attempts: 0, delay: 2 * SECOND, delay_max: SECOND, ..RetryPolicy::default() };
    assert_eq!(problems(|config| config.retry = retry), ["retry.attempts", "retry.delay_max"]);
    let config = Config { retry, ..Config::default() };
    let text = format!("{}", config.validate().unwrap_err());
    let start = "the pool's configuration is not valid: retry.attempts is 0, allowed is 1 to 100; retry.delay_max is 1s";
    assert!(text.starts_with(start), "{text}");
}

fn warnings(change: impl FnOnce(&mut Config)) -> Vec<Warning> {
    let mut config = Config::default();
    change(&mut config);
    config.warnings().collect()
}

#[test]
fn at_the_edge_nobody_is_warned() {
    let silent: [fn(&mut Config); 7] = [
        |config| config.acquire_timeout = config.connection_timeout,
        |config| config.freshness = 60 * SECOND,
        |config| (config.min_connections, config.max_connections, config.connects_max) = (0, 1, 1),
        |config| (config.max_connections, config.connects_max) = (9, 4),
        |config| (config.max_lifetime, config.max_idle_time) = (Duration::ZERO, 3600 * SECOND),
        |config| (config.max_lifetime, config.max_idle_time) = (600 * SECOND, 600 * SECOND),
        |config| (config.retry.attempts, config.retry.budget) = (1, RetryBudget::Unlimited),
    ];
    for (n, change) in silent.into_iter().enumerate() {
        assert_eq!(warnings(change), [], "number {n}");
    }
}

#[test]
fn beyond_the_edge_one_is() {
    type Case = (Warning, &'static str, fn(&mut Config));
    let loud: [Case; 6] = [
        (Warning::EndlessProbing, "probe_timeout", |config| {
            config.probe_timeout = config.health_check_interval
        }),
        (Warning::NoProbes, "health_check_interval", |config| config.health_check_interval = Duration::ZERO),
        (Warning::HandshakeSpikes, "connects_max", |config| {
            (config.max_connections, config.connects_max) = (9, 5);
        }),
        (Warning::HandshakeSpikes, "half of max_connections", |config| {
            (config.min_connections, config.max_connections, config.connects_max) = (0, 2, 2);
        }),
        (Warning::NobodyWaits, "waiters_max", |config| {
            (config.min_connections, config.waiters_max) = (0, Some(0));
        }),
        (Warning::IdleOutlivesLife, "max_idle_time", |config| {
            (config.max_lifetime, config.max_idle_time) = (600 * SECOND, 601 * SECOND);
        }),
    ];
    for (warning, word, change) in loud {
        assert_eq!(warnings(change), [warning]);
        let text = format!("{warning}");
        assert!(text.contains(word), "{text}");
    }
    assert_eq!(warnings(|config| (config.min_connections, config.waiters_max) = (1, Some(0))), []);
}
