//! What Prometheus is told, read by a reader that forgives nothing.

use std::pin::pin;
use std::time::Duration;

use pool_async::AcquireOptions;
use pool_async::pool_core::{CloseReason, Config, FaultClass, Outcome, Phase};
use pool_monitor::{Condition, METRICS_TYPE, Monitor, Severity};
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

use crate::fake::Mood;
use crate::openmetrics::{Exposition, read};
use crate::world::{Pool, SECOND, World, lazy, named, poll};

const POOL: &str = "db_client_connection_pool_name";

#[track_caller]
fn scrape(world: &World) -> Exposition {
    let text = world.monitor.metrics();
    read(&text).unwrap_or_else(|why| panic!("{why}\n{text}"))
}

/// Everything that can be counted happens, each thing a different number of times.
fn busy(world: &mut World, pool: &Pool) {
    for (n, class) in FaultClass::ALL.into_iter().enumerate() {
        (0..n + 2).for_each(|_| world.use_once(pool, Outcome::fault(class)));
    }
    (0..9).for_each(|_| world.use_once(pool, Outcome::Success));
    (0..8).for_each(|_| world.use_once(pool, Outcome::Returned));
    let lease = world.lease(pool);
    let hurried = AcquireOptions { timeout: Some(Duration::from_millis(5)), ..AcquireOptions::default() };
    for _ in 0..3 {
        let pool = pool.clone();
        world.run(async move { pool.acquire_with(hurried).await.map(drop) }).unwrap_err();
    }
    for _ in 0..4 {
        pool.try_acquire().unwrap_err();
    }
    for _ in 0..5 {
        assert!(poll(pin!(pool.acquire())).is_pending());
    }
    lease.detach();
    world.settle();
    pool.invalidate();
    pool.backend().connects(Mood::Refuses("down"));
    for _ in 0..2 {
        world.acquire(pool).unwrap_err();
        world.advance(60 * SECOND);
    }
    pool.backend().connects(Mood::Answers);
    world.use_once(pool, Outcome::Success);
}

#[test]
fn every_counter_is_told_with_its_value() {
    let mut world = World::new();
    let pool = world.watched("main", lazy(1));
    busy(&mut world, &pool);
    let (told, stats) = (scrape(&world), pool.stats());
    let one = |name: &str| told.value(name, "_total", &[(POOL, "main")]) as u64;
    let each = |name: &str, label: &str, word: &str| {
        told.value(name, "_total", &[(POOL, "main"), (label, word)]) as u64
    };
    assert_eq!(one("pool_acquires"), stats.acquires);
    assert_eq!(one("pool_leases_granted"), stats.leases);
    assert_eq!(one("db_client_connection_timeouts"), stats.timeouts);
    assert_eq!(one("pool_cancellations"), stats.cancelled);
    assert_eq!(one("pool_connects_begun"), stats.connects);
    assert_eq!(one("pool_probes"), stats.probes);
    assert_eq!(one("pool_probe_failures"), stats.probe_failures);
    assert_eq!(one("pool_close_timeouts"), stats.close_timeouts);
    for (word, count) in [
        ("timeout", stats.timeouts),
        ("queue_full", stats.queue_full),
        ("none_free", stats.exhausted),
        ("unavailable", stats.unavailable),
        ("closed", stats.refused_closed),
    ] {
        assert_eq!(each("pool_rejections", "reason", word), count, "{word}");
    }
    assert_eq!(each("pool_uses", "outcome", "success"), stats.successes);
    assert_eq!(each("pool_uses", "outcome", "returned"), stats.returned);
    for (class, count) in FaultClass::ALL.into_iter().zip(stats.faults) {
        assert_eq!(each("pool_uses", "outcome", class.name()), count, "{class:?}");
    }
    assert_eq!(each("pool_connects", "result", "opened"), stats.opened);
    assert_eq!(each("pool_connects", "result", "failed"), stats.connect_failures);
    for reason in CloseReason::ALL {
        assert_eq!(
            each("pool_connections_closed", "reason", reason.name()),
            stats.closed_for(reason),
            "{reason:?}"
        );
    }
    assert_eq!(each("pool_leases_lost", "how", "detached"), stats.detached);
    assert_eq!(each("pool_leases_lost", "how", "abandoned"), stats.abandoned);
    assert_eq!(each("pool_retries", "answer", "allowed"), stats.retries);
    assert_eq!(each("pool_retries", "answer", "refused"), stats.retries_refused);
    for (name, times) in [
        ("db_client_connection_create_time_seconds", &stats.connect),
        ("db_client_connection_wait_time_seconds", &stats.wait),
        ("db_client_connection_use_time_seconds", &stats.hold),
    ] {
        assert_eq!(told.value(name, "_count", &[(POOL, "main")]) as u64, times.count(), "{name}");
        assert_eq!(told.value(name, "_sum", &[(POOL, "main")]), times.sum().as_secs_f64(), "{name}");
        assert_eq!(told.0[name].unit.as_deref(), Some("seconds"));
    }
    let happened = [stats.timeouts, stats.exhausted, stats.unavailable, stats.cancelled, stats.detached];
    assert!(happened.iter().all(|count| *count > 0), "{happened:?}");
}

