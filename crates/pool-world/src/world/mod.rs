//! A pool, the books of whoever uses it, and the oracle over both.
//!
//! Every step: one call of the pool, a drain of its outputs (unless they are held back), then `check()` for what must
//! hold of the state and the oracle for what must hold of the history. The first violation panics with its number.

mod calls;

use std::collections::VecDeque;
use std::time::Duration;

use pool_core::{Action, Config, Deadline, EndpointId, EndpointSpec, Output, Pool, Time};

use crate::books::{Books, Link};
use crate::holds;
use crate::input::{Answer, Input, Key};
use crate::oracle::{Memory, Reach, Step};
use crate::tape::Tape;
use crate::view::View;

/// A pool under judgement. A clone of it is another world, in which everything is as in this one.
#[derive(Clone)]
pub struct World {
    pool: Pool,
    config: Config,
    /// What the driver and the callers hold.
    pub books: Books,
    /// When the pool wants to be woken, as of the last drain.
    pub until: Option<Deadline>,
    /// Actions drained and not yet performed by whoever plays the driver.
    pub inbox: VecDeque<Action>,
    /// The world's clock; the pool's may be behind it, never ahead of the latest one it was told.
    pub clock: Time,
    before: View,
    after: View,
    memory: Memory,
    outs: Vec<Action>,
    held: bool,
    flushing: bool,
    acquires: Key,
    tape: Option<Tape>,
}

impl World {
    /// A world at `start` with a pool of that configuration.
    pub fn new(config: Config, start: Time) -> World {
        #[cfg(planted)]
        crate::planted::begin();
        let pool = Pool::new(config.clone(), start).expect("engines make valid configurations");
        let first = pool.endpoints().next().expect("a pool is made with one endpoint");
        let view = View::of(&pool);
        let mut world = World {
            pool,
            books: Books::new(vec![(first.id, EndpointSpec::default().priority)]),
            until: None,
            inbox: VecDeque::new(),
            clock: start,
            before: view.clone(),
            after: view,
            memory: Memory::new(),
            outs: Vec::new(),
            held: false,
            flushing: false,
            acquires: 0,
            tape: None,
            config,
        };
        world.settle(None, true);
        world
    }

    /// The same, and every call is written down.
    pub fn recording(config: Config, start: Time) -> World {
        let tape = Tape::new(config.clone(), start);
        World { tape: Some(tape), ..World::new(config, start) }
    }

    /// The calls so far, of a world made by [`World::recording`].
    pub fn into_tape(self) -> Tape {
        self.tape.expect("a recording world")
    }

    /// The pool as it is now.
    pub fn view(&self) -> &View {
        &self.after
    }

    /// The pool itself, to look at.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// The configuration that the pool was made with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Sets the pool's source of chance as if the pool had just been made from this seed.
    pub fn reseed(&mut self, seed: u64) {
        self.pool.reseed(seed);
    }

    /// What has been seen so far.
    pub fn reach(&self) -> &Reach {
        &self.memory.reach
    }

    /// The name that the next acquire will have.
    pub fn next_key(&self) -> Key {
        self.acquires
    }

    /// Stops draining: inputs pile up in the core.
    pub fn hold(&mut self) {
        self.held = true;
    }

    /// Drains what has piled up, and drains after every step from here on.
    pub fn unhold(&mut self) {
        if self.held {
            (self.held, self.flushing) = (false, true);
            self.settle(None, false);
            self.flushing = false;
        }
    }

    /// Whether outputs are held back.
    pub fn is_held(&self) -> bool {
        self.held
    }

    /// One call at the world's clock.
    pub fn feed(&mut self, input: Input) -> Answer {
        #[cfg(planted)]
        crate::planted::step();
        // A step is exact when the oracle knew everything just before it: nothing held back, no timer overdue.
        let exact = !self.held && self.pool.now() >= self.clock;
        if let Some(tape) = &mut self.tape {
            tape.inputs.push((self.clock, input));
        }
        let answer = self.call(input);
        self.books.ledger.answered(input, answer);
        self.settle(Some((input, answer)), exact);
        answer
    }

    /// Time passes, and the pool is told.
    pub fn pass(&mut self, by: Duration) {
        self.clock = self.clock + by;
        self.feed(Input::Advance);
    }

    /// Time passes exactly to the pool's deadline, if it has one.
    pub fn tick(&mut self) {
        if let Some(until) = self.until {
            self.clock = self.clock.max(until.at);
            self.feed(Input::Advance);
        }
    }

    /// Drains, keeps the books, and lets the oracle judge.
    fn settle(&mut self, deed: Option<(Input, Answer)>, exact: bool) {
        self.outs.clear();
        let slept_until = self.until;
        if !self.held {
            self.drain();
        }
        std::mem::swap(&mut self.before, &mut self.after);
        self.after.refresh(&self.pool);
        self.after.suspended = self.memory.suspended;
        if let Err(problem) = self.pool.check()
            && !crate::is_muted()
        {
            panic!("after {deed:?}: {problem}");
        }
        self.after.asked.clear();
        let step = Step {
            config: &self.config,
            before: &self.before,
            after: &self.after,
            deed,
            outs: &self.outs,
            until: self.until,
            slept_until,
            exact,
            held: self.held,
            flushing: self.flushing,
        };
        step.judge(&mut self.books, &mut self.memory, &self.pool);
        let asked = |link: &&Link| link.probing.is_some();
        self.after.asked.extend(self.books.links.iter().filter(asked).map(|link| link.id));
        self.inbox.extend(self.outs.iter().copied());
    }

    fn drain(&mut self) {
        self.until = loop {
            match self.pool.poll() {
                Output::Do(action) => self.outs.push(action),
                Output::Idle { until } => break until,
            }
        };
        holds!(
            self.pool.poll() == Output::Idle { until: self.until },
            "I24",
            "until changed between two polls"
        );
        let (until, wake_by) = (self.until.map_or(Time::MAX, |until| until.at), self.pool.wake_by());
        holds!(wake_by <= until, "I21", "wake_by {wake_by:?} is later than until {until:?}");
    }

    /// The endpoints there are, by the order of their making.
    pub fn endpoint(&self, nth: usize) -> EndpointId {
        self.books.endpoints[nth % self.books.endpoints.len()].0
    }
}
