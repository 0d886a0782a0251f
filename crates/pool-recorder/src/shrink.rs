//! The shortest history that still shows it: delta debugging over the calls of a recording.
//!
//! Rule kept here: what is tried is always a run that could have been. A call left out changes the ids that later ones get, so each
//! call is made again with the names that *this* run gave: a ticket or lease is that of the acquire it came from, and a connection that
//! is reported on is, the first time, one of which such a report can be.
//!
//! Source: Zeller, Hildebrandt, "Simplifying and isolating failure-inducing input", IEEE TSE 28(2), 2002.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "most calls need no other name, and most answers hold nothing"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use pool_core::{
    Backoff, Call, Config, ConnId, Event, Image, LeaseId, Lifecycle, Patience, Pool, Record, RetryPolicy,
    TicketId, Time, WhenDown,
};

use crate::player::{Answer, Player};
use crate::recording::Recording;

/// Which request: the number of its acquire, or beyond all of them for one that was there before.
type Key = usize;

impl Recording {
    /// A short recording of which `shows` is still true; this one, if it is not even of a replay of all of it. It tries to begin with a
    /// new pool and to do without each call; then to begin at time zero, with whole milliseconds and the defaults of the settings.
    /// What comes out has no call that could be left out.
    ///
    /// `shows` is called some hundreds of times; a try in which the core panics ends with the call that did.
    pub fn shrink(&self, mut shows: impl FnMut(&Recording) -> bool) -> Recording {
        let names = Names::of(self);
        let all: Vec<usize> = (0..names.calls.len()).collect();
        let mut start = Start::Recorded(Box::new(self.first().clone()));
        let mut best = names.run(&start, &all, &|at| at);
        if !shows(&best) {
            return self.clone();
        }
        let former = self.first().pool();
        let anew = Start::New(Box::new(former.config().clone()), former.now());
        let from_new = names.run(&anew, &all, &|at| at);
        if shows(&from_new) {
            (start, best) = (anew, from_new);
        }
        let mut kept = all;
        kept = minimal(kept, |kept| {
            let tried = names.run(&start, kept, &|at| at);
            let shown = shows(&tried);
            if shown {
                best = tried;
            }
            shown
        });
        if let Start::New(config, epoch) = start {
            let from_zero = |at: Time| Time::from_nanos(at.since(epoch).as_nanos() as u64);
            let whole = |at: Time| Time::from_millis(from_zero(at).as_nanos().div_ceil(1_000_000));
            let mut config = *config;
            let clocks: [&dyn Fn(Time) -> Time; 2] = [&whole, &from_zero];
            for clock in clocks {
                let mut attempt = |config: &Config| {
                    let tried = names.run(&Start::New(Box::new(config.clone()), Time::ZERO), &kept, clock);
                    shows(&tried).then_some(tried)
                };
                if let Some(tried) = attempt(&config) {
                    best = tried;
                    for reset in SETTINGS {
                        let mut simpler = config.clone();
                        reset(&mut simpler);
                        if simpler.validate().is_ok()
                            && simpler != config
                            && let Some(tried) = attempt(&simpler)
                        {
                            (best, config) = (tried, simpler);
                        }
                    }
                    break;
                }
            }
        }
        best
    }
}

/// Each puts a setting back to its default.
const SETTINGS: [fn(&mut Config); 20] = [
    |config| config.min_connections = 0,
    |config| config.max_connections = 10,
    |config| config.acquire_timeout = Config::default().acquire_timeout,
    |config| config.release_timeout = Config::default().release_timeout,
    |config| config.health_check_interval = Config::default().health_check_interval,
    |config| config.max_idle_time = Config::default().max_idle_time,
    |config| config.connection_timeout = Config::default().connection_timeout,
    |config| config.retry = RetryPolicy::default(),
    |config| config.max_lifetime = Config::default().max_lifetime,
    |config| config.waiters_max = None,
    |config| config.connects_max = Config::default().connects_max,
    |config| config.backoff = Backoff::default(),
    |config| config.when_down = WhenDown::default(),
    |config| config.freshness = Config::default().freshness,
    |config| config.probe_timeout = Config::default().probe_timeout,
    |config| config.faults_max = Config::default().faults_max,
    |config| config.probe_failures_max = Config::default().probe_failures_max,
    |config| config.recovery_successes = Config::default().recovery_successes,
    |config| config.stall_after = Config::default().stall_after,
    |config| (config.leak_after, config.seed) = (None, 0),
];

