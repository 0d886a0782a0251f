//! Histories that once broke a rule, as the engines printed them.

use pool_world::{History, Op, Setup};

fn replay(setup: Setup, ops: &[Op]) {
    History { setup, ops: ops.to_vec() }.play();
}

#[test]
fn nothing_happens() {
    replay(Setup::default(), &[Op::Tick]);
}
