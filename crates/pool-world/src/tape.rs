//! The calls of a run, to be made again: to another pool, at another time, drained less often, with more calls between them.

use std::collections::BTreeMap;
use std::time::Duration;

use pool_core::{
    Acquire, Action, Claim, Config, Lease, Output, Patience, Pool, Request, Ticket, TicketId, Time, Wakeup,
};

use crate::input::{Answer, Input, Key};
use crate::view::View;

/// The calls of a run.
#[derive(Clone, Debug)]
pub struct Tape {
    /// What the pool is made from.
    pub config: Config,
    /// When it is made.
    pub start: Time,
    /// The calls and when they are made.
    pub inputs: Vec<(Time, Input)>,
}

/// Something that was heard when a tape was played; tickets are named by their acquires.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Heard {
    /// An answer to the call of that number.
    Answer(usize, Answer),
    /// An action other than a wake.
    Action(Action),
    /// A wake of the ticket of that acquire.
    Woke(Option<Key>),
    /// At rest until then, since the start; the reason, or the acquire whose patience it is.
    Rest(Option<(Duration, Result<Wakeup, Option<Key>>)>),
}

/// A player of tapes.
pub struct Player {
    /// The pool that is played to.
    pub pool: Pool,
    /// Whatever was heard.
    pub heard: Vec<Heard>,
    start: Time,
    tickets: BTreeMap<Key, Ticket>,
    names: BTreeMap<TicketId, Key>,
    leases: BTreeMap<Key, Lease>,
    acquires: Key,
}

impl Tape {
    /// An empty tape.
    pub fn new(config: Config, start: Time) -> Tape {
        Tape { config, start, inputs: Vec::new() }
    }

    /// Plays the tape, draining after every call.
    pub fn play(&self) -> Player {
        self.play_drained(|_| true)
    }

    /// Plays the tape, draining after the calls that `drained` names, and at the end (I32).
    pub fn play_drained(&self, drained: impl Fn(usize) -> bool) -> Player {
        let mut player = Player::new(self);
        for (n, &(now, input)) in self.inputs.iter().enumerate() {
            let answer = player.call(now, input);
            player.heard.push(Heard::Answer(n, answer));
            if drained(n) {
                player.drain();
            }
        }
        player.drain();
        player
    }

    /// The same calls, every instant moved by `delta` (I33).
    pub fn shifted(&self, delta: Duration) -> Tape {
        let inputs = self.inputs.iter().map(|&(now, input)| (now + delta, input.shifted(delta))).collect();
        Tape { config: self.config.clone(), start: self.start + delta, inputs }
    }
}

impl Player {
    /// A player with the tape's pool, before the first call.
    pub fn new(tape: &Tape) -> Player {
        let pool = Pool::new(tape.config.clone(), tape.start).expect("taped pools are valid");
        Player {
            pool,
            heard: Vec::new(),
            start: tape.start,
            tickets: BTreeMap::new(),
            names: BTreeMap::new(),
            leases: BTreeMap::new(),
            acquires: 0,
        }
    }

    /// Makes one call.
    pub fn call(&mut self, now: Time, input: Input) -> Answer {
        #[cfg(planted)]
        crate::planted::step();
        let pool = &mut self.pool;
        match input {
            Input::Acquire(request) => return self.acquire(now, request),
            Input::Claim(key) => return self.claim(now, key),
            Input::Cancel(key) => {
                if let Some(ticket) = self.tickets.remove(&key) {
                    pool.cancel(now, ticket);
                }
            }
            Input::Release(key, outcome) => {
                if let Some(lease) = self.leases.remove(&key) {
                    return Answer::Verdict(pool.release(now, lease, outcome));
                }
            }
            Input::Detach(key) => {
                if let Some(lease) = self.leases.remove(&key) {
                    return Answer::Verdict(pool.detach(now, lease));
                }
            }
            Input::Reject(key) => {
                if let Some(lease) = self.leases.remove(&key) {
                    return Answer::Verdict(pool.reject(now, lease));
                }
            }
            Input::Report(event) => return Answer::Verdict(pool.handle(now, event)),
            Input::Advance => pool.advance(now),
            Input::Resize(min, max) => pool.resize(now, min, max).expect("taped sizes are valid"),
            Input::Suspend => pool.suspend(now),
            Input::Resume => pool.resume(now),
            Input::Invalidate => pool.invalidate(now),
            Input::AddEndpoint(spec) => return Answer::Endpoint(pool.add_endpoint(now, spec)),
            Input::DrainEndpoint(id) => pool.drain_endpoint(now, id),
            Input::Drain => pool.drain(now),
            Input::Shutdown(grace) => pool.shutdown(now, grace),
            Input::Retry(failure) => return Answer::Retry(pool.retry(now, failure)),
        }
        Answer::Done
    }

