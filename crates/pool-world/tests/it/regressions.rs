//! Histories that once broke a rule, as the engines printed them.

use pool_world::{History, Op, Setup};

fn replay(setup: Setup, ops: &[Op]) {
    History { setup, ops: ops.to_vec() }.play();
}

/// A caller as most are.
const CALLER: Op = Op::Acquire { class: 1, ms: 255, front: false, proven: 7 };
/// A caller that wants a connection proven alive from now on.
const STRICT: Op = Op::Acquire { class: 1, ms: 255, front: false, proven: 0 };

/// Times so short that every step of a history reaches one.
const TIGHT: Setup = Setup {
    min: 0,
    max: 2,
    connects: 1,
    waiters: 3,
    fail_when_down: false,
    acquire: 200,
    connection: 100,
    release: 50,
    probe: 20,
    health: 0,
    idle: 300,
    lifetime: 0,
    freshness: 100,
    stall: 0,
    leak: 0,
    backoff: 10,
    faults: 1,
    seed: 0,
};

#[test]
fn a_connection_in_use_is_probed_once_for_however_many_strict_waiters_i9() {
    let setup = Setup { max: 1, ..TIGHT };
    replay(setup, &[CALLER, Op::Connected { nth: 0, leases: 3 }, Op::Tick, STRICT, STRICT]);
    let limit = Op::LeaseLimit { nth: 0, leases: 2 };
    replay(setup, &[CALLER, Op::Connected { nth: 0, leases: 1 }, Op::Tick, STRICT, limit, STRICT]);
}

#[test]
fn progress_on_an_idle_connection_proves_nothing_i14b() {
    let setup = Setup { min: 1, max: 1, waiters: 0, ..TIGHT };
    let ops =
        [Op::Connected { nth: 0, leases: 1 }, Op::Wait { ms: 300 }, CALLER, Op::Progress { nth: 0 }, CALLER];
    replay(setup, &ops);
    let open = Op::Connected { nth: 0, leases: 1 };
    replay(Setup { min: 2, waiters: 1, ..TIGHT }, &[open, open, Op::Tick, CALLER, Op::Progress { nth: 1 }]);
}

#[test]
fn two_strict_waiters_have_two_connections_asked_i16() {
    let open = Op::Connected { nth: 0, leases: 1 };
    replay(Setup { min: 2, lifetime: 10_000, ..TIGHT }, &[open, open, Op::Tick, STRICT, STRICT]);
    replay(Setup { min: 2, ..TIGHT }, &[open, open, Op::Tick, STRICT, STRICT]);
}

#[test]
fn an_unhealthy_connection_stays_until_its_replacement_is_open_i41() {
    let setup = Setup { min: 1, waiters: 0, ..TIGHT };
    let faulty = Op::Release { nth: 0, how: 4 };
    let stale = Op::Stray { nth: 0, what: 0, gone: false };
    replay(setup, &[Op::Connected { nth: 0, leases: 1 }, CALLER, faulty, stale, Op::Tick]);
}

#[test]
fn a_stalled_connection_whose_probe_failed_is_asked_again_i16() {
    let setup = Setup { max: 1, waiters: 1, stall: 100, ..TIGHT };
    let failed = Op::ProbeFailed { nth: 0, class: 1, discard: false };
    replay(setup, &[CALLER, CALLER, Op::Connected { nth: 0, leases: 2 }, Op::Tick, STRICT, failed, Op::Tick]);
}

#[test]
fn an_idle_expiry_that_waits_for_the_last_waiter_comes_with_its_grant_i25() {
    let setup = Setup { min: 2, max: 3, waiters: 1, health: 30_000, ..TIGHT };
    let open = Op::Connected { nth: 0, leases: 1 };
    let smaller = Op::Resize { min: 0, max: 3 };
    replay(setup, &[open, open, Op::Wait { ms: 300 }, CALLER, smaller, Op::Probed { nth: 0 }]);
}

#[test]
fn a_probe_that_was_asked_for_unseen_may_be_answered_after_the_lease_i11() {
    let setup = Setup { max: 1, waiters: 0, stall: 250, ..Setup::default() };
    let shared = Op::Connected { nth: 0, leases: 2 };
    let answer = Op::Stray { nth: 0, what: 2, gone: false };
    let released = Op::Release { nth: 0, how: 0 };
    replay(Setup { min: 1, ..setup }, &[shared, CALLER, Op::Hold, Op::Tick, Op::Unhold, released, answer]);
}

#[test]
fn each_grant_that_the_end_of_the_grace_takes_back_and_was_said_to_be_held_is_said_to_be_back_i47() {
    let setup = Setup { waiters: 1, leak: 400, fail_when_down: false, ..TIGHT };
    let shared = Op::Connected { nth: 0, leases: 2 };
    let ops = [STRICT, shared, Op::Tick, STRICT, Op::Probed { nth: 0 }, STRICT, Op::Cancel { nth: 0 }];
    let end = [Op::Shutdown { ms: 400 }, Op::Release { nth: 0, how: 0 }, STRICT, Op::Tick, Op::Tick];
    replay(setup, &[&ops[..], &end].concat());
}

#[test]
fn who_waits_for_the_answer_of_a_connection_that_is_closed_meanwhile_gets_another_i17() {
    let setup = Setup { max: 1, probe: 200, backoff: 10, faults: 1, ..TIGHT };
    let open = Op::Connected { nth: 0, leases: 1 };
    let claim = Op::Claim { nth: 0 };
    let proved = [STRICT, Op::Resize { min: 148, max: 41 }, open, claim, Op::Wait { ms: 101 }];
    let stray = Op::Stray { nth: 30, what: 238, gone: false };
    let waits = [STRICT, claim, stray, STRICT, Op::Tick, Op::Release { nth: 0, how: 112 }, open];
    replay(setup, &[&proved[..], &waits].concat());
}
