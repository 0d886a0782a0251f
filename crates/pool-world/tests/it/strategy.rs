//! How histories are drawn: small pools, short times, and steps weighted so that most of them find something to do.

use pool_world::{History, Op, Setup};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::Config;

/// So many cases, times `POOL_WORLD_TIMES`. A failure goes into `regressions.rs` by hand, with a name.
pub(crate) fn cases(cases: u32) -> Config {
    Config {
        cases: scaled(cases),
        failure_persistence: None,
        // A run cut short asks only whether there is a failure.
        max_shrink_iters: if times() < 1.0 || cfg!(planted) { 0 } else { 20_000 },
        ..Config::default()
    }
}

/// So many, times `POOL_WORLD_TIMES`; at least one.
pub(crate) fn scaled(usual: u32) -> u32 {
    (f64::from(usual) * times()).ceil() as u32
}

/// Whether a run is long enough to come by everything there is.
pub(crate) fn is_full() -> bool {
    times() >= 1.0
}

/// The depth to explore to, if not `POOL_WORLD_DEPTH`: a step more takes about three times as long.
pub(crate) fn depth(usual: usize) -> usize {
    match std::env::var("POOL_WORLD_DEPTH") {
        Ok(depth) => {
            depth.parse().unwrap_or_else(|_| panic!("POOL_WORLD_DEPTH is `{depth}`: it takes a number"))
        }
        Err(_) => usual.saturating_add_signed(times().log(3.0).floor() as isize),
    }
}

/// How many times the usual length this run is to have: 20, or 0.05.
fn times() -> f64 {
    let Ok(times) = std::env::var("POOL_WORLD_TIMES") else { return 1.0 };
    match times.parse() {
        Ok(times) if times > 0.0 => times,
        _ => panic!("POOL_WORLD_TIMES is `{times}`: it takes a number above 0, such as 20 or 0.05"),
    }
}

/// Any history of fewer than `steps` steps.
pub(crate) fn histories(steps: usize) -> impl Strategy<Value = History> {
    (setups(), prop::collection::vec(ops(), 0..steps)).prop_map(|(setup, ops)| History { setup, ops })
}

/// Any setup: each knob often at its default, sometimes off, sometimes tight.
pub(crate) fn setups() -> impl Strategy<Value = Setup> {
    let sizes = (0..4_u8, 1..5_u8, 1..4_u8, select(vec![0_u8, 1, 3, 8, 8]), any::<bool>());
    let times = (
        select(vec![200_u32, 1_000, 10_000]),
        select(vec![100_u32, 500, 3_000]),
        select(vec![50_u32, 300]),
        select(vec![20_u32, 200, 1_000]),
        select(vec![0_u32, 0, 500, 5_000, 30_000]),
    );
    let lives = (
        select(vec![300_u32, 2_000, 60_000]),
        select(vec![0_u32, 0, 1_000, 10_000, 100_000]),
        select(vec![100_u32, 1_000, 30_000]),
        select(vec![0_u32, 100, 250]),
        select(vec![0_u32, 0, 400]),
    );
    let rest = (select(vec![10_u32, 100, 1_000]), 1..4_u8, any::<u8>());
    (sizes, times, lives, rest).prop_map(|(sizes, times, lives, rest)| {
        let (min, max, connects, waiters, fail_when_down) = sizes;
        let (acquire, connection, release, probe, health) = times;
        let (idle, lifetime, freshness, stall, leak) = lives;
        let (backoff, faults, seed) = rest;
        Setup {
            min,
            max,
            connects,
            waiters,
            fail_when_down,
            acquire,
            connection,
            release,
            probe,
            health,
            idle,
            lifetime,
            freshness,
            stall,
            leak,
            backoff,
            faults,
            seed,
        }
    })
}

fn leases() -> impl Strategy<Value = u8> {
    prop_oneof![4 => Just(1_u8), 1 => 0..5_u8]
}

