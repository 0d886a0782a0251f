//! The core and the naive pool, output for output (I36).

use pool_world::{History, Op, naive};

use crate::shown;
use crate::source::Source;
use crate::steps::{self, STEPS_MAX};

/// Plays what `data` says to both, and compares them after every call.
pub fn check(data: &[u8]) {
    let mut source = Source::new(data);
    let mut history = History { setup: naive::setup(steps::setup(&mut source)), ops: Vec::new() };
    // How many steps come before the end, and how it comes. What follows stays within the grace of a shutdown: the clock stands.
    let before_end = usize::from(source.byte()).min(STEPS_MAX);
    let end = source.pick(&[Op::Drain, Op::Shutdown { ms: u16::MAX }, Op::Resume]);
    while !source.is_empty() && history.ops.len() < STEPS_MAX {
        if history.ops.len() == before_end {
            history.ops.push(end);
        }
        let op = steps::plain(&mut source);
        let passes_time = matches!(op, Op::Wait { .. } | Op::Oversleep { .. });
        if history.ops.len() < before_end || !passes_time {
            history.ops.push(op);
        }
    }
    let _shown = shown(&history);
    naive::compare(&history.tape());
}