    fn acquire(&mut self, now: Time, request: Request) -> Answer {
        let key = self.acquires;
        self.acquires += 1;
        match self.pool.acquire(now, request) {
            Ok(Acquire::Ready(lease)) => self.ready(key, lease),
            Ok(Acquire::Queued(ticket)) => {
                self.names.insert(ticket.id(), key);
                self.tickets.insert(key, ticket);
                Answer::Queued
            }
            Err(error) => self.failed(error),
        }
    }

    fn claim(&mut self, now: Time, key: Key) -> Answer {
        let Some(ticket) = self.tickets.remove(&key) else { return Answer::Done };
        match self.pool.claim(now, ticket) {
            Claim::Ready(lease) => self.ready(key, lease),
            Claim::Pending(ticket) => {
                self.tickets.insert(key, ticket);
                Answer::Pending
            }
            Claim::Failed(error) => self.failed(error),
        }
    }

    fn ready(&mut self, key: Key, lease: Lease) -> Answer {
        let conn = lease.conn();
        self.leases.insert(key, lease);
        Answer::Ready(conn)
    }

    /// The one instant in an answer is made relative, so that answers of shifted runs compare.
    fn failed(&self, mut error: pool_core::AcquireError) -> Answer {
        if let Some(cause) = &mut error.cause {
            cause.retry_at = Time::from_nanos(cause.retry_at.since(self.start).as_nanos() as u64);
        }
        Answer::Failed(error)
    }

    /// Hears what there is to hear.
    pub fn drain(&mut self) {
        loop {
            let heard = match self.pool.poll() {
                Output::Do(Action::Wake { ticket }) => Heard::Woke(self.names.get(&ticket).copied()),
                Output::Do(action) => Heard::Action(action),
                Output::Idle { until } => {
                    let rest = until.map(|until| {
                        let why = match until.why {
                            Wakeup::Waiter(ticket) => Err(self.names.get(&ticket).copied()),
                            why => Ok(why),
                        };
                        (until.at.since(self.start), why)
                    });
                    self.heard.push(Heard::Rest(rest));
                    return;
                }
            };
            self.heard.push(heard);
        }
    }

    /// An acquire that is not counted and a cancel of it, if that leads to no action; whether it did not (I15).
    pub fn come_and_go(&mut self, now: Time, request: Request) -> bool {
        let mut twin = self.pool.clone();
        twin.advance(now);
        while twin.poll_action().is_some() {}
        // A look at a stale connection files it as stale, which may decide which of several is asked later.
        let view = View::of(&twin);
        if view.conns.iter().any(|conn| view.grantable(conn) && !view.fresh(conn, None)) {
            return false;
        }
        let Ok(Acquire::Queued(ticket)) = twin.acquire(now, request) else { return false };
        twin.cancel(now, ticket);
        if twin.poll_action().is_some() {
            return false;
        }
        match self.pool.acquire(now, Request { patience: Patience::Configured, ..request }) {
            Ok(Acquire::Queued(ticket)) => self.pool.cancel(now, ticket),
            other => panic!("I31: queued by the twin, and by the pool {other:?}"),
        }
        true
    }

    /// Only what was asked of the driver and answered to the callers, without the rests.
    pub fn effects(&self) -> (Vec<Heard>, Vec<Heard>) {
        let answers = self.heard.iter().copied().filter(|heard| matches!(heard, Heard::Answer(..)));
        let actions =
            self.heard.iter().copied().filter(|heard| matches!(heard, Heard::Action(_) | Heard::Woke(_)));
        (answers.collect(), actions.collect())
    }

    /// The pool as it is at the end.
    pub fn view(&self) -> View {
        View::of(&self.pool)
    }
}
