//! Any history, under the oracle and `check()`.

use pool_world::History;

use crate::shown;
use crate::source::Source;
use crate::steps::{self, STEPS_MAX};

/// Plays the history that `data` says.
pub fn check(data: &[u8]) {
    let mut source = Source::new(data);
    let mut history = History { setup: steps::setup(&mut source), ops: Vec::new() };
    while !source.is_empty() && history.ops.len() < STEPS_MAX {
        history.ops.push(steps::any(&mut source));
    }
    let _shown = shown(&history);
    history.play();
}
