//! The decisions of a recording, made again. No clock is read, and nothing is random: the times are the recording's.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pool_core::{Action, Call, Image, Pool, Time};

use crate::player::{Answer, Player};
use crate::recording::Recording;

/// A call, and what the pool decided.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// Which call of the recording, from 0.
    pub number: usize,
    /// The time that it came with.
    pub at: Time,
    /// The call.
    pub call: Call,
    /// What it came back with.
    pub answer: Answer,
    /// What the driver was asked to do.
    pub actions: Vec<Action>,
}

/// A decision in one line: its time, the call, the answer, the actions.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}: {:?}", self.at, self.call, self.answer)?;
        for action in &self.actions {
            write!(f, "; {action:?}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The steps of a recording, one after the other. Made by [`Recording::replay`].
pub struct Replay<'r> {
    calls: Box<dyn Iterator<Item = (usize, (Time, Call))> + Send + 'r>,
    player: Player,
    last: Option<&'r Image>,
}

/// A replay ended in another state than the recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Diverged;

impl fmt::Display for Diverged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the replay ends in another state than the recording: it was made by another version, or the pool was called without a note",
        )
    }
}

impl std::error::Error for Diverged {}

impl Recording {
    /// Makes the calls again, one at each step.
    pub fn replay(&self) -> Replay<'_> {
        let mut player = Player::new(self.first());
        // Decided before the recording began.
        player.drain();
        Replay { calls: Box::new(self.calls().enumerate()), player, last: self.last() }
    }

    /// Makes all calls again, and compares the end, byte for byte, with what was recorded.
    ///
    /// # Errors
    ///
    /// When the two are not the same. A recording without a last image has nothing to compare with.
    pub fn verify(&self) -> Result<(), Diverged> {
        let mut replay = self.replay();
        replay.by_ref().for_each(drop);
        if replay.agrees() { Ok(()) } else { Err(Diverged) }
    }

    /// The decisions, a line each. After a step that leaves the pool in a state that breaks an invariant the line says which
    /// (` BROKEN I16: …`); a step that panics is the last one, and says so (` PANIC …`).
    pub fn decisions(&self) -> Vec<String> {
        let mut replay = self.replay();
        let mut lines = Vec::new();
        loop {
            let step = catch_unwind(AssertUnwindSafe(|| {
                let step = replay.next()?;
                Some((step, replay.pool().check()))
            }));
            match step {
                Ok(None) => return lines,
                Ok(Some((step, Ok(())))) => lines.push(step.to_string()),
                Ok(Some((step, Err(broken)))) => lines.push(format!("{step} BROKEN {broken}")),
                Err(panic) => {
                    let (at, call) = self.calls().nth(lines.len()).expect("it was made");
                    lines.push(format!("{at:?} {call:?}: PANIC {}", message(&*panic)));
                    return lines;
                }
            }
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message")
}

impl Replay<'_> {
    /// The pool after the last step that was taken.
    pub fn pool(&self) -> &Pool {
        &self.player.pool
    }

    /// Whether the pool is now in the state in which the recording ended, to the byte; true for a recording that does not say.
    pub fn agrees(&self) -> bool {
        self.last.is_none_or(|last| Image::of(self.pool()).to_bytes() == last.to_bytes())
    }
}

impl Iterator for Replay<'_> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let (number, (at, call)) = self.calls.next()?;
        let answer = self.player.call(at, call);
        let actions = self.player.drain();
        Some(Step { number, at, call, answer, actions })
    }
}

impl fmt::Debug for Replay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay").field("now", &self.pool().now()).finish_non_exhaustive()
    }
}