/// Leaves out ever smaller pieces, until not one more can go.
fn minimal(mut kept: Vec<usize>, mut shows: impl FnMut(&[usize]) -> bool) -> Vec<usize> {
    let mut piece = kept.len().div_ceil(2);
    while piece > 0 {
        let (mut from, mut fewer) = (0, false);
        while from < kept.len() {
            let mut without = kept.clone();
            without.drain(from..(from + piece).min(kept.len()));
            if shows(&without) {
                (kept, fewer) = (without, true);
            } else {
                from += piece;
            }
        }
        piece = match piece {
            1 if fewer => 1,
            1 => 0,
            _ => piece / 2,
        };
    }
    kept
}

enum Start {
    Recorded(Box<Image>),
    New(Box<Config>, Time),
}

/// The calls of the original, and which request each of its tickets and leases was of.
struct Names {
    calls: Vec<(Time, Call)>,
    tickets: BTreeMap<TicketId, Key>,
    leases: BTreeMap<LeaseId, Key>,
}

/// What a request holds in the run at hand.
#[derive(Clone, Copy)]
enum Held {
    Ticket(TicketId),
    Lease(LeaseId),
}

impl Names {
    fn of(recording: &Recording) -> Names {
        let calls: Vec<_> = recording.calls().collect();
        let mut names = Names { calls, tickets: BTreeMap::new(), leases: BTreeMap::new() };
        let out = Player::new(recording.first());
        let beyond = names.calls.len()..;
        names.tickets.extend(out.tickets().zip(beyond.clone()));
        let beyond = names.calls.len() + names.tickets.len()..;
        names.leases.extend(out.leases().zip(beyond));
        let mut replay = recording.replay();
        // A recording of a panic is as good as any: what comes before it has its names.
        while let Ok(Some(step)) = catch_unwind(AssertUnwindSafe(|| replay.next())) {
            let key = match step.call {
                Call::Claim(ticket) => names.tickets.get(&ticket).copied(),
                _ => Some(step.number),
            };
            match (step.answer, key) {
                (Answer::Queued(ticket), Some(key)) => drop(names.tickets.insert(ticket, key)),
                (Answer::Ready(lease, _), Some(key)) => drop(names.leases.insert(lease, key)),
                _ => {}
            }
        }
        names
    }

    /// Makes the calls that are `kept`, as far as they have a meaning, with their times as `clock` says.
    fn run(&self, start: &Start, kept: &[usize], clock: &dyn Fn(Time) -> Time) -> Recording {
        let (first, held) = match start {
            Start::Recorded(image) => {
                let tickets = self.tickets.iter().map(|(&id, &key)| (key, Held::Ticket(id)));
                let leases = self.leases.iter().map(|(&id, &key)| (key, Held::Lease(id)));
                let before = |(key, _): &(Key, Held)| *key >= self.calls.len();
                (Image::clone(image), tickets.chain(leases).filter(before).collect())
            }
            Start::New(config, now) => {
                let pool = Pool::new(Config::clone(config), *now).expect("tried only when valid");
                (Image::of(&pool), BTreeMap::new())
            }
        };
        let mut player = Player::new(&first);
        player.drain();
        let conns: BTreeMap<_, _> = player.pool.connections().map(|conn| (conn.id, conn.id)).collect();
        let conns = if matches!(start, Start::New(..)) { BTreeMap::new() } else { conns };
        let mut run = Run { player, held, conns, records: Vec::new() };
        let whole = catch_unwind(AssertUnwindSafe(|| {
            for &number in kept {
                let (at, call) = self.calls[number];
                run.make(self, number, clock(at), moved(call, clock));
            }
        }));
        let last = whole.is_ok().then(|| Image::of(&run.player.pool));
        Recording::new(first, run.records, last)
    }
}

