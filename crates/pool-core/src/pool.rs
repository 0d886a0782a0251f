//! The pool: its whole state, in one place, and the clock's way in.
//!
//! Every input does the same four things: it takes the time ([`Pool::tick`], which fires what is due), applies itself, lets the
//! state-triggered rules settle (`settle.rs`), and leaves its actions for [`Pool::poll`].

use alloc::collections::VecDeque;

use crate::arena::Arena;
use crate::config::{Config, ConfigError};
use crate::conn::{Conn, Kept, LeaseRecord, OnShelf, Shelf};
use crate::endpoint::Endpoint;
use crate::id::{ConnId, EndpointId, LeaseId, TicketId};
use crate::input::EndpointSpec;
use crate::list::List;
use crate::output::{Action, Notice, Output};
use crate::rest::Rest;
use crate::retry::{Budget, Failure, Retry, StopReason};
use crate::rng::Rng;
#[cfg(target_pointer_width = "64")]
use crate::row::Row;
use crate::shrink::Shrink;
use crate::state::Lifecycle;
use crate::stats::Stats;
use crate::time::{Span, Time};
use crate::timers::Timers;
use crate::waiter::{Queue, Waiter};

/// What the pool as a whole is at; `Suspended` is beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) enum Mode {
    /// The minimum has not been reached yet.
    Starting,
    Running,
    /// No new callers; those that wait are served.
    Draining,
    /// No callers at all; leases come back until the grace ends.
    Closing,
}

/// The latest time that the pool will take for the present: no deadline of the configuration is as much as 100 years ahead, so each
/// is later than the moment at which the wait for it begins.
pub(crate) const LATEST: Time = Time::MAX.before(core::time::Duration::from_secs(100 * 365 * 24 * 3600));

/// A connection pool. See the [crate's documentation](crate) for the three rules of its use.
///
/// Its fields are in the order of who writes them, by lines of the cache, so that a use takes few of them from core to core. The lines are
/// those of a pool that is behind a lock of one word, in whose line it begins: whoever has come by the lock has what every input writes.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct Pool {
    /// With the head of the timers: what every input writes.
    pub(crate) now: Time,
    /// What the last input has left.
    pub(crate) rest: Rest,
    pub(crate) mode: Mode,
    pub(crate) suspended: bool,
    /// Endpoints whose last connect failed.
    pub(crate) failing: u32,
    /// The first of the actions, if it is to wake this one: by itself, since that is what most of them are.
    pub(crate) woken: Option<TicketId>,
    pub(crate) timers: Timers,
    /// From here on: what a use reads.
    pub(crate) conns: Arena<ConnId, Conn>,
    /// The last instant of retirement that was given out.
    pub(crate) last_retirement: Time,
    /// With the end of this and the queue but for its last class: what waiting writes.
    pub(crate) tickets: Arena<TicketId, Waiter>,
    pub(crate) queue: Queue,
    pub(crate) endpoints: Arena<EndpointId, Endpoint>,
    pub(crate) shrink: Shrink,
    /// With the end of the leases and the first of the shelves: what being idle writes.
    pub(crate) counts: Counts,
    pub(crate) leases: Arena<LeaseId, LeaseRecord>,
    pub(crate) shelves: Shelves,
    pub(crate) actions: VecDeque<Action>,
    pub(crate) rng: Rng,
    /// With the end of its window and the head of the statistics: what every use counts.
    pub(crate) budget: Budget,
    pub(crate) stats: Stats,
    /// Connections that have been idle for as long as they may, and were kept: for the minimum, or because somebody waited.
    pub(crate) kept: List<ConnId, Kept>,
    /// The configuration's `max_idle_time`.
    pub(crate) idle_limit: Span,
    pub(crate) generation: u32,
    pub(crate) config: Config,
}

