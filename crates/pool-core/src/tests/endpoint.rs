//! An endpoint's health, its doubt, and what it learns of the peer.

use core::time::Duration;

use crate::endpoint::{Change, Endpoint};
use crate::{Config, EndpointSpec, FaultClass, Health, Time};

const NOW: Time = Time::from_millis(1_000);

fn endpoint() -> Endpoint {
    Endpoint::new(EndpointSpec::default(), Duration::from_secs(30), Time::ZERO)
}

fn config() -> Config {
    Config { faults_max: 3, probe_failures_max: 2, recovery_successes: 2, ..Config::default() }
}

#[test]
fn it_is_unhealthy_at_the_configured_number_of_faults_in_a_row() {
    let (mut faulty, mut silent, config) = (endpoint(), endpoint(), config());
    let faults: [Change; 4] = core::array::from_fn(|_| faulty.fault(NOW, &config));
    assert_eq!(faults, [Change::None, Change::None, Change::Unhealthy, Change::None]);
    assert_eq!(silent.probe_failed(NOW, &config), Change::None);
    assert_eq!(silent.health, Health::Suspect);
    assert_eq!(silent.probe_failed(NOW, &config), Change::Unhealthy);
}

#[test]
fn it_is_healthy_again_at_the_configured_number_of_successes() {
    let (mut endpoint, config) = (endpoint(), config());
    for _ in 0..3 {
        let _ = endpoint.fault(NOW, &config);
    }
    assert_eq!(endpoint.good(NOW, &config), Change::None);
    // A fault in between begins the count anew.
    assert_eq!(endpoint.fault(NOW, &config), Change::None);
    assert_eq!(endpoint.good(NOW, &config), Change::None);
    assert_eq!(endpoint.good(NOW, &config), Change::Healthy);
    assert_eq!(endpoint.health, Health::Healthy);
}

#[test]
fn a_success_ends_a_row_of_both_kinds() {
    let (mut endpoint, config) = (endpoint(), config());
    for _ in 0..9 {
        // Enough successes to keep the rate out of it.
        for _ in 0..9 {
            let _ = endpoint.good(NOW, &config);
        }
        assert_eq!(endpoint.fault(NOW, &config), Change::None);
        assert_eq!(endpoint.probe_failed(NOW, &config), Change::None);
    }
}

#[test]
fn less_than_four_in_five_of_at_least_five_is_too_few() {
    let verdict = |good: u32, bad: u32| {
        let mut endpoint = endpoint();
        for _ in 0..good {
            let _ = endpoint.good(NOW, &config());
        }
        (0..bad).map(|_| endpoint.saturated(NOW)).last()
    };
    assert_eq!(verdict(0, 4), Some(Change::None), "four are too few to judge by");
    assert_eq!(verdict(0, 5), Some(Change::Unhealthy));
    assert_eq!(verdict(4, 1), Some(Change::None), "four in five");
    assert_eq!(verdict(3, 2), Some(Change::Unhealthy));
    assert_eq!(verdict(40, 10), Some(Change::None));
    assert_eq!(verdict(39, 10), Some(Change::Unhealthy));
}

#[test]
fn accepting_and_closing_is_refusing_until_it_serves() {
    let mut endpoint = endpoint();
    assert!(endpoint.stillborn());
    assert_eq!((endpoint.failures, endpoint.class), (1, FaultClass::Connection));
    assert!(endpoint.connected() && !endpoint.connected());
    assert!(endpoint.stillborn(), "it was up again");
    assert_eq!(endpoint.failures, 2, "a success of connecting is no reason to forget");
    assert!(endpoint.connected());
    endpoint.serves();
    assert!(endpoint.stillborn());
    assert_eq!(endpoint.failures, 1);
}

#[test]
fn a_backoff_ends_at_its_instant() {
    let mut endpoint = endpoint();
    endpoint.connect_failed(0, FaultClass::Endpoint);
    endpoint.retry_at = NOW;
    assert!(endpoint.is_backing_off(Time::from_millis(999)) && !endpoint.is_backing_off(NOW));
    endpoint.connecting = 1;
    assert!(!endpoint.is_dialable(NOW, 4), "one connect at a time, after a failure");
}

#[test]
fn an_idle_timeout_is_learned_only_from_ages_that_agree_and_are_no_accident() {
    let learned = |ages: [u64; 2]| {
        let mut endpoint = endpoint();
        let at = |n: u64| Time::from_millis(n * 100_000);
        endpoint.closed_at_age(at(1), Duration::from_millis(ages[0]));
        endpoint.closed_at_age(at(2), Duration::from_millis(ages[1]))
    };
    assert!(learned([500, 500]) && !learned([499, 499]));
    assert!(learned([8_000, 7_000]) && !learned([8_000, 6_999]));
    assert!(!learned([5_000, 10_000]));
    let mut endpoint = endpoint();
    assert!(!endpoint.lower_freshness(Duration::from_secs(30)), "no lower than it was");
    assert!(endpoint.lower_freshness(Duration::from_secs(29)));
}
