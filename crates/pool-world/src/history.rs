//! A pool and what happens to it: what every engine plays, and what a failure prints.

use std::fmt;

use pool_core::Time;

use crate::input::Input;
use crate::op::Op;
use crate::setup::Setup;
use crate::tape::Tape;
use crate::world::World;

/// A pool and what happens to it. Its `Debug` is a test, to paste into `tests/it/regressions.rs`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct History {
    /// What the pool is made from.
    pub setup: Setup,
    /// What happens.
    pub ops: Vec<Op>,
}

impl History {
    /// Plays the history under the oracle, from an instant that is no round number.
    pub fn play(&self) -> World {
        self.run(World::new(self.setup.config(), START))
    }

    /// The calls that the history makes.
    pub fn tape(&self) -> Tape {
        #[cfg(planted)]
        let _muted = crate::planted::Muted::here();
        self.run(World::recording(self.setup.config(), START)).into_tape()
    }

    fn run(&self, mut world: World) -> World {
        for &op in &self.ops {
            if !apply(op, &mut world) {
                return world;
            }
        }
        world.unhold();
        world.feed(Input::Advance);
        world
    }
}

/// Takes a step; whether it could be taken.
#[cfg(not(planted))]
fn apply(op: Op, world: &mut World) -> bool {
    op.apply(world);
    true
}

#[cfg(planted)]
use crate::planted::apply;

/// When histories begin: not at zero, where "before" cannot be told from "never".
pub const START: Time = Time::from_nanos(7_777_777_777_777);

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n#[test]\nfn name_the_rule_that_was_broken() {{")?;
        writeln!(f, "    let setup = {:?};", self.setup)?;
        writeln!(f, "    replay(setup, &[")?;
        for op in &self.ops {
            writeln!(f, "        Op::{op:?},")?;
        }
        writeln!(f, "    ]);\n}}")
    }
}
