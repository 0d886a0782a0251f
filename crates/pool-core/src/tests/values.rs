//! Numbers, names and words that are made from the state.

use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use crate::histogram::Histogram;
use crate::rng::Rng;
use crate::time::{Time, millis};
use crate::{AcquireErrorKind, CloseReason, Config, FaultClass, Outcome, Pool, Reuse, Stats, Status};

#[test]
fn the_generator_is_splitmix64_as_published() {
    let mut rng = Rng::new(1_234_567);
    let all = u64::MAX;
    let drawn: Vec<u64> = (0..3).map(|_| rng.between(0, all)).collect();
    assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
}

#[test]
fn a_draw_is_anywhere_in_its_range_and_nowhere_else() {
    let mut rng = Rng::new(7);
    let mut seen = [0; 4];
    for _ in 0..4_000 {
        seen[rng.between(10, 13) as usize - 10] += 1;
    }
    assert!(seen.iter().all(|&count| (900..1_100).contains(&count)), "{seen:?}");
    assert_eq!(rng.between(5, 5), 5);
}

#[test]
fn a_histogram_says_what_was_recorded() {
    let mut histogram = Histogram::default();
    assert_eq!((histogram.mean(), histogram.quantile(500)), (Duration::ZERO, Duration::ZERO));
    for ms in [1, 2, 3, 50] {
        histogram.record(Duration::from_millis(ms));
    }
    let earlier = histogram.clone();
    histogram.record(Duration::from_millis(4));
    let ms = Duration::from_millis;
    assert_eq!((histogram.count(), histogram.sum(), histogram.max()), (5, ms(60), ms(50)));
    assert_eq!((histogram.mean(), histogram.quantile(1000)), (ms(12), ms(50)));
    let since = histogram.since(&earlier);
    assert_eq!((since.count(), since.sum()), (1, ms(4)));
    assert!(since.max() >= ms(4) && since.max() < ms(5), "{:?}", since.max());
    assert_eq!(histogram.since(&histogram).max(), Duration::ZERO);
    assert_eq!(histogram.buckets().map(|(_, count)| count).sum::<u64>(), 5);
}

#[test]
fn a_bucket_ends_where_the_next_begins() {
    let edges: Vec<Duration> = Histogram::default().buckets().map(|(edge, _)| edge).collect();
    assert_eq!((edges[0], edges.last()), (Duration::from_nanos(1023), Some(&Duration::from_nanos(u64::MAX))));
    for (n, edge) in edges.iter().enumerate().take(edges.len() - 1) {
        let place = |value: Duration| {
            let mut histogram = Histogram::default();
            histogram.record(value);
            histogram.buckets().position(|(_, count)| count == 1)
        };
        assert_eq!(place(*edge), Some(n), "{edge:?}");
        assert_eq!(place(*edge + Duration::from_nanos(1)), Some(n + 1), "{edge:?}");
    }
    let quarter = |n: usize| edges[n + 1] - edges[n];
    assert_eq!((quarter(0), quarter(4), quarter(8)), (nanos(256), nanos(512), nanos(1024)));
}

#[test]
fn whatever_is_long_is_in_the_last_bucket() {
    let mut histogram = Histogram::default();
    for exponent in 46..64 {
        for quarter in 0..4 {
            histogram.record(nanos((1 << exponent) + (quarter << (exponent - 2))));
        }
    }
    histogram.record(nanos((1 << 45) + (3 << 43)));
    let last = histogram.buckets().last().unwrap();
    assert_eq!((last.1, histogram.count()), (73, 73));
}

