//! The words that stories are written in: a world in which the driver is prompt, and the peer does what the story says.
//!
//! Time passes deadline by deadline. Closes are confirmed at once; connects and probes end when the story says so.
//! Everything is judged by the oracle on the way.

use std::time::Duration;

use pool_core::{
    AcquireErrorKind, Action, CloseReason, Config, ConnId, Event, FaultClass, Notice, Outcome, Patience,
    Request, Reuse, Time,
};

use crate::books::{Fate, Stage};
use crate::history::START;
use crate::input::{Answer, Input, Key};
use crate::view::View;
use crate::world::World;

/// A story's world.
pub struct Script {
    /// The pool and the books.
    pub world: World,
    /// Everything that the pool asked for and told, in order.
    pub told: Vec<Action>,
}

impl Script {
    /// A pool without a minimum, unless the story wants one; the other settings are the defaults.
    pub fn new(change: impl FnOnce(&mut Config)) -> Script {
        let mut config =
            Config { min_connections: 0, health_check_interval: Duration::ZERO, ..Config::default() };
        change(&mut config);
        let mut script = Script { world: World::new(config, START), told: Vec::new() };
        script.listen();
        script
    }

    /// One call of the pool.
    pub fn feed(&mut self, input: Input) -> Answer {
        let answer = self.world.feed(input);
        self.listen();
        answer
    }

    fn listen(&mut self) {
        while let Some(action) = self.world.inbox.pop_front() {
            self.told.push(action);
            if let Action::Close { conn, .. } = action {
                self.world.feed(Input::Report(Event::Closed { conn }));
            }
        }
    }

    /// The pool as it is.
    pub fn view(&self) -> &View {
        self.world.view()
    }

    /// The story's clock.
    pub fn now(&self) -> Time {
        self.world.clock
    }

    /// Time passes, deadline by deadline.
    pub fn wait(&mut self, time: Duration) {
        let end = self.world.clock + time;
        while let Some(until) = self.world.until.filter(|until| until.at <= end) {
            self.world.clock = until.at;
            self.feed(Input::Advance);
        }
        self.jump(end.since(self.world.clock));
    }

    /// Milliseconds pass.
    pub fn wait_ms(&mut self, ms: u64) {
        self.wait(Duration::from_millis(ms));
    }

    /// Time passes while everybody sleeps.
    pub fn jump(&mut self, time: Duration) {
        self.world.clock = self.world.clock + time;
        self.feed(Input::Advance);
    }

    /// A caller comes and waits, as configured, if it has to.
    pub fn acquire(&mut self) -> Key {
        self.ask(Request::default()).0
    }

    /// A caller comes with a wish.
    pub fn ask(&mut self, request: Request) -> (Key, Answer) {
        let key = self.world.next_key();
        (key, self.feed(Input::Acquire(request)))
    }

    /// A caller comes, will not wait, and is refused for that reason or served.
    pub fn refusal(&mut self) -> Option<AcquireErrorKind> {
        match self.ask(Request { patience: Patience::None, ..Request::default() }).1 {
            Answer::Failed(error) => Some(error.kind),
            _ => None,
        }
    }

    /// Whether that caller holds a lease now; it claims if it was woken.
    pub fn served(&mut self, key: Key) -> bool {
        self.claim(key);
        self.conn_of(key).is_some()
    }

    /// The reason that caller was given for not being served.
    pub fn error_of(&mut self, key: Key) -> Option<AcquireErrorKind> {
        match self.claim(key) {
            Answer::Failed(error) => Some(error.kind),
            _ => None,
        }
    }

    fn claim(&mut self, key: Key) -> Answer {
        let woken = |waiter: &crate::books::Waiter| waiter.key == key && waiter.fate != Fate::Waiting;
        if self.world.books.waiters.iter().any(woken) { self.feed(Input::Claim(key)) } else { Answer::Done }
    }

    /// The connection that the caller's lease is on.
    pub fn conn_of(&self, key: Key) -> Option<ConnId> {
        self.world.books.tenants.iter().find(|tenant| tenant.key == key).map(|tenant| tenant.lease.conn())
    }

    /// A caller's lease ends.
    pub fn release(&mut self, key: Key, outcome: Outcome) {
        self.feed(Input::Release(key, outcome));
    }

    /// A caller's work is done, and was well.
    pub fn done(&mut self, key: Key) {
        self.release(key, Outcome::Success);
    }

    /// A caller comes, is served, at once or after a connect, and holds its lease.
    pub fn lease(&mut self) -> Key {
        let key = self.acquire();
        if !self.served(key) {
            self.open(1);
        }
        assert!(self.served(key), "acquire {key} was not served: {:?}", self.view().status);
        key
    }

    /// Connects under way.
    pub fn dialling(&self) -> Vec<ConnId> {
        let dialling = self.world.books.links.iter().filter(|link| link.stage == Stage::Dialling);
        dialling.map(|link| link.id).collect()
    }

    /// So many connects succeed, one after the other; each may cause the next.
    pub fn open(&mut self, count: usize) {
        self.open_for(count, 1);
    }

    /// The same, and each connection carries so many leases.
    pub fn open_for(&mut self, count: usize, leases_max: u32) {
        for _ in 0..count {
            let conn = self.dialling()[0];
            self.feed(Input::Report(Event::Connected { conn, leases_max }));
        }
    }

    /// The oldest connect fails.
    pub fn refuse(&mut self) {
        let conn = self.dialling()[0];
        self.feed(Input::Report(Event::ConnectFailed { conn, class: FaultClass::Endpoint }));
    }

    /// Probes under way.
    pub fn asked(&self) -> Vec<ConnId> {
        self.world.books.links.iter().filter(|link| link.probing.is_some()).map(|link| link.id).collect()
    }

    /// Time passes, deadline by deadline, until a probe is under way; how long that took.
    pub fn wait_for_probe(&mut self) -> Duration {
        let start = self.now();
        while self.asked().is_empty() {
            assert!(self.world.until.is_some(), "nobody will ever be asked: {:?}", self.view());
            self.world.tick();
            self.listen();
        }
        self.now().since(start)
    }

    /// Every probe under way is answered.
    pub fn answer(&mut self) {
        for conn in self.asked() {
            self.feed(Input::Report(Event::Probed { conn }));
        }
    }

    /// Every probe under way fails.
    pub fn no_answer(&mut self) {
        for conn in self.asked() {
            self.feed(Input::Report(Event::ProbeFailed {
                conn,
                class: FaultClass::Connection,
                reuse: Reuse::Keep,
            }));
        }
    }

    /// The transport notices something.
    pub fn report(&mut self, event: Event) {
        self.feed(Input::Report(event));
    }

    /// How many connects there were.
    pub fn dialled(&self) -> usize {
        self.told.iter().filter(|action| matches!(action, Action::Connect { .. })).count()
    }

    /// How many probes there were.
    pub fn probed(&self) -> usize {
        self.told.iter().filter(|action| matches!(action, Action::Probe { .. })).count()
    }

    /// How many connections were closed for that reason.
    pub fn closed(&self, reason: CloseReason) -> u64 {
        self.world.pool().stats().closed_for(reason)
    }

    /// What was told.
    pub fn notices(&self) -> Vec<Notice> {
        self.told
            .iter()
            .filter_map(|action| if let Action::Notice(notice) = action { Some(*notice) } else { None })
            .collect()
    }
}
