//! Stories about crowds, in simulated time: what must hold when too many come at once, too fast, or give up too soon.

use std::time::Duration;

use pool_core::{Config, WhenDown};
use pool_world::sim::{Driver, Load, Mood, Server, Sim};

fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A server that takes 150 ms to connect to and 2 ms to answer, and a pool that has reached its minimum.
fn warm(config: Config) -> Sim {
    let mut sim = Sim::new(config, Driver::Exact, 1);
    sim.servers = vec![Server { mood: Mood::Well, connect: millis(150), answer: millis(2) }];
    sim.run_for(millis(5_000));
    sim
}

#[test]
fn fifty_requests_at_once_on_five_idle_connections_open_at_most_one_more() {
    let mut sim = warm(Config { min_connections: 5, max_connections: 50, ..Config::default() });
    assert_eq!(sim.world.view().usable(), 5);
    sim.load = Load { every: Duration::ZERO, crowd: 50, ..Load::default() };
    sim.open_doors();
    sim.run_for(millis(5_000));
    assert_eq!((sim.served, sim.failed), (50, 0));
    assert!(sim.peak <= 6, "a spike of callers became a spike of {} connections", sim.peak);
}

#[test]
fn callers_who_give_up_before_a_connect_is_done_cause_no_storm_of_connects() {
    let mut sim = warm(Config { min_connections: 0, ..Config::default() });
    sim.load = Load { every: millis(20), gives_up: Some(millis(50)), ..Load::default() };
    sim.open_doors();
    sim.run_for(millis(10_000));
    let connects = sim.world.pool().stats().connects;
    assert!(connects <= 10, "{connects} connects in 10 s, for a load that one connection carries");
    assert!(sim.served > 400, "the connection that was made is used: {} served", sim.served);
}

#[test]
fn after_ten_seconds_of_overload_the_pool_recovers_at_once() {
    let mut sim = warm(Config { max_connections: 2, ..Config::default() });
    sim.load = Load { every: Duration::from_micros(300), ..Load::default() };
    sim.open_doors();
    sim.run_for(millis(10_000));
    assert!(sim.failed > 1_000, "this was meant to be too much");
    sim.load.every = millis(5);
    sim.run_for(millis(200));
    let failed = sim.failed;
    sim.run_for(millis(5_000));
    assert_eq!(sim.failed, failed, "the queue of the overload is still there");
}

#[test]
fn an_endpoint_that_refuses_is_dialled_a_few_times_and_used_as_soon_as_it_is_back() {
    let mut sim = warm(Config { min_connections: 0, when_down: WhenDown::Fail, ..Config::default() });
    sim.servers[0].mood = Mood::Refusing;
    sim.load.every = millis(5);
    sim.open_doors();
    sim.run_for(millis(60_000));
    let connects = sim.world.pool().stats().connects;
    assert!((4..=16).contains(&connects), "{connects} connects in a minute of outage");
    sim.servers[0].mood = Mood::Well;
    let served = sim.served;
    sim.run_for(millis(40_000));
    assert!(sim.served > served + 500, "back within one backoff: {} served", sim.served - served);
}

#[test]
fn a_black_hole_holds_no_slot_for_longer_than_the_timeouts_i22() {
    let mut sim = warm(Config { min_connections: 2, max_connections: 2, ..Config::default() });
    sim.servers[0].mood = Mood::BlackHole;
    sim.load.every = millis(10);
    sim.open_doors();
    sim.run_for(millis(30_000));
    sim.servers[0].mood = Mood::Well;
    sim.run_for(millis(45_000));
    let failed = sim.failed;
    sim.run_for(millis(10_000));
    assert_eq!(sim.failed, failed, "it answers, and the pool has not noticed: {:?}", sim.world.view().status);
}

#[test]
fn after_a_peak_the_pool_settles_at_what_its_load_needs_i42() {
    for busy in [1, 3, 6] {
        let (least, most, idle) = (1, 20, millis(60_000));
        let mut sim = warm(Config {
            min_connections: least,
            max_connections: most,
            connects_max: most,
            max_idle_time: idle,
            ..Config::default()
        });
        sim.load = Load { every: millis(50), crowd: most, thinks: millis(500), ..Load::default() };
        sim.open_doors();
        sim.run_for(millis(5_000));
        assert_eq!(sim.world.view().status.total, most, "this was meant to be a peak");
        // From here on so many are at work on the average, and now and then three times as many.
        sim.load = Load { every: millis(120 / u64::from(busy)), thinks: millis(118), ..Load::default() };
        sim.run_for(5 * idle);
        let total = sim.world.view().status.total;
        assert!((busy..=3 * busy + 2).contains(&total), "I42: {total} for a load that keeps {busy} busy");
    }
}
