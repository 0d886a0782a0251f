//! A pool, the books of whoever uses it, and the oracle over both.
//!
//! Every step: one call of the pool, a drain of its outputs (unless they are held back), then `check()` for what must
//! hold of the state and the oracle for what must hold of the history. The first violation panics with its number.

use std::collections::VecDeque;
use std::time::Duration;

use pool_core::{
    Acquire, Action, Claim, Config, Deadline, EndpointId, EndpointSpec, Event, Lease, Output, Patience, Pool, Request,
    Time, Verdict,
};

use crate::books::{Books, Ending, Fate, Link, Stage, Waiter};
use crate::holds;
use crate::input::{Answer, Input, Key};
use crate::oracle::{Memory, Reach, Step};
use crate::tape::Tape;
use crate::view::View;

/// A pool under judgement.
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
        // A step is exact when the oracle knew everything just before it: nothing held back, no timer overdue.
        let exact = !self.held && self.pool.now() >= self.clock;
        if let Some(tape) = &mut self.tape {
            tape.inputs.push((self.clock, input));
        }
        let answer = self.call(input);
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

    fn call(&mut self, input: Input) -> Answer {
        let now = self.clock;
        match input {
            Input::Acquire(request) => return self.acquire(request),
            Input::Claim(key) => return self.claim(key),
            Input::Cancel(key) => {
                if let Some(waiter) = self.books.take_waiter(key) {
                    self.books.unqueue(waiter.ticket.id());
                    self.pool.cancel(now, waiter.ticket);
                }
            }
            Input::Release(key, outcome) => {
                if let Some(tenant) = self.books.take_tenant(key) {
                    let over = self.books.grace_is_over(now);
                    let verdict = self.pool.release(now, tenant.lease, outcome);
                    return returned(verdict, tenant.abandoned, over);
                }
            }
            Input::Detach(key) => {
                if let Some(tenant) = self.books.take_tenant(key) {
                    let over = self.books.grace_is_over(now);
                    let conn = tenant.lease.conn();
                    let verdict = self.pool.detach(now, tenant.lease);
                    if self.pool.connections().all(|other| other.id != conn) && verdict == Verdict::Accepted {
                        self.books.gone(conn);
                    }
                    return returned(verdict, tenant.abandoned, over);
                }
            }
            Input::Report(event) => return Answer::Verdict(self.report(event)),
            Input::Advance => self.pool.advance(now),
            Input::Resize(min, max) => self.pool.resize(now, min, max).expect("engines resize within the limits"),
            Input::Suspend | Input::Resume => {
                let suspended = input == Input::Suspend;
                if suspended { self.pool.suspend(now) } else { self.pool.resume(now) }
                self.memory.suspended = suspended;
            }
            Input::Invalidate => self.pool.invalidate(now),
            Input::AddEndpoint(spec) => {
                let id = self.pool.add_endpoint(now, spec);
                self.books.endpoints.push((id, spec.priority));
                return Answer::Endpoint(id);
            }
            Input::DrainEndpoint(id) => self.pool.drain_endpoint(now, id),
            Input::Drain => {
                self.pool.drain(now);
                // Who still waits is to be served: the end lifts a suspension.
                self.memory.suspended &= self.books.refuses();
                if self.books.ending == Ending::Not {
                    self.books.ending = Ending::Draining;
                }
            }
            Input::Shutdown(grace) => {
                self.pool.shutdown(now, grace);
                self.memory.suspended = false;
                let end = match self.books.ending {
                    Ending::ShutDown(earlier) => earlier.min(now + grace),
                    Ending::Not | Ending::Draining => now + grace,
                };
                self.books.ending = Ending::ShutDown(end);
            }
            Input::Retry(failure) => return Answer::Retry(self.pool.retry(now, failure)),
        }
        Answer::Done
    }

    fn acquire(&mut self, request: Request) -> Answer {
        let (now, key) = (self.clock, self.acquires);
        self.acquires += 1;
        match self.pool.acquire(now, request) {
            Ok(Acquire::Ready(lease)) => self.ready(lease, key, now),
            Ok(Acquire::Queued(ticket)) => {
                let deadline = match request.patience {
                    Patience::Configured => now.max(self.pool.now()) + self.config.acquire_timeout,
                    Patience::Until(at) => at,
                    Patience::None => panic!("I6: a caller that would not wait was queued"),
                };
                let (class, proven_since) = (request.priority, request.proven_since);
                let (fate, since) = (Fate::Waiting, self.pool.now());
                let waiter = Waiter { ticket, key, class, since, deadline, proven_since, fate, granted_at: since };
                self.books.queued(waiter, request.place == pool_core::Place::Front);
                Answer::Queued
            }
            Err(error) => Answer::Failed(error),
        }
    }

    fn ready(&mut self, lease: Lease, key: Key, since: Time) -> Answer {
        let conn = lease.conn();
        self.books.leased(lease, key, since);
        Answer::Ready(conn)
    }

    fn claim(&mut self, key: Key) -> Answer {
        let now = self.clock;
        self.books.grants_are_void(now);
        let Some(waiter) = self.books.take_waiter(key) else { return Answer::Done };
        let (fate, since, granted_at) = (waiter.fate, waiter.since, waiter.granted_at);
        // Its own call may be what tells the pool that its time is over.
        let overdue = waiter.deadline <= now;
        let surprise = self.held || (fate == Fate::Waiting && overdue) || fate == Fate::Unknown;
        let id = waiter.ticket.id();
        match self.pool.claim(now, waiter.ticket) {
            Claim::Ready(lease) => {
                holds!(fate == Fate::Granted || surprise, "I7", "a lease for acquire {key}, whose fate was {fate:?}");
                self.books.unqueue(id);
                let since = if surprise { self.pool.now() } else { granted_at };
                self.ready(lease, key, since)
            }
            Claim::Pending(ticket) => {
                holds!(fate == Fate::Waiting, "I6", "acquire {key} is pending, though its fate was {fate:?}");
                holds!(!overdue, "I19", "acquire {key} is pending past its deadline");
                self.books.put_waiter(Waiter { ticket, ..waiter });
                Answer::Pending
            }
            Claim::Failed(error) => {
                self.books.unqueue(id);
                holds!(fate != Fate::Granted, "I6", "acquire {key} was granted, then failed: {error}");
                holds!(fate != Fate::Waiting || surprise, "I7", "acquire {key} failed and was not woken: {error}");
                let timeout = fate == Fate::TimedOut;
                holds!(!timeout || error.is_timeout(), "I6", "acquire {key} has timed out and hears: {error}");
                let waited = error.waited <= self.pool.now().since(since);
                holds!(waited, "I24", "acquire {key} has waited {:?}", error.waited);
                Answer::Failed(error)
            }
        }
    }

    fn report(&mut self, event: Event) -> Verdict {
        let verdict = self.pool.handle(self.clock, event);
        let conn = event.conn();
        let Some(link) = self.books.link_mut(conn) else {
            holds!(self.held || verdict == Verdict::Stale, "I11", "{event:?} about a connection that is gone");
            return verdict;
        };
        let stage = link.stage;
        let expected = match event {
            Event::Connected { .. } => stage == Stage::Dialling,
            Event::ConnectFailed { .. } => stage == Stage::Dialling,
            Event::Probed { .. } | Event::ProbeFailed { .. } => link.probing.is_some(),
            Event::Closed { .. } => stage == Stage::Closing,
            Event::Lost { .. } | Event::Retiring { .. } if stage == Stage::Open => true,
            _ => verdict == Verdict::Accepted,
        };
        let known = if expected { Verdict::Accepted } else { Verdict::Stale };
        let timely = self.pool.now() == self.after.now && !self.held;
        holds!(!timely || verdict == known, "I11", "{event:?} is {verdict:?} while {stage:?}");
        if verdict == Verdict::Accepted {
            match event {
                Event::Connected { .. } => link.stage = Stage::Open,
                Event::ConnectFailed { .. } | Event::Closed { .. } => self.books.gone(conn),
                Event::Probed { .. } | Event::ProbeFailed { .. } => {
                    (link.probing, link.probed) = (None, self.pool.now());
                }
                _ => {}
            }
        }
        verdict
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
        if let Err(problem) = self.pool.check() {
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
        holds!(self.pool.poll() == Output::Idle { until: self.until }, "I24", "until changed between two polls");
        let (until, wake_by) = (self.until.map_or(Time::MAX, |until| until.at), self.pool.wake_by());
        holds!(wake_by <= until, "I21", "wake_by {wake_by:?} is later than until {until:?}");
    }

    /// The endpoints there are, by the order of their making.
    pub fn endpoint(&self, nth: usize) -> EndpointId {
        self.books.endpoints[nth % self.books.endpoints.len()].0
    }
}

/// A lease is known until the grace of a shutdown is over; the notice of that may still be in the core.
fn returned(verdict: Verdict, abandoned: bool, over: bool) -> Answer {
    let stale = verdict == Verdict::Stale;
    holds!(stale || !abandoned, "I11", "an abandoned lease came back {verdict:?}");
    holds!(!stale || over, "I11", "a lease came back {verdict:?}, abandoned {abandoned}");
    Answer::Verdict(verdict)
}
