//! What must hold of a history, judged from outside: the invariants marked O, and those marked S once more where the public
//! view suffices.
//!
//! A step is one input and the outputs that followed it. The pool before and after it is a [`View`]; what cannot be seen
//! there is in the [`Books`] and in a small [`Memory`].

mod clock;
mod demand;
mod fairness;
mod grants;
mod notices;
mod reach;
mod stalls;
mod status;

use pool_core::{Action, Config, Deadline, FaultClass, Notice, Outcome, Phase, Pool, Time};

use crate::books::{Books, Ending};
use crate::holds;
use crate::input::{Answer, Input};
use crate::view::View;

pub use reach::Reach;

/// One step, as seen from outside.
#[derive(Debug)]
pub struct Step<'a> {
    /// The configuration that the pool was made with.
    pub config: &'a Config,
    /// The pool before.
    pub before: &'a View,
    /// The pool after.
    pub after: &'a View,
    /// What was asked and answered; `None` when outputs were only drained.
    pub deed: Option<(Input, Answer)>,
    /// What came out.
    pub outs: &'a [Action],
    /// When the pool wants to be woken.
    pub until: Option<Deadline>,
    /// When it wanted to be woken before.
    pub slept_until: Option<Deadline>,
    /// Whether `before` is how the pool was when the input came: no timer overdue, nothing held back.
    pub exact: bool,
    /// Whether outputs are being held back: there are none, and much cannot be judged.
    pub held: bool,
    /// Whether these are the outputs of many inputs.
    pub flushing: bool,
}

/// What the oracle remembers from step to step.
#[derive(Clone, Debug)]
pub struct Memory {
    /// Whether grants are held back.
    pub suspended: bool,
    /// What has been seen so far.
    pub reach: Reach,
    retired: Option<Time>,
    /// The largest maximum that the pool has had.
    widest: u32,
    budget: Budget,
    told: notices::Told,
}

impl Memory {
    /// Of a new pool.
    pub fn new() -> Memory {
        Memory {
            suspended: false,
            reach: Reach::default(),
            retired: None,
            budget: Budget::default(),
            told: Default::default(),
            widest: 0,
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Memory::new()
    }
}

impl Step<'_> {
    /// Whether nothing fell due before the end of this step: what happened, happened now.
    fn prompt(&self) -> bool {
        !self.held && !self.flushing && self.slept_until.is_none_or(|until| until.at >= self.after.now)
    }

    /// Judges the step, and brings the books and the memory up to it.
    pub fn judge(&self, books: &mut Books, memory: &mut Memory, pool: &Pool) {
        memory.reach.note(self);
        self.outputs_are_bounded();
        self.stale_changes_nothing();
        memory.budget.judge(self);
        if self.held {
            return;
        }
        self.wakes_are_fair(books);
        let generation = self.after.status.generation;
        for &action in self.outs {
            self.dead_is_dead(action, books);
            books.performed(action, self.after.now, generation);
            self.connect_is_due(action, books);
            self.close_is_due(action, books);
        }
        self.the_dead_are_buried();
        books.ledger.voided |= books.grace_is_over(self.after.now);
        books.ledger.balances(pool.stats());
        memory.told.judge(self);
        self.answers_are_right(books);
        self.grants_are_right(books);
        self.status_is_a_recount(books);
        self.stalls_are_true(books);
        self.demand_is_served(books);
        self.clock_is_right(books, memory);
        self.ending_is_right(books, pool);
        self.nobody_is_forgotten(books);
    }

    fn outputs_are_bounded(&self) {
        let told = |action: &&Action| !matches!(action, Action::Notice(_));
        let (outs, status) = (self.outs.iter().filter(told).count() as u32, &self.after.status);
        let most = self.before.status.max.max(status.max).max(self.before.status.total);
        let bound = 2 * most + self.config.waiters_limit();
        holds!(self.flushing || outs <= bound, "I12", "{outs} outputs of one input: {:?}", self.outs);
        let waiting = status.waiting <= self.config.waiters_limit();
        holds!(waiting, "I12", "{} wait, {} may", status.waiting, self.config.waiters_limit());
    }

    /// I11: a stale report is as if it had never come. I24: so is a call that only says an earlier time.
    fn stale_changes_nothing(&self) {
        let stale = matches!(self.deed, Some((Input::Report(_), Answer::Verdict(pool_core::Verdict::Stale))));
        let idle = matches!(self.deed, Some((Input::Advance, _))) && self.before.now == self.after.now;
        if self.exact && (stale || idle) {
            let input = self.deed.map(|(input, _)| input);
            holds!(self.outs.is_empty(), "I11", "{input:?} is nothing new, and led to {:?}", self.outs);
            holds!(
                self.before.same(self.after),
                "I11",
                "{input:?} is nothing new, and changed {:?}",
                self.after
            );
        }
    }

    /// I30, and what a drained pool is.
    fn ending_is_right(&self, books: &mut Books, pool: &Pool) {
        if let Ending::ShutDown(_) = books.ending {
            // A grant that nobody has claimed when the grace ends is taken back.
            books.grants_are_void(self.after.now);
            holds!(books.waiting() == 0, "I30", "{} wait in a pool that was shut down", books.waiting());
        }
        if !books.refuses() {
            holds!(!pool.is_closed(), "I30", "closed, and nobody asked for it");
        } else if books.waiting() == 0 {
            for conn in self.after.conns.iter().filter(|conn| crate::view::is_open(conn)) {
                let leased = conn.in_use > 0;
                holds!(leased, "I30", "{} is {:?} in a pool that is on its way out", conn.id, conn.lifecycle);
            }
            let closed = self.after.status.total == 0;
            holds!(
                pool.is_closed() == closed && (self.after.status.phase == Phase::Closed) == closed,
                "I30",
                "closed is {}, total {}, the phase {:?}",
                pool.is_closed(),
                self.after.status.total,
                self.after.status.phase
            );
        }
        for action in self.outs {
            if let Action::Notice(Notice::LeaseAbandoned { conn }) = action {
                let due = matches!(books.ending, Ending::ShutDown(at) if at <= self.after.now);
                holds!(due, "I30", "the lease on {conn} was abandoned before the grace was over");
            }
        }
    }
}

/// The retry budget, recounted from the history (I40).
#[derive(Clone, Debug, Default)]
struct Budget {
    spent: u64,
    earned: u64,
    requests: Vec<Time>,
    retries: Vec<Time>,
}

impl Budget {
    fn judge(&mut self, step: &Step<'_>) {
        let now = step.after.now;
        match step.deed {
            Some((Input::Acquire(_), _)) => self.requests.push(now),
            Some((Input::Release(_, Outcome::Success), _)) => self.earned += 1,
            Some((Input::Retry(failure), Answer::Retry(pool_core::Retry::After(_)))) => {
                self.spent += if failure.class == FaultClass::Saturation { 5 } else { 14 };
                self.retries.push(now);
                // The core's window is ten buckets of a second: between nine and ten seconds long.
                let within = |at: &&Time| now.since(**at).as_secs() < 9;
                let (requests, retries) = (self.requests.iter().rev(), self.retries.iter().rev());
                let retries = retries.take_while(within).count();
                let requests = requests.take_while(|at| now.since(**at).as_secs() <= 11).count();
                holds!(retries <= requests / 5 + 100, "I40", "{retries} retries beside {requests} requests");
                let (spent, earned) = (self.spent, self.earned);
                holds!(spent <= 500 + earned, "I40", "retries for {spent} tokens, of 500 and {earned}");
            }
            _ => {}
        }
    }
}