#[test]
fn a_time_is_in_the_bucket_of_its_size() {
    let mut world = World::new();
    let pool = world.watched("main", lazy(1));
    let nanos = [0, 16_383, 16_384, 3_000_000, 536_870_911, 200_000_000_000];
    let times = nanos.map(Duration::from_nanos);
    for time in times {
        let lease = world.lease(&pool);
        world.clock.advance(time);
        lease.release(Outcome::Success);
        world.settle();
    }
    let told = scrape(&world);
    let name = "db_client_connection_use_time_seconds";
    let buckets = told.0[name].samples.iter().filter(|(suffix, ..)| suffix == "_bucket");
    let buckets: Vec<(f64, f64)> = buckets
        .map(|(_, labels, count)| (labels["le"].replace("+Inf", "inf").parse().unwrap(), *count))
        .collect();
    for (edge, count) in &buckets {
        let expected = times.iter().filter(|time| time.as_secs_f64() <= *edge).count();
        assert_eq!(*count, expected as f64, "up to {edge}");
    }
    assert_eq!(buckets.len(), 24, "every doubling from 16 µs to 69 s, and what is longer");
}

#[test]
fn the_gauges_are_of_now() {
    let mut world = World::new();
    let pool = world.watched("main", Config { min_connections: 1, ..lazy(3) });
    let leases = [world.lease(&pool), world.lease(&pool)];
    drop(world.lease(&pool));
    let extra = [world.lease(&pool)];
    let mut waiting = pin!(pool.acquire());
    assert!(poll(waiting.as_mut()).is_pending());
    world.clock.advance(SECOND);
    let told = scrape(&world);
    let one = |name: &str| told.value(name, "", &[(POOL, "main")]);
    let each = |name: &str, label: &str, word: &str| told.value(name, "", &[(POOL, "main"), (label, word)]);
    assert_eq!(each("db_client_connection_count", "db_client_connection_state", "used"), 3.0);
    assert_eq!(each("db_client_connection_count", "db_client_connection_state", "idle"), 0.0);
    assert_eq!((one("db_client_connection_idle_min"), one("db_client_connection_max")), (1.0, 3.0));
    assert_eq!(one("db_client_connection_pending_requests"), 1.0);
    assert_eq!((one("pool_oldest_wait_seconds"), one("pool_leases")), (1.0, 3.0));
    assert_eq!(each("pool_connections_health", "health", "unhealthy"), 0.0);
    let known = each("pool_connections_health", "health", "healthy");
    assert_eq!(known + each("pool_connections_health", "health", "unknown"), 3.0);
    assert_eq!(each("pool_endpoints", "state", "up"), 1.0);
    for phase in Phase::ALL {
        let is = f64::from(u8::from(*phase == Phase::Running));
        assert_eq!(each("pool_phase", "phase", phase.name()), is, "{phase:?}");
    }
    drop((leases, extra));
    world.settle();
    let told = scrape(&world);
    let idle = [(POOL, "main"), ("db_client_connection_state", "idle")];
    assert_eq!(
        told.value("db_client_connection_count", "", &idle),
        2.0,
        "the third is for the one that waited"
    );
}

