//! Random histories under the oracle: every invariant, after every step.

use proptest::prelude::*;

use crate::strategy::{cases, histories};

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
