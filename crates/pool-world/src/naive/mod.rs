//! The pool once more, in the plainest way: lists, scans, no heap, no ids of its own, no chance (I36).
//!
//! It knows size, the minimum, the queue with its classes and deadlines, the connect gate, connect and close timeouts, broken
//! connections, suspension, new generations and the two ways to end. It does not know lost connections and what they teach, freshness, probes, health,
//! lifetimes, idle expiry, several leases per connection, several endpoints and resizing: [`setup`] switches them off, and a
//! history for it leaves them out.
//!
//! Where the specification leaves a choice (which idle connection is granted, how long a backoff is), the naive pool takes
//! the core's, if it was a legal one. Everything else it works out itself, and compares output for output.

mod calls;

use pool_core::{Action, CloseReason, Config, ConnId, Priority, Time, WhenDown};

use crate::holds;
use crate::input::{Answer, Input, Key};
use crate::setup::Setup;
use crate::tape::{Heard, Player, Tape};
use crate::view::View;

/// `setup` with everything switched off that the naive pool does not know.
pub fn setup(setup: Setup) -> Setup {
    let (health, lifetime, stall, leak, faults) = (0, 0, 0, 0, u8::MAX);
    Setup { health, lifetime, stall, leak, faults, idle: u32::MAX, freshness: u32::MAX, ..setup }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Connecting,
    Idle,
    Leased,
    Closing,
}

#[derive(Clone, Copy, Debug)]
struct Conn {
    id: ConnId,
    state: State,
    /// When its connect or its close has had its time.
    due: Time,
    mark: Option<CloseReason>,
}

#[derive(Clone, Copy, Debug)]
struct Waiter {
    key: Key,
    class: Priority,
    deadline: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Not,
    Draining,
    Over,
}

/// What is to come out of a step, in no order.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outs {
    connects: usize,
    closes: Vec<(ConnId, CloseReason)>,
    forgets: Vec<ConnId>,
    wakes: Vec<Key>,
}

/// The naive pool.
#[derive(Debug)]
pub struct NaivePool {
    config: Config,
    now: Time,
    conns: Vec<Conn>,
    waiters: Vec<Waiter>,
    /// Who holds which connection, or was granted one that is not known yet.
    leases: Vec<(Key, Option<ConnId>)>,
    suspended: bool,
    ending: Ending,
    acquires: Key,
}

/// Plays a tape to the core and to the naive pool, and compares them after every call.
pub fn compare(tape: &Tape) {
    let mut player = Player::new(tape);
    let mut naive = NaivePool::new(&tape.config, tape.start);
    player.drain();
    naive.judge(Outs::default(), &player.heard, &player.view());
    for &(now, input) in &tape.inputs {
        player.heard.clear();
        let answer = player.call(now, input);
        player.drain();
        naive.step(now, input, answer, &player.heard, &player.view());
    }
}

impl NaivePool {
    fn new(config: &Config, now: Time) -> NaivePool {
        let (conns, waiters, leases) = (Vec::new(), Vec::new(), Vec::new());
        let (suspended, ending, config) = (false, Ending::Not, config.clone());
        NaivePool { config, now, conns, waiters, leases, suspended, ending, acquires: 0 }
    }

    fn count(&self, state: State) -> usize {
        self.conns.iter().filter(|conn| conn.state == state).count()
    }

    fn open(&self) -> usize {
        let usable = |conn: &&Conn| matches!(conn.state, State::Idle | State::Leased) && conn.mark.is_none();
        self.conns.iter().filter(usable).count()
    }

    fn conn(&mut self, id: ConnId) -> Option<&mut Conn> {
        self.conns.iter_mut().find(|conn| conn.id == id)
    }

    fn step(&mut self, now: Time, input: Input, answer: Answer, heard: &[Heard], core: &View) {
        let mut outs = Outs::default();
        self.fire(now, &mut outs);
        self.apply(input, answer, core, &mut outs);
        self.judge(outs, heard, core);
    }

    /// What was due is done. A close begins when the driver can hear of it: now, however late it is.
    fn fire(&mut self, now: Time, outs: &mut Outs) {
        self.now = self.now.max(now);
        let now = self.now;
        outs.wakes
            .extend(self.waiters.iter().filter(|waiter| waiter.deadline <= now).map(|waiter| waiter.key));
        self.waiters.retain(|waiter| waiter.deadline > now);
        for conn in self.conns.clone().into_iter().filter(|conn| conn.due <= now) {
            if conn.state == State::Closing {
                outs.forgets.push(conn.id);
                self.conns.retain(|other| other.id != conn.id);
            } else {
                self.close(conn.id, CloseReason::ConnectTimeout, outs);
            }
        }
    }

    fn close(&mut self, id: ConnId, reason: CloseReason, outs: &mut Outs) {
        let due = self.now + self.config.release_timeout;
        if let Some(conn) = self.conn(id) {
            (conn.state, conn.due) = (State::Closing, due);
            outs.closes.push((id, conn.mark.unwrap_or(reason)));
        }
    }