fn nanos(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

#[test]
fn ratios_are_of_what_they_say() {
    let pool = Pool::new(Config { max_connections: 8, ..Config::default() }, Time::ZERO).unwrap();
    let status = Status { in_use: 2, healthy: 3, unhealthy: 2, unknown: 5, ..pool.status() };
    assert_eq!((status.utilization(), status.health_ratio()), (0.25, 0.8));
    let none = Status { max: 0, healthy: 0, unhealthy: 0, unknown: 0, ..status };
    assert_eq!((none.utilization(), none.health_ratio()), (0.0, 0.0));
    let words = format!("{status}");
    for part in ["of 8 connections", "2 in use", "3 healthy, 2 unhealthy, 5 unknown", "0 waiting"] {
        assert!(words.contains(part), "{part:?} is missing in {words:?}");
    }
    let stats = Stats { successes: 3, faults: [1, 2, 3, 4, 7], ..Stats::default() };
    assert_eq!((stats.verdicts(), stats.failures()), (20, 6));
    assert_eq!((stats.error_rate(), Stats::default().error_rate()), (0.3, 0.0));
}

#[test]
fn counters_since_then_are_the_difference() {
    let mut earlier = Stats { acquires: 3, leases: 2, faults: [1; 5], closed: [2; 14], ..Stats::default() };
    earlier.wait.record(Duration::from_millis(1));
    let mut now =
        Stats { acquires: 10, leases: 7, faults: [4; 5], closed: [3; 14], probes: 1, ..earlier.clone() };
    now.wait.record(Duration::from_millis(2));
    let since = now.since(&earlier);
    assert_eq!((since.acquires, since.leases, since.probes), (7, 5, 1));
    assert_eq!((since.faults, since.closed, since.wait.count()), ([3; 5], [1; 14], 1));
    assert_eq!(since.closed_for(CloseReason::Broken), 1);
}

#[test]
fn every_reason_has_a_name_of_its_own() {
    let mut names: Vec<&str> = CloseReason::ALL.iter().map(|reason| reason.name()).collect();
    assert!(names.contains(&"idle_expired") && names.iter().all(|name| !name.is_empty()));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), CloseReason::ALL.len());
}

#[test]
fn phases_and_healths_have_the_words_that_people_use() {
    use crate::{Health, Phase};
    let phases =
        [Phase::Starting, Phase::Running, Phase::Degraded, Phase::Suspended, Phase::Draining, Phase::Closed];
    let names = ["starting", "running", "degraded", "suspended", "draining", "closed"];
    assert_eq!(phases.map(Phase::name), names);
    let words = ["unknown", "healthy", "healthy", "unhealthy", "unknown"];
    assert_eq!(Health::ALL.map(Health::word), words);
}

#[test]
fn of_fifteen_samples_the_middle_one_is_the_surplus_and_a_new_window_begins_from_nothing() {
    let mut shrink = crate::shrink::Shrink::new();
    let mut window = |samples: &[u32]| samples.iter().map(|&idle| shrink.sample(idle)).last().unwrap();
    assert_eq!(window(&[9, 1, 8, 2, 7, 3, 6, 4, 5, 0, 10, 11, 12, 13, 14]), Some(7));
    assert_eq!(window(&[5; 14]), None);
    shrink.reset();
    assert!((0..14).all(|_| shrink.sample(3).is_none()));
    assert_eq!(shrink.sample(3), Some(3));
}

#[test]
fn instants_are_written_for_people_and_long_times_saturate() {
    assert_eq!(format!("{:?} {:?}", Time::MAX, Time::from_millis(1_500)), "t=never t=1.5s");
    assert_eq!(millis(Duration::from_secs(3)), 3_000);
    assert_eq!(millis(Duration::from_secs(5_000_000)), u32::MAX);
}

#[test]
fn an_error_answers_for_its_kind_and_no_other() {
    let pool = Pool::new(Config::default(), Time::ZERO).unwrap();
    let answers = |kind| {
        let error = pool.error(kind, Duration::ZERO);
        (error.is_timeout(), error.is_exhausted(), error.is_closed())
    };
    assert_eq!(answers(AcquireErrorKind::Timeout), (true, false, false));
    assert_eq!(answers(AcquireErrorKind::QueueFull), (false, true, false));
    assert_eq!(answers(AcquireErrorKind::Exhausted), (false, true, false));
    assert_eq!(answers(AcquireErrorKind::Unavailable), (false, false, false));
    assert_eq!(answers(AcquireErrorKind::Closed), (false, false, true));
}

#[test]
fn an_answer_of_the_peer_proves_life_and_nothing_else_does() {
    let fault = |class, reuse| Outcome::Failed { class, reuse };
    for class in [FaultClass::Application, FaultClass::Saturation, FaultClass::Endpoint] {
        assert!(fault(class, Reuse::Keep).proves_life(), "{class:?}");
        assert!(!fault(class, Reuse::Discard).proves_life(), "{class:?}");
    }
    for class in [FaultClass::Connection, FaultClass::Caller] {
        assert!(!fault(class, Reuse::Keep).proves_life(), "{class:?}");
    }
    assert!(Outcome::Success.proves_life() && !Outcome::Returned.proves_life());
}
