//! Bytes as a setup and steps. The choices are those of the property tests: each knob often usual, sometimes off, sometimes
//! tight, so that the times of different rules meet.

use pool_world::{Op, Setup};

use crate::source::Source;

/// No history is longer.
pub(crate) const STEPS_MAX: usize = 256;

pub(crate) fn setup(source: &mut Source<'_>) -> Setup {
    Setup {
        min: source.byte() % 4,
        max: 1 + source.byte() % 4,
        connects: 1 + source.byte() % 3,
        waiters: source.pick(&[8, 0, 1, 3]),
        fail_when_down: source.flag(),
        acquire: source.pick(&[1_000, 200, 10_000]),
        connection: source.pick(&[500, 100, 3_000]),
        release: source.pick(&[300, 50]),
        probe: source.pick(&[200, 20, 1_000]),
        health: source.pick(&[0, 500, 5_000, 30_000]),
        idle: source.pick(&[60_000, 300, 2_000]),
        lifetime: source.pick(&[0, 1_000, 10_000, 100_000]),
        freshness: source.pick(&[30_000, 100, 1_000]),
        stall: source.pick(&[0, 100, 250]),
        leak: source.pick(&[0, 400]),
        backoff: source.pick(&[100, 10, 1_000]),
        faults: 1 + source.byte() % 3,
        seed: source.byte(),
    }
}

/// Any step. The first byte chooses it; usual ones have several numbers, and there is room for more.
pub(crate) fn any(source: &mut Source<'_>) -> Op {
    match source.byte() % 64 {
        0..=6 => Op::Acquire {
            class: source.byte(),
            ms: source.byte(),
            front: source.byte() >= 230,
            proven: source.byte(),
        },
        7..=12 => Op::Claim { nth: source.byte() },
        13 => Op::Cancel { nth: source.byte() },
        14..=18 => Op::Release { nth: source.byte(), how: source.byte() },
        19 => Op::Detach { nth: source.byte() },
        20 => Op::Reject { nth: source.byte() },
        21..=26 => Op::Connected { nth: source.byte(), leases: source.byte() },
        27 => Op::Refused { nth: source.byte(), class: source.byte() },
        28..=29 => Op::Probed { nth: source.byte() },
        30 => Op::ProbeFailed { nth: source.byte(), class: source.byte(), discard: source.flag() },
        31..=33 => Op::Closed { nth: source.byte() },
        34 => Op::Lost { nth: source.byte() },
        35 => Op::Retiring { nth: source.byte() },
        36 => Op::Progress { nth: source.byte() },
        37 => Op::LeaseLimit { nth: source.byte(), leases: source.byte() },
        38 => Op::KeepAlive { nth: source.byte(), seconds: source.byte() },
        39 => Op::Stray { nth: source.byte(), what: source.byte(), gone: source.flag() },
        40..=42 => Op::Wait { ms: source.byte().into() },
        43 => Op::Wait { ms: source.word() },
        44 => Op::Oversleep { ms: source.word() },
        45 => Op::Back { ms: source.word() },
        46 => Op::Sleep { hours: source.byte() },
        47 => Op::Resize { min: source.byte(), max: source.byte() },
        48 => Op::Suspend,
        49..=50 => Op::Resume,
        51 => Op::Invalidate,
        52 => Op::AddEndpoint { priority: source.byte(), weight: source.byte() },
        53 => Op::DrainEndpoint { nth: source.byte() },
        54 => Op::Drain,
        55 => Op::Shutdown { ms: source.word() },
        56 => {
            Op::Retry { attempt: source.byte(), class: source.byte(), kind: source.byte(), ms: source.word() }
        }
        57 => Op::Hold,
        58 => Op::Unhold,
        _ => Op::Tick,
    }
}

/// A step that the naive pool knows.
pub(crate) fn plain(source: &mut Source<'_>) -> Op {
    match source.byte() % 64 {
        0..=11 => {
            Op::Acquire { class: source.byte(), ms: source.byte(), front: source.byte() >= 230, proven: 7 }
        }
        12..=21 => Op::Claim { nth: source.byte() },
        22..=24 => Op::Cancel { nth: source.byte() },
        25..=33 => Op::Release { nth: source.byte(), how: source.pick(&[0, 2, 11]) },
        34 => Op::Detach { nth: source.byte() },
        35..=42 => Op::Connected { nth: source.byte(), leases: 1 },
        43..=44 => Op::Refused { nth: source.byte(), class: 1 },
        45..=48 => Op::Closed { nth: source.byte() },
        49 => Op::Suspend,
        50..=51 => Op::Resume,
        52 => Op::Invalidate,
        53 => Op::Oversleep { ms: source.word() % 3_000 },
        54..=55 => Op::Wait { ms: source.word() % 20_000 },
        56..=59 => Op::Wait { ms: source.byte().into() },
        // Exactly the times of the setups; not `Tick`, which may be the weeks until an idle expiry.
        _ => Op::Wait { ms: source.pick(&[10, 50, 100, 200, 300, 500, 1_000]) },
    }
}
