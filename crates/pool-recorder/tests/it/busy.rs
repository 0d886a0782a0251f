//! A pool that is kept busy by callers and a driver that a seed makes up, with a ring that is told of every call.

use pool_recorder::Ring;
use pool_recorder::pool_core::{
    Acquire, Action, Call, Claim, Config, Event, FaultClass, Lease, Outcome, Pool, Request, Reuse, Ticket,
    Time,
};

pub(crate) struct Busy {
    pub(crate) pool: Pool,
    pub(crate) ring: Ring,
    /// What the live pool asked for, in its order.
    pub(crate) asked: Vec<Action>,
    now: Time,
    chance: u64,
    todo: Vec<Action>,
    tickets: Vec<Ticket>,
    leases: Vec<Lease>,
}

impl Busy {
    pub(crate) fn new(config: Config, events: usize, seed: u64) -> Busy {
        Busy {
            pool: Pool::new(config, Time::from_nanos(123_456_789)).unwrap(),
            ring: Ring::new(events),
            asked: Vec::new(),
            now: Time::from_nanos(123_456_789),
            chance: seed,
            todo: Vec::new(),
            tickets: Vec::new(),
            leases: Vec::new(),
        }
    }

    /// A small pool whose server fails now and then, after so many calls.
    pub(crate) fn after(calls: usize, events: usize, seed: u64) -> Busy {
        let config = Config { min_connections: 1, max_connections: 3, ..Config::default() };
        let mut busy = Busy::new(config, events, seed);
        while busy.calls() < calls {
            busy.go_on();
        }
        busy
    }

    fn calls(&self) -> usize {
        self.pool.stats().acquires as usize
    }

    /// Linear congruential, high bits: nothing is asked of it but to be different.
    fn draw(&mut self, below: usize) -> usize {
        self.chance =
            self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.chance >> 33) as usize) % below
    }

    fn note(&mut self, call: Call) -> Time {
        self.ring.note(&self.pool, self.now, call);
        self.now
    }

    pub(crate) fn go_on(&mut self) {
        self.now = self.now + std::time::Duration::from_micros(self.draw(40_000) as u64);
        match self.draw(20) {
            0..4 => self.come(),
            4..5 if !self.tickets.is_empty() => {
                let nth = self.draw(self.tickets.len());
                self.claim(nth);
            }
            5..10 if !self.leases.is_empty() => self.give_back(),
            10..19 if !self.todo.is_empty() => self.perform(),
            _ => {
                let now = self.note(Call::Advance);
                self.pool.advance(now);
            }
        }
        // Taken late as often as not: that changes nothing.
        if self.draw(2) == 0 {
            while let Some(action) = self.pool.poll_action() {
                self.asked.push(action);
                self.todo.push(action);
            }
        }
    }

    fn come(&mut self) {
        let request = Request::default();
        let now = self.note(Call::Acquire(request));
        match self.pool.acquire(now, request) {
            Ok(Acquire::Ready(lease)) => self.leases.push(lease),
            Ok(Acquire::Queued(ticket)) => self.tickets.push(ticket),
            Err(_) => {}
        }
    }

    fn claim(&mut self, nth: usize) {
        let ticket = self.tickets.swap_remove(nth);
        let gives_up = self.draw(12) == 0;
        let id = ticket.id();
        if gives_up {
            let now = self.note(Call::Cancel(id));
            return self.pool.cancel(now, ticket);
        }
        let now = self.note(Call::Claim(id));
        match self.pool.claim(now, ticket) {
            Claim::Ready(lease) => self.leases.push(lease),
            Claim::Pending(ticket) => self.tickets.push(ticket),
            Claim::Failed(_) => {}
        }
    }

    fn give_back(&mut self) {
        let nth = self.draw(self.leases.len());
        let lease = self.leases.swap_remove(nth);
        let outcome = match self.draw(6) {
            0 => Outcome::BROKEN,
            1 => Outcome::fault(FaultClass::Application),
            2 => Outcome::Returned,
            _ => Outcome::Success,
        };
        let now = self.note(Call::Release(lease.id(), outcome));
        let _ = self.pool.release(now, lease, outcome);
    }

    fn perform(&mut self) {
        let nth = self.draw(self.todo.len());
        let well = self.draw(5) > 0;
        let event = match self.todo.swap_remove(nth) {
            Action::Connect { conn, .. } if well => Event::Connected { conn, leases_max: 1 },
            Action::Connect { conn, .. } => Event::ConnectFailed { conn, class: FaultClass::Endpoint },
            Action::Probe { conn } if well => Event::Probed { conn },
            Action::Probe { conn } => {
                Event::ProbeFailed { conn, class: FaultClass::Connection, reuse: Reuse::Keep }
            }
            Action::Close { conn, .. } => Event::Closed { conn },
            Action::Wake { ticket } => {
                let woken = self.tickets.iter().position(|held| held.id() == ticket);
                return woken.into_iter().for_each(|nth| self.claim(nth));
            }
            Action::Forget { .. } | Action::Notice(_) => return,
        };
        let now = self.note(Call::Handle(event));
        let _ = self.pool.handle(now, event);
    }
}
