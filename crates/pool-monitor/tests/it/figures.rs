//! What is kept: every count once, the last minute, and no more than there is room for.

use std::time::Duration;

use pool_async::pool_core::{Config, FaultClass, Outcome};
use pool_async::{AcquireOptions, NOTICES_KEPT};
use pool_monitor::{Operation, Severity};
use proptest::prelude::*;

use crate::world::{Mood, Pool, SECOND, World, lazy};

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
    for _ in 0..150 {
        world.monitor.operate("main", Operation::Suspend).unwrap();
        world.monitor.operate("main", Operation::Resume).unwrap();
    }
    let view = world.monitor.view("main").unwrap();
    let seqs: Vec<u64> = view.points.iter().map(|point| point.seq).collect();
    assert_eq!(seqs, (101..=1000).collect::<Vec<_>>());
    let seqs: Vec<u64> = view.log.iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, (101..=300).collect::<Vec<_>>());
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
    assert_eq!(log.len(), 200);
    assert_eq!(
        log.iter().map(|entry| entry.missed).sum::<u64>(),
        0,
        "the one that told of it is forgotten too"
    );
    assert_eq!(log[0].seq, NOTICES_KEPT as u64 - 200 + 1);
    let held = log.iter().filter(|entry| entry.severity == Severity::Warning).count();
    assert_eq!(held, 100, "the other hundred tell of returns");
}