/// Any step.
pub(crate) fn ops() -> impl Strategy<Value = Op> {
    prop_oneof![
        60 => callers(),
        50 => reports(),
        40 => passing(),
        10 => (any::<u8>(), any::<u8>(), any::<bool>()).prop_map(|(nth, what, gone)| Op::Stray { nth, what, gone }),
        10 => operations(),
        3 => (0..4_u8, any::<u8>(), any::<u8>(), 0..5_000_u16)
            .prop_map(|(attempt, class, kind, ms)| Op::Retry { attempt, class, kind, ms }),
        2 => Just(Op::Hold),
        4 => Just(Op::Unhold),
    ]
}

fn callers() -> impl Strategy<Value = Op> {
    let patience = prop_oneof![4 => Just(255_u8), 3 => 1..255_u8, 1 => Just(0_u8)];
    let class = prop_oneof![4 => Just(1_u8), 2 => 0..3_u8];
    let front = prop::bool::weighted(0.1);
    prop_oneof![
        12 => (class, patience, front, any::<u8>())
            .prop_map(|(class, ms, front, proven)| Op::Acquire { class, ms, front, proven }),
        12 => any::<u8>().prop_map(|nth| Op::Claim { nth }),
        2 => any::<u8>().prop_map(|nth| Op::Cancel { nth }),
        10 => (any::<u8>(), any::<u8>()).prop_map(|(nth, how)| Op::Release { nth, how }),
        1 => any::<u8>().prop_map(|nth| Op::Detach { nth }),
        1 => any::<u8>().prop_map(|nth| Op::Reject { nth }),
    ]
}

fn reports() -> impl Strategy<Value = Op> {
    let nth = any::<u8>;
    prop_oneof![
        12 => (nth(), leases()).prop_map(|(nth, leases)| Op::Connected { nth, leases }),
        4 => (nth(), nth()).prop_map(|(nth, class)| Op::Refused { nth, class }),
        6 => nth().prop_map(|nth| Op::Probed { nth }),
        3 => (nth(), nth(), any::<bool>()).prop_map(|(nth, class, discard)| Op::ProbeFailed { nth, class, discard }),
        7 => nth().prop_map(|nth| Op::Closed { nth }),
        2 => nth().prop_map(|nth| Op::Lost { nth }),
        1 => nth().prop_map(|nth| Op::Retiring { nth }),
        2 => nth().prop_map(|nth| Op::Progress { nth }),
        1 => (nth(), nth()).prop_map(|(nth, leases)| Op::LeaseLimit { nth, leases }),
        1 => (nth(), 0..20_u8).prop_map(|(nth, seconds)| Op::KeepAlive { nth, seconds }),
    ]
}

fn passing() -> impl Strategy<Value = Op> {
    prop_oneof![
        10 => Just(Op::Tick),
        8 => (0..200_u16).prop_map(|ms| Op::Wait { ms }),
        3 => (0..20_000_u16).prop_map(|ms| Op::Wait { ms }),
        2 => (0..3_000_u16).prop_map(|ms| Op::Oversleep { ms }),
        1 => (0..2_000_u16).prop_map(|ms| Op::Back { ms }),
        1 => (0..5_u8).prop_map(|hours| Op::Sleep { hours }),
    ]
}

fn operations() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (any::<u8>(), any::<u8>()).prop_map(|(min, max)| Op::Resize { min, max }),
        2 => Just(Op::Suspend),
        4 => Just(Op::Resume),
        3 => Just(Op::Invalidate),
        3 => (any::<u8>(), any::<u8>()).prop_map(|(priority, weight)| Op::AddEndpoint { priority, weight }),
        2 => any::<u8>().prop_map(|nth| Op::DrainEndpoint { nth }),
        1 => Just(Op::Drain),
        1 => (0..5_000_u16).prop_map(|ms| Op::Shutdown { ms }),
    ]
}
