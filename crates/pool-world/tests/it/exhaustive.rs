//! Every history of a small pool, up to a depth: nothing is left to chance.

use pool_world::explore::{ALPHABET, explore};
use pool_world::{Op, Setup};

#[test]
fn every_history_of_two_connections_and_three_waiters() {
    let setup = Setup { max: 2, waiters: 3, freshness: 400, idle: 2_000, faults: 1, ..Setup::default() };
    let covered = explore(setup, &ALPHABET, 8);
    assert!(covered.states > 10_000, "{covered:?}");
}

#[test]
fn every_history_of_a_pool_that_keeps_a_minimum_and_retires() {
    let setup =
        Setup { min: 1, max: 2, waiters: 2, connects: 2, lifetime: 1_000, health: 300, ..Setup::default() };
    let covered = explore(setup, &ALPHABET, 7);
    assert!(covered.states > 5_000, "{covered:?}");
}

#[test]
fn every_history_of_two_endpoints_and_an_operator() {
    let setup = Setup { max: 2, waiters: 2, fail_when_down: false, ..Setup::default() };
    let operator = [
        Op::AddEndpoint { priority: 1, weight: 0 },
        Op::DrainEndpoint { nth: 0 },
        Op::Invalidate,
        Op::Suspend,
        Op::Resume,
        Op::Drain,
        Op::Shutdown { ms: 100 },
    ];
    let callers = [0, 2, 4, 6, 7, 9, 11].map(|n| ALPHABET[n]);
    let covered = explore(setup, &[&operator[..], &callers[..]].concat(), 8);
    assert!(covered.states > 5_000, "{covered:?}");
}