/// The call with every instant in it as the clock says.
fn moved(mut call: Call, clock: &dyn Fn(Time) -> Time) -> Call {
    match &mut call {
        Call::Acquire(request) => {
            if let Patience::Until(at) = &mut request.patience {
                *at = clock(*at);
            }
            request.proven_since = request.proven_since.map(clock);
        }
        Call::Retry(failure) => failure.deadline = clock(failure.deadline),
        Call::Shutdown(grace) => *grace = (*grace).min(Duration::from_secs(3600 * 24 * 365)),
        _ => {}
    }
    call
}

struct Run {
    player: Player,
    held: BTreeMap<Key, Held>,
    /// The connections of the original, as they are called here.
    conns: BTreeMap<ConnId, ConnId>,
    records: Vec<Record>,
}

impl Run {
    fn make(&mut self, names: &Names, number: usize, at: Time, call: Call) {
        match call {
            Call::Acquire(_) => self.hold(number, at, call),
            Call::Claim(ticket) => {
                let Some((key, Held::Ticket(ticket))) = self.of(names.tickets.get(&ticket)) else { return };
                self.hold(key, at, Call::Claim(ticket));
            }
            Call::Cancel(ticket) => {
                let Some((key, Held::Ticket(ticket))) = self.of(names.tickets.get(&ticket)) else { return };
                self.held.remove(&key);
                self.call(at, Call::Cancel(ticket));
            }
            Call::Release(lease, outcome) => {
                self.end(names, lease, at, |lease| Call::Release(lease, outcome));
            }
            Call::Reject(lease) => self.end(names, lease, at, Call::Reject),
            Call::Detach(lease) => self.end(names, lease, at, Call::Detach),
            Call::Handle(event) => {
                if let Some(event) = self.renamed(event) {
                    self.call(at, Call::Handle(event));
                }
            }
            Call::Advance
            | Call::Resize(..)
            | Call::Suspend
            | Call::Resume
            | Call::Invalidate
            | Call::AddEndpoint(_)
            | Call::DrainEndpoint(_)
            | Call::Drain
            | Call::Shutdown(_)
            | Call::Retry(_) => drop(self.call(at, call)),
        }
    }

    fn of(&self, key: Option<&Key>) -> Option<(Key, Held)> {
        let key = *key?;
        Some((key, *self.held.get(&key)?))
    }

    fn call(&mut self, at: Time, call: Call) -> Answer {
        // Before it is made: a call that panics is the last one of the recording.
        self.records.push(Record::of(at, call));
        let answer = self.player.call(at, call);
        self.player.drain();
        answer
    }

    fn hold(&mut self, key: Key, at: Time, call: Call) {
        match self.call(at, call) {
            Answer::Ready(lease, _) => drop(self.held.insert(key, Held::Lease(lease))),
            Answer::Queued(ticket) => drop(self.held.insert(key, Held::Ticket(ticket))),
            Answer::Pending => {}
            _ => drop(self.held.remove(&key)),
        }
    }

    /// A lease comes back; here its request may have had to wait, and claims it first.
    fn end(&mut self, names: &Names, lease: LeaseId, at: Time, end: impl Fn(LeaseId) -> Call) {
        if let Some((key, Held::Ticket(ticket))) = self.of(names.leases.get(&lease)) {
            self.hold(key, at, Call::Claim(ticket));
        }
        if let Some((key, Held::Lease(lease))) = self.of(names.leases.get(&lease)) {
            self.held.remove(&key);
            self.call(at, end(lease));
        }
    }

    /// The report, of a connection of this run.
    fn renamed(&mut self, event: Event) -> Option<Event> {
        let known = self.conns.get(&event.conn()).copied();
        let fits = |life: Lifecycle| match event {
            Event::Connected { .. } | Event::ConnectFailed { .. } => life == Lifecycle::Connecting,
            Event::Closed { .. } => life == Lifecycle::Closing,
            _ => matches!(life, Lifecycle::Idle | Lifecycle::Leased | Lifecycle::Probing),
        };
        let taken: BTreeSet<ConnId> = self.conns.values().copied().collect();
        let mut free =
            self.player.pool.connections().filter(|row| fits(row.lifecycle) && !taken.contains(&row.id));
        let conn = known.or_else(|| free.next().map(|row| row.id))?;
        drop(free);
        self.conns.insert(event.conn(), conn);
        Some(event.renamed(conn))
    }
}