#[test]
fn a_connection_that_is_being_opened_is_not_idle() {
    let mut world = World::new();
    let pool = world.watched("main", lazy(1));
    pool.backend().connects(Mood::Silent);
    let mut waiting = pin!(pool.acquire());
    assert!(poll(waiting.as_mut()).is_pending());
    world.settle();
    let told = scrape(&world);
    let idle = [(POOL, "main"), ("db_client_connection_state", "idle")];
    assert_eq!(told.value("db_client_connection_count", "", &idle), 0.0);
    let connecting = [(POOL, "main"), ("state", "connecting")];
    assert_eq!(told.value("pool_connections_changing", "", &connecting), 1.0);
}

#[test]
fn two_pools_do_not_mix() {
    let mut world = World::new();
    let (one, two) = (world.watched("one", lazy(1)), world.watched("two", lazy(2)));
    world.use_once(&one, Outcome::Success);
    (0..2).for_each(|_| world.use_once(&two, Outcome::Returned));
    let told = scrape(&world);
    for (name, acquires, max) in [("one", 1.0, 1.0), ("two", 2.0, 2.0)] {
        assert_eq!(told.value("pool_acquires", "_total", &[(POOL, name)]), acquires);
        assert_eq!(told.value("db_client_connection_max", "", &[(POOL, name)]), max);
        assert_eq!(told.value("db_client_connection_use_time_seconds", "_count", &[(POOL, name)]), acquires);
    }
    for (name, family) in &told.0 {
        let pools = |pool: &str| family.samples.iter().filter(|(_, labels, _)| labels[POOL] == pool).count();
        assert_eq!(pools("one"), pools("two"), "{name}");
    }
}

#[test]
fn a_name_may_be_any_text() {
    let name = "a\"b\\c\nd{}=,# ü 💧";
    let mut world =
        World::with(Monitor::builder().rules([named(name, Severity::Warning, Condition::Suspended)]).build());
    let pool = world.watched(name, lazy(1));
    pool.suspend();
    world.monitor.sample();
    let told = scrape(&world);
    assert_eq!(told.value("pool_acquires", "_total", &[(POOL, name)]), 0.0);
    assert_eq!(told.value("pool_alert", "", &[(POOL, name), ("alert", name), ("severity", "warning")]), 1.0);
}

#[test]
fn an_alert_is_told_while_it_is_open() {
    let held = |severity, hold: u32| named("rule", severity, Condition::Suspended).hold(hold * SECOND);
    let rules = [held(Severity::Warning, 2), held(Severity::Critical, 0), held(Severity::Warning, 60)];
    let mut world = World::with(Monitor::builder().rules(rules).build());
    let pool = world.watched("main", lazy(1));
    let alert = |world: &World, severity| {
        scrape(world).value("pool_alert", "", &[(POOL, "main"), ("alert", "rule"), ("severity", severity)])
    };
    pool.suspend();
    world.interval();
    assert_eq!((alert(&world, "warning"), alert(&world, "critical")), (0.0, 1.0));
    (0..2).for_each(|_| world.interval());
    assert_eq!(
        alert(&world, "warning"),
        1.0,
        "two rules of one name and severity are one series: the worse counts"
    );
    pool.resume();
    world.interval();
    assert!(scrape(&world).0["pool_alert"].samples.is_empty());
}

#[test]
fn without_a_pool_there_is_nothing_but_an_end() {
    assert_eq!(Monitor::new().metrics(), "# EOF\n");
    assert_eq!(METRICS_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

#[test]
fn a_registry_of_the_applications_has_it_among_its_own() {
    let mut world = World::new();
    let pool = world.watched("main", lazy(1));
    let mut registry = Registry::with_prefix("shop");
    let orders: Counter = Counter::default();
    registry.register("orders", "Orders", orders.clone());
    registry.register_collector(Box::new(world.monitor.clone()));
    orders.inc();
    world.use_once(&pool, Outcome::Success);
    let mut text = String::new();
    text::encode(&mut text, &registry).unwrap();
    let told = read(&text).unwrap();
    assert_eq!(told.value("shop_orders", "_total", &[]), 1.0);
    assert_eq!(told.value("shop_pool_acquires", "_total", &[(POOL, "main")]), 1.0);
}