    /// To be closed: now, or when its lease ends.
    fn mark(&mut self, id: ConnId, reason: CloseReason, outs: &mut Outs) {
        match self.conn(id) {
            Some(conn) if conn.state == State::Leased => conn.mark = conn.mark.or(Some(reason)),
            Some(conn) if conn.state != State::Closing => self.close(id, reason, outs),
            Some(_) | None => {}
        }
    }

    fn mark_all(&mut self, reason: CloseReason, outs: &mut Outs) {
        for id in self.conns.iter().map(|conn| conn.id).collect::<Vec<_>>() {
            self.mark(id, reason, outs);
        }
    }

    fn is_down(&self, core: &View) -> bool {
        // While it is suspended, whoever comes waits.
        let dialable = self.suspended || core.ends.iter().any(|end| core.reachable(end));
        self.open() == 0 && self.count(State::Connecting) == 0 && !dialable
    }

    /// Settles, and compares with what the core did.
    fn judge(&mut self, mut outs: Outs, heard: &[Heard], core: &View) {
        let mut granted = 0;
        while !self.suspended && !self.waiters.is_empty() && granted < self.count(State::Idle) {
            let waiter = self.waiters.remove(0);
            outs.wakes.push(waiter.key);
            self.leases.push((waiter.key, None));
            granted += 1;
        }
        self.learn_grants(granted, core);
        self.dial(&mut outs, heard, core);
        if !self.waiters.is_empty() && self.config.when_down == WhenDown::Fail && self.is_down(core) {
            outs.wakes.extend(self.waiters.drain(..).map(|waiter| waiter.key));
        }
        if self.ending == Ending::Draining && self.waiters.is_empty() {
            self.ending = Ending::Over;
            self.mark_all(CloseReason::Shutdown, &mut outs);
        }
        let mut told = Outs::of(heard);
        outs.sort();
        told.sort();
        holds!(told == outs, "I36", "the core did {told:?}, the naive pool {outs:?}");
        let total = core.status.total as usize;
        holds!(total == self.conns.len(), "I36", "the core has {total}, the naive pool {:?}", self.conns);
        let waiting = core.status.waiting as usize;
        holds!(waiting == self.waiters.len(), "I36", "in the core {waiting} wait, here {:?}", self.waiters);
    }

    /// Which connections were granted, the core knows; to whom is told by the claim.
    fn learn_grants(&mut self, granted: usize, core: &View) {
        let in_use = |conn: &&mut Conn| core.conn(conn.id).is_some_and(|there| there.in_use > 0);
        let mut taken = Vec::new();
        for conn in self.conns.iter_mut().filter(|conn| conn.state == State::Idle).filter(in_use) {
            conn.state = State::Leased;
            taken.push(conn.id);
        }
        holds!(taken.len() == granted, "I36", "the core granted {taken:?}, the naive pool {granted}");
    }

    /// One after the other, as long as one more is wanted and allowed; their names are the core's.
    fn dial(&mut self, outs: &mut Outs, heard: &[Heard], core: &View) {
        let mut names = heard.iter().filter_map(|heard| match heard {
            Heard::Action(Action::Connect { conn, .. }) => Some(*conn),
            _ => None,
        });
        let end = &core.ends[0];
        let gate = if end.failures > 0 { 1 } else { self.config.connects_max as usize };
        let (min, max) = (self.config.min_connections as usize, self.config.max_connections as usize);
        while !self.suspended && self.ending != Ending::Over && core.reachable(end) && self.conns.len() < max
        {
            let connecting = self.count(State::Connecting);
            let lacking = self.ending == Ending::Not && self.open() + connecting < min;
            if connecting >= gate || !(lacking || self.waiters.len() > connecting) {
                break;
            }
            let Some(id) = names.next() else {
                panic!("I36: the core did not dial, connecting {connecting}")
            };
            let (state, due) = (State::Connecting, self.now + self.config.connection_timeout);
            self.conns.push(Conn { id, state, due, mark: None });
            outs.connects += 1;
        }
    }
}

impl Outs {
    fn of(heard: &[Heard]) -> Outs {
        let mut outs = Outs::default();
        for heard in heard {
            match heard {
                Heard::Action(Action::Connect { .. }) => outs.connects += 1,
                Heard::Action(Action::Close { conn, reason }) => outs.closes.push((*conn, *reason)),
                Heard::Action(Action::Forget { conn }) => outs.forgets.push(*conn),
                Heard::Action(Action::Probe { conn }) => panic!("I36: {conn} was probed"),
                Heard::Woke(key) => outs.wakes.extend(key),
                Heard::Action(Action::Wake { .. } | Action::Notice(_))
                | Heard::Answer(..)
                | Heard::Rest(_) => {}
            }
        }
        outs
    }

    fn sort(&mut self) {
        self.closes.sort_by_key(|close| close.0);
        self.forgets.sort();
        self.wakes.sort();
    }
}
