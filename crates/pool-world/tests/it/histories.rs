//! Random histories under the oracle: every invariant, after every step.

use proptest::prelude::*;
use proptest::test_runner::Config;

use crate::strategy::histories;

fn cases(cases: u32) -> Config {
    // A failure goes into `regressions.rs` by hand, with a name.
    Config { cases, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() }
}

proptest! {
    #![proptest_config(cases(4_000))]

    #[test]
    fn short_histories_keep_every_invariant(history in histories(40)) {
        history.play();
    }
}

proptest! {
    #![proptest_config(cases(1_500))]

    #[test]
    fn long_histories_keep_every_invariant(history in histories(160)) {
        history.play();
    }
}