/// A line that is out of its place costs no more than time, and only where pointers are as wide as this.
#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::{offset_of, size_of};
    /// What stands before the pool in its first line: the lock that it is behind.
    const LOCK: usize = 8;
    assert!(LOCK + offset_of!(Pool, timers) + size_of::<Row>() == 64);
    assert!(LOCK + offset_of!(Pool, queue) == 4 * 64 + 8);
    assert!(LOCK + offset_of!(Pool, counts) == 7 * 64 && LOCK + offset_of!(Pool, shelves) == 8 * 64 + 24);
    assert!(LOCK + offset_of!(Pool, stats) == 12 * 64 + 16);
    assert!(offset_of!(Pool, budget) + size_of::<Budget>() == offset_of!(Pool, stats));
};

/// The lists of `Shelf`, by their names.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Shelves([List<ConnId, OnShelf>; 4]);

impl core::ops::Index<Shelf> for Shelves {
    type Output = List<ConnId, OnShelf>;

    fn index(&self, shelf: Shelf) -> &Self::Output {
        &self.0[shelf as usize]
    }
}

impl core::ops::IndexMut<Shelf> for Shelves {
    fn index_mut(&mut self, shelf: Shelf) -> &mut Self::Output {
        &mut self.0[shelf as usize]
    }
}

/// Connections by what they are; kept in `lifecycle.rs` only, and equal to a recount at all times (I3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub(crate) struct Counts {
    /// By `Lifecycle`.
    pub(crate) life: [u32; 6],
    /// Open ones by `Health`.
    pub(crate) health: [u32; 5],
    /// Open, unmarked and not unhealthy.
    pub(crate) serving: u32,
    /// Serving and not about to retire.
    pub(crate) usable: u32,
    /// Probes under way.
    pub(crate) probes: u32,
}

impl Pool {
    /// A pool with one endpoint. It asks for its first connects at once.
    ///
    /// # Errors
    ///
    /// Every setting that is out of its range.
    pub fn new(config: Config, now: Time) -> Result<Pool, ConfigError> {
        config.validate()?;
        let mut pool = Pool::bare(config, now.min(LATEST));
        pool.add_endpoint(now, EndpointSpec::default());
        Ok(pool)
    }

    /// A pool without an endpoint.
    pub(crate) fn bare(config: Config, now: Time) -> Pool {
        Pool {
            now,
            mode: Mode::Starting,
            suspended: false,
            generation: 0,
            endpoints: Arena::new(),
            conns: Arena::new(),
            leases: Arena::new(),
            tickets: Arena::new(),
            queue: Queue::new(),
            shelves: Shelves([const { List::new() }; 4]),
            kept: List::new(),
            counts: Counts::default(),
            failing: 0,
            timers: Timers::new(),
            idle_limit: Span::of(config.max_idle_time),
            rest: Rest::Unknown,
            shrink: Shrink::new(),
            budget: Budget::new(now),
            rng: Rng::new(config.seed),
            last_retirement: Time::ZERO,
            woken: None,
            actions: VecDeque::with_capacity(32),
            stats: Stats::default(),
            config,
        }
    }

    /// The time of the last input.
    pub fn now(&self) -> Time {
        self.now
    }

    /// The configuration in force.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Tells the pool the time. To be called at the deadline that [`Pool::poll`] gave; any other time is harmless.
    pub fn advance(&mut self, now: Time) {
        self.tick(now);
        self.settle();
    }

    /// Whether, and after which wait, a failed request is tried again. The wait and the budget are the pool's.
    pub fn retry(&mut self, now: Time, failure: Failure) -> Retry {
        self.tick(now);
        let retry =
            crate::retry::decide(&self.config.retry, &mut self.budget, &mut self.rng, self.now, &failure);
        match retry {
            Retry::After(_) => self.stats.retries += 1,
            Retry::Stop(StopReason::Budget) => self.stats.retries_refused += 1,
            Retry::Stop(_) => {}
        }
        self.settle();
        retry
    }

    /// The next action, or the instant at which the pool wants to be woken. Any number of inputs may come before it.
    pub fn poll(&mut self) -> Output {
        match self.poll_action() {
            Some(action) => Output::Do(action),
            None => Output::Idle { until: self.next_deadline() },
        }
    }

