//! What is kept: every count once, the last minute, and no more than there is room for.

use std::time::Duration;

use pool_async::pool_core::{Config, FaultClass, Outcome};
use pool_async::{AcquireOptions, NOTICES_KEPT};
use pool_monitor::{Operation, Severity};
use proptest::prelude::*;

use crate::fake::Mood;
use crate::world::{Pool, SECOND, World, lazy};

/// Something that happens to a pool.
#[derive(Clone, Debug)]
enum Step {
    Use(Outcome),
    GiveUp,
    Unreachable,
    Sample,
    Pass(u16),
}

fn step() -> impl Strategy<Value = Step> {
    let fault = proptest::sample::select(FaultClass::ALL.to_vec()).prop_map(Outcome::fault);
    let outcome = prop_oneof![Just(Outcome::Success), Just(Outcome::Returned), fault];
    prop_oneof![
        5 => outcome.prop_map(Step::Use),
        1 => Just(Step::GiveUp),
        1 => Just(Step::Unreachable),
        3 => Just(Step::Sample),
        2 => (1..3000_u16).prop_map(Step::Pass),
    ]
}

fn perform(world: &mut World, pool: &Pool, step: &Step) {
    match step {
        Step::Use(outcome) => {
            if let Ok(lease) = world.acquire(pool) {
                world.advance(Duration::from_millis(3));
                lease.release(*outcome);
            }
        }
        Step::GiveUp => {
            let Ok(lease) = world.acquire(pool) else { return };
            pool.try_acquire().unwrap_err();
            let options =
                AcquireOptions { timeout: Some(Duration::from_millis(50)), ..AcquireOptions::default() };
            let late = pool.clone();
            world.run(async move { late.acquire_with(options).await.map(drop) }).unwrap_err();
            drop(lease);
        }
        Step::Unreachable => {
            pool.invalidate();
            pool.backend().connects(Mood::Refuses("down"));
            assert!(world.acquire(pool).is_err());
            pool.backend().connects(Mood::Answers);
        }
        Step::Sample => world.monitor.sample(),
        Step::Pass(ms) => world.advance(Duration::from_millis(u64::from(*ms))),
    }
    world.settle();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_points_together_are_the_counters(
        before in proptest::collection::vec(step(), 0..10),
        since in proptest::collection::vec(step(), 0..60),
    ) {
        let mut world = World::new();
        let pool = world.pool(lazy(1));
        before.iter().for_each(|step| perform(&mut world, &pool, step));
        world.monitor.watch("main", &pool).unwrap();
        let (from, began) = (pool.stats(), pool.now());
        since.iter().for_each(|step| perform(&mut world, &pool, step));
        world.monitor.sample();

        let (stats, view) = (pool.stats().since(&from), world.monitor.view("main").unwrap());
        let sum = |of: fn(&pool_monitor::Point) -> u64| view.points.iter().map(of).sum::<u64>();
        prop_assert_eq!(sum(|point| point.verdicts), stats.successes + stats.faults.iter().sum::<u64>());
        prop_assert_eq!(sum(|point| point.faults), stats.faults[..3].iter().sum::<u64>());
        prop_assert_eq!(sum(|point| point.rejected), stats.timeouts + stats.queue_full + stats.unavailable);
        prop_assert_eq!(sum(|point| point.connect_failures), stats.connect_failures);
        let mut last = (0, began);
        for point in &view.points {
            prop_assert_eq!(point.seq, last.0 + 1);
            prop_assert!(point.at >= last.1 && point.throughput.is_finite());
            let seconds = point.at.since(last.1).as_secs_f64();
            if seconds > 0.0 {
                prop_assert!((point.throughput * seconds - point.verdicts as f64).abs() < 1e-6);
                let failures = (point.faults + point.rejected) as f64;
                prop_assert!((point.failures * seconds - failures).abs() < 1e-6);
            }
            last = (point.seq, point.at);
        }
        prop_assert_eq!(view.stats, pool.stats());
        prop_assert_eq!(view.at, pool.now());
    }
}

#[test]
fn the_key_figures_are_of_the_last_minute() {
    let mut world = World::new();
    let pool = world.watched("main", lazy(1));
    for _ in 0..30 {
        world.use_once(&pool, Outcome::fault(FaultClass::Saturation));
    }
    world.interval();
    let first = world.monitor.view("main").unwrap().kpis;
    assert_eq!((first.span, first.throughput, first.error_rate), (SECOND, 30.0, 1.0));
    for second in 2..=120_u32 {
        world.use_once(&pool, Outcome::Success);
        world.interval();
        let kpis = world.monitor.view("main").unwrap().kpis;
        if second <= 60 {
            assert_eq!(kpis.span, second * SECOND, "less than a minute is known");
        } else {
            assert!((60 * SECOND..65 * SECOND).contains(&kpis.span), "{kpis:?}");
        }
        if second > 65 {
            assert_eq!((kpis.throughput, kpis.error_rate), (1.0, 0.0), "the bad second is forgotten");
        }
    }
}

