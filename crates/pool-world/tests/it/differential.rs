//! The core and the naive pool, output for output (I36).

use pool_world::{History, Op, Setup, naive};
use proptest::prelude::*;

use crate::strategy::{cases, setups};

/// The steps that the naive pool knows.
fn plain_ops() -> impl Strategy<Value = Op> {
    let nth = any::<u8>;
    let patience = prop_oneof![4 => Just(255_u8), 3 => 1..255_u8, 1 => Just(0_u8)];
    let how = prop_oneof![4 => Just(0_u8), 1 => Just(2_u8), 1 => Just(11_u8)];
    prop_oneof![
        24 => (nth(), patience, prop::bool::weighted(0.1))
            .prop_map(|(class, ms, front)| Op::Acquire { class, ms, front, proven: 7 }),
        20 => nth().prop_map(|nth| Op::Claim { nth }),
        6 => nth().prop_map(|nth| Op::Cancel { nth }),
        18 => (nth(), how).prop_map(|(nth, how)| Op::Release { nth, how }),
        1 => nth().prop_map(|nth| Op::Detach { nth }),
        20 => nth().prop_map(|nth| Op::Connected { nth, leases: 1 }),
        5 => nth().prop_map(|nth| Op::Refused { nth, class: 1 }),
        12 => nth().prop_map(|nth| Op::Closed { nth }),
        // Exactly the times of the setups; not `Tick`, which may be the weeks until an idle expiry.
        14 => prop::sample::select(vec![10_u16, 50, 100, 200, 300, 500, 1_000]).prop_map(|ms| Op::Wait { ms }),
        12 => (0..400_u16).prop_map(|ms| Op::Wait { ms }),
        3 => (0..20_000_u16).prop_map(|ms| Op::Wait { ms }),
        2 => (0..3_000_u16).prop_map(|ms| Op::Oversleep { ms }),
        2 => Just(Op::Suspend),
        4 => Just(Op::Resume),
        2 => Just(Op::Invalidate),
    ]
}

fn endings() -> impl Strategy<Value = Op> {
    prop_oneof![Just(Op::Drain), Just(Op::Shutdown { ms: u16::MAX }), Just(Op::Resume)]
}

fn plain_histories() -> impl Strategy<Value = History> {
    let ops = prop::collection::vec(plain_ops(), 0..120);
    // What comes after the end stays within the grace of a shutdown: time stands still.
    let still =
        |op| if matches!(op, Op::Wait { .. } | Op::Oversleep { .. }) { Op::Claim { nth: 0 } } else { op };
    let epilogue = prop::collection::vec(plain_ops().prop_map(still), 0..30);
    (setups(), ops, endings(), epilogue).prop_map(|(setup, mut ops, ending, epilogue)| {
        ops.push(ending);
        ops.extend(epilogue);
        History { setup: naive::setup(setup), ops }
    })
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn the_core_does_what_the_naive_pool_does_i36(history in plain_histories()) {
        naive::compare(&history.tape());
    }
}

#[test]
fn of_two_grants_the_naive_pool_does_not_guess_which_was_handed_on_i36() {
    let caller = Op::Acquire { class: 1, ms: 255, front: false, proven: 7 };
    let (open, release, cancel) =
        (Op::Connected { nth: 0, leases: 1 }, Op::Release { nth: 0, how: 0 }, Op::Cancel { nth: 0 });
    let setup = Setup { min: 2, max: 3, fail_when_down: false, ..Setup::default() };
    let queued = [open, open, caller, Op::Suspend, caller, release, caller, caller, Op::Resume];
    let ops = [&queued[..], &[cancel, cancel, Op::Drain]].concat();
    naive::compare(&History { setup: naive::setup(setup), ops }.tape());
}