    /// The next action, if there is one: [`Pool::poll`] without looking up the deadline.
    #[inline]
    pub fn poll_action(&mut self) -> Option<Action> {
        match self.poll_wake() {
            Some(ticket) => Some(Action::Wake { ticket }),
            None => self.actions.pop_front(),
        }
    }

    /// The next action, if it is an [`Action::Wake`] that a release has led to: whom to wake. [`Pool::poll_action`] gives it as well.
    #[inline]
    pub fn poll_wake(&mut self) -> Option<TicketId> {
        // Nothing is written where nothing is to be done.
        if self.woken.is_none() { None } else { self.woken.take() }
    }

    /// Leaves the action to wake a ticket's task.
    #[inline]
    pub(crate) fn wake(&mut self, ticket: TicketId) {
        if self.has_actions() {
            self.actions.push_back(Action::Wake { ticket });
        } else {
            self.woken = Some(ticket);
        }
    }

    /// Whether there is an action to take.
    #[inline]
    pub fn has_actions(&self) -> bool {
        self.woken.is_some() || !self.actions.is_empty()
    }

    /// An instant not later than the next deadline ([`Time::MAX`]: there is none), in constant time. A driver that sleeps until
    /// no later than this has nothing to change.
    #[inline]
    pub fn wake_by(&self) -> Time {
        self.timers.first_at()
    }

    /// The time that an input of `now` comes at.
    #[inline]
    pub(crate) fn at(&self, now: Time) -> Time {
        self.now.max(now.min(LATEST))
    }

    /// Takes the time: never backwards, and everything that is due fires, in the order of its instants.
    #[inline]
    pub(crate) fn tick(&mut self, now: Time) {
        self.now = self.at(now);
        if self.wake_by() <= self.now {
            self.fire_due();
        }
    }

    #[cold]
    fn fire_due(&mut self) {
        self.rest = self.rest.disturbed();
        while self.wake_by() <= self.now {
            let Some((at, key)) = self.timers.first() else { break };
            self.fire(at, key);
        }
    }

    pub(crate) fn notice(&mut self, notice: Notice) {
        self.actions.push_back(Action::Notice(notice));
    }

    /// Connections that count: connecting, open and closing.
    pub(crate) fn total(&self) -> u32 {
        self.conns.len()
    }

    /// Open connections without a lease.
    pub(crate) const fn unused(&self) -> u32 {
        self.counts.life[Lifecycle::Idle as usize] + self.counts.life[Lifecycle::Probing as usize]
    }

    pub(crate) const fn is_ending(&self) -> bool {
        matches!(self.mode, Mode::Draining | Mode::Closing)
    }

    /// The minimum in force: a pool that ends keeps nothing up.
    pub(crate) const fn min(&self) -> u32 {
        if self.is_ending() { 0 } else { self.config.min_connections }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Acquire, Claim, Patience, Request};

    #[test]
    fn at_the_end_of_time_deadlines_are_still_ahead_i20() {
        let mut pool = Pool::new(Config::default(), Time::ZERO).unwrap();
        pool.advance(Time::MAX);
        let Ok(Acquire::Queued(ticket)) = pool.acquire(Time::MAX, Request::default()) else {
            panic!("nothing is open")
        };
        assert!(pool.wake_by() > pool.now());
        assert!(matches!(pool.claim(Time::MAX, ticket), Claim::Pending(_)));
    }

    #[test]
    fn a_patience_without_end_is_no_deadline_i23() {
        let config = Config { min_connections: 0, ..Config::default() };
        let mut pool = Pool::new(config, Time::ZERO).unwrap();
        pool.suspend(Time::ZERO);
        let request = Request { patience: Patience::Until(Time::MAX), ..Request::default() };
        assert!(matches!(pool.acquire(Time::ZERO, request), Ok(Acquire::Queued(_))));
        assert_eq!(pool.poll(), Output::Idle { until: None });
    }
}