#[test]
fn a_long_pause_is_one_interval() {
    let mut world = World::new();
    let pool = world.watched("main", lazy(1));
    world.interval();
    for _ in 0..7200 {
        world.use_once(&pool, Outcome::Success);
    }
    world.advance(3600 * SECOND);
    world.monitor.sample();
    let view = world.monitor.view("main").unwrap();
    assert_eq!((view.points[1].throughput, view.points[1].verdicts), (2.0, 7200));
    world.interval();
    let kpis = world.monitor.view("main").unwrap().kpis;
    assert_eq!(kpis.span, 3602 * SECOND, "nothing shorter is known");
}

#[test]
fn two_looks_at_one_moment_are_harmless() {
    let mut world = World::new();
    let pool = world.watched("main", lazy(1));
    world.use_once(&pool, Outcome::Success);
    world.monitor.sample();
    world.monitor.sample();
    let points = world.monitor.view("main").unwrap().points;
    assert_eq!(
        points.iter().map(|point| (point.verdicts, point.throughput)).collect::<Vec<_>>(),
        [(1, 0.0), (0, 0.0)]
    );
    assert!(points[0].response_p50.is_some() && points[0].wait_p99.is_some());
    let nothing = (points[1].response_p50, points[1].response_p99, points[1].wait_p99);
    assert_eq!(nothing, (None, None, None), "nothing was returned or granted");
}

#[test]
fn a_point_shows_the_pool_at_its_end() {
    let mut world = World::new();
    let pool = world.watched("main", lazy(3));
    let lease = world.lease(&pool);
    drop(world.lease(&pool));
    world.interval();
    let point = world.monitor.view("main").unwrap().points[0];
    assert_eq!((point.total, point.in_use, point.available), (2, 1, 1));
    assert_eq!((point.connecting, point.waiting, point.max), (0, 0, 3));
    drop(lease);
}

#[test]
fn memory_is_bounded() {
    let mut world = World::new();
    let _pool = world.watched("main", lazy(1));
    for _ in 0..1000 {
        world.clock.advance(SECOND);
        world.monitor.sample();
    }
    for _ in 0..200 {
        world.monitor.operate("main", Operation::Suspend).unwrap();
        world.monitor.operate("main", Operation::Resume).unwrap();
    }
    let view = world.monitor.view("main").unwrap();
    let seqs: Vec<u64> = view.points.iter().map(|point| point.seq).collect();
    assert_eq!(seqs, (101..=1000).collect::<Vec<_>>());
    let seqs: Vec<u64> = view.log.iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, (101..=400).collect::<Vec<_>>());
}

#[test]
fn notices_that_were_missed_are_counted() {
    let mut world = World::new();
    let pool = world.watched("main", Config { leak_after: Some(SECOND), ..lazy(1) });
    for _ in 0..NOTICES_KEPT / 2 + 2 {
        let lease = world.lease(&pool);
        world.advance(SECOND);
        drop(lease);
    }
    world.monitor.sample();
    let log = world.monitor.view("main").unwrap().log;
    assert_eq!(log.len(), NOTICES_KEPT);
    let missed: Vec<u64> = log.iter().map(|entry| entry.missed).collect();
    assert_eq!((missed[0], missed[1..].iter().sum::<u64>()), (4, 0), "two notices a round");
    let held = log.iter().filter(|entry| entry.severity == Severity::Warning).count();
    assert_eq!(held, NOTICES_KEPT / 2, "the others tell of returns");
}

#[test]
fn what_happens_is_noted_in_words() {
    let mut world = World::new();
    let pool = world.watched("main", lazy(1));
    world.advance(SECOND);
    let down = pool.now();
    pool.backend().connects(Mood::Refuses("down"));
    world.acquire(&pool).unwrap_err();
    pool.backend().connects(Mood::Answers);
    world.advance(60 * SECOND);
    drop(world.lease(&pool));
    world.monitor.sample();
    let log = world.monitor.view("main").unwrap().log;
    let notes: Vec<_> = log.iter().map(|entry| (entry.seq, entry.severity, &*entry.text)).take(2).collect();
    let fell = "endpoint down: it cannot be dialled; the pool tries again after growing pauses";
    let rose = "endpoint up: it accepts connections again";
    assert_eq!(notes, [(1, Severity::Critical, fell), (2, Severity::Info, rose)]);
    assert!(log[0].at == down && log[1].at > down);
}

#[test]
fn a_look_costs_a_pool_the_same_however_many_connections_it_has() {
    let mut world = World::new();
    let pool = world.watched("main", lazy(50));
    let leases: Vec<_> = (0..50).map(|_| world.lease(&pool)).collect();
    world.monitor.sample();
    let look = || {
        let before = pool.turns();
        world.monitor.sample();
        pool.turns() - before - 1
    };
    assert_eq!([look(), look()], [4, 4], "status, endpoints, counters, why an endpoint cannot be reached");
    drop(leases);
}
