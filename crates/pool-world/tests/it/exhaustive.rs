//! Every history of small pools, up to a depth: nothing is left to chance. Together the explorations come by every transition, every
//! mark, every reason and every error that there is.
//!
//! `POOL_WORLD_DEPTH` sets another depth than 10; each step more takes about three times as long. `POOL_WORLD_TIMES` moves it too.

use pool_world::explore::{CALLERS, CLOCK, Covered, Exploration, REPORTS};
use pool_world::oracle::Reach;
use pool_world::{Op, Proof, Setup};

use crate::strategy::depth;

const CALLER: Op = CALLERS[0];
const OPEN: Op = REPORTS[0];
/// A fault of the connection that leaves it open.
const TROUBLE: Op = Op::Release { nth: 0, how: 4 };
const PROBED: Op = Op::Probed { nth: 0 };

fn exploration(setup: Setup, root: &[Op], alphabet: &[&[Op]]) -> Exploration {
    let callers = usize::from(setup.max) + usize::from(setup.waiters);
    let (root, alphabet, slots) = (root.to_vec(), alphabet.concat(), false);
    Exploration { setup, root, alphabet, depth: depth(10), slots, callers: callers + 1 }
}

/// Two connections, two waiters of two classes; a connection goes stale and expires soon.
fn callers() -> Exploration {
    let setup = Setup { max: 2, waiters: 2, freshness: 400, idle: 1_000, faults: 1, ..Setup::default() };
    exploration(setup, &[], &[&CALLERS, &REPORTS, &CLOCK])
}

/// Two connections, three waiters, two connects at a time.
fn crowd() -> Exploration {
    let setup = Setup { max: 2, waiters: 3, connects: 2, fail_when_down: false, ..Setup::default() };
    let nobody_waits = [Op::Acquire { class: 1, ms: 0, front: false, proven: 7 }];
    exploration(
        setup,
        &[],
        &[&CALLERS[..1], &CALLERS[2..], &nobody_waits, &REPORTS[..2], &REPORTS[4..], &CLOCK],
    )
}

/// A minimum, active probes, retirements.
fn upkeep() -> Exploration {
    let setup = Setup {
        min: 1,
        max: 2,
        waiters: 2,
        connects: 2,
        lifetime: 1_000,
        health: 300,
        faults: 2,
        ..Setup::default()
    };
    let upkeep = exploration(setup, &[], &[&CALLERS[..1], &CALLERS[2..], &REPORTS, &CLOCK[..1]]);
    Exploration { slots: true, ..upkeep }
}

/// An unhealthy connection whose replacement is not there yet.
fn recovery() -> Exploration {
    let setup = Setup { min: 1, max: 2, waiters: 2, health: 300, faults: 2, ..Setup::default() };
    let root = [OPEN, CALLER, TROUBLE, CALLER, TROUBLE];
    exploration(setup, &root, &[&CALLERS[..1], &CALLERS[2..], &[TROUBLE], &REPORTS, &CLOCK[..1]])
}

/// Connections that carry two leases, watched for progress.
fn sharing() -> Exploration {
    let setup = Setup { waiters: 1, stall: 100, probe: 100, leak: 300, faults: 2, ..Setup::default() };
    let reports = [
        Op::Connected { nth: 0, leases: 2 },
        PROBED,
        Op::ProbeFailed { nth: 0, class: 0, discard: true },
        Op::Progress { nth: 0 },
        Op::Retiring { nth: 0 },
        Op::Closed { nth: 0 },
        Op::Detach { nth: 0 },
    ];
    exploration(setup, &[], &[&CALLERS[..1], &CALLERS[2..5], &[TROUBLE], &reports, &CLOCK])
}

/// Two endpoints, the second no worse than the first, or worse.
fn endpoints() -> Exploration {
    let setup = Setup { waiters: 1, freshness: 100, fail_when_down: false, ..Setup::default() };
    let operator = [
        Op::AddEndpoint { priority: 0, weight: 0 },
        Op::AddEndpoint { priority: 1, weight: 0 },
        Op::DrainEndpoint { nth: 0 },
    ];
    let reports = [OPEN, REPORTS[1], PROBED, Op::Closed { nth: 0 }, Op::Lost { nth: 0 }];
    exploration(setup, &[], &[&operator, &CALLERS[..1], &CALLERS[2..5], &reports, &CLOCK[..1]])
}

/// An operator: new generations, holding back, sizes, the two ways to end.
fn operator() -> Exploration {
    let setup = Setup { waiters: 1, freshness: 100, fail_when_down: false, ..Setup::default() };
    let operator = [
        Op::Invalidate,
        Op::Suspend,
        Op::Resume,
        Op::Resize { min: 0, max: 0 },
        Op::Drain,
        Op::Shutdown { ms: 100 },
    ];
    let reports = [OPEN, PROBED, Op::Closed { nth: 0 }, Op::Retiring { nth: 0 }, Op::Detach { nth: 0 }];
    let operator =
        exploration(setup, &[], &[&operator, &CALLERS[..1], &CALLERS[2..5], &reports, &CLOCK[1..]]);
    Exploration { slots: true, ..operator }
}

/// Two idle connections.
const TWO_IDLE: [Op; 8] = {
    let (claim, release) = (Op::Claim { nth: 0 }, Op::Release { nth: 0, how: 0 });
    [CALLER, OPEN, CALLER, OPEN, claim, claim, release, release]
};

/// Two connections that were idle for almost as long as they may, and went stale.
fn expiring() -> Exploration {
    let setup = Setup { waiters: 2, idle: 1_000, freshness: 400, ..Setup::default() };
    let root = [&TWO_IDLE[..], &[Op::Wait { ms: 900 }]].concat();
    let expiring = exploration(setup, &root, &[&CALLERS, &REPORTS, &CLOCK]);
    Exploration { slots: true, ..expiring }
}

/// Two connections that nobody has needed for long: the last sample before the pool shrinks is due.
fn shrinking() -> Exploration {
    let setup = Setup { waiters: 2, idle: 3_000, freshness: 500, ..Setup::default() };
    let root = [&TWO_IDLE[..], &[Op::Wait { ms: 100 }; 14]].concat();
    exploration(setup, &root, &[&CALLERS, &REPORTS, &CLOCK])
}

fn explorations() -> [Exploration; 9] {
    [callers(), crowd(), upkeep(), recovery(), sharing(), endpoints(), operator(), expiring(), shrinking()]
}

#[test]
fn states_with_one_fingerprint_have_one_future() {
    for exploration in explorations() {
        let twins = Exploration { depth: 6, ..exploration.clone() }.compare_twins();
        assert!(twins > 100, "{twins} twins in {exploration:?}");
    }
}

#[test]
fn every_history_of_small_pools_keeps_every_invariant_and_comes_by_everything_there_is() {
    let mut proof = Proof::of("exhaustive");
    let run = |exploration: Exploration| std::thread::spawn(move || exploration.run());
    let running: Vec<_> = explorations().into_iter().map(run).collect();
    let mut reach = Reach::default();
    for running in running {
        let covered: Covered = running.join().expect("a rule was broken: the history is printed above");
        proof.add("states", covered.states as u64);
        proof.add("steps", covered.steps as u64);
        reach.join(&covered.reach);
    }
    proof.done();
    if depth(10) < 8 {
        return;
    }
    let missing = reach.missing();
    let missing: Vec<&String> = missing.iter().filter(|what| !what.starts_with("no retry")).collect();
    assert!(missing.is_empty(), "no history comes by {missing:?}");
}
