//! Callers, and the operator: who comes, what they ask for, how long they stay; and what changes around them.

use std::time::Duration;

use pool_core::{
    EndpointSpec, Event, Failure, Outcome, Patience, Place, Priority, Request, Safety, Sent, TicketId,
};

use super::{Happening, Mood, Server, Sim, Trouble};
use crate::books::Stage;
use crate::input::{Answer, Input, Key};
use crate::rng::Rng;

/// Who comes, and what they do.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// The mean time between two callers; zero: nobody comes.
    pub every: Duration,
    /// How many come at once.
    pub crowd: u32,
    /// What each asks for, unless it is drawn.
    pub request: Request,
    /// How long a caller waits at most before it drops its ticket, if not for ever.
    pub gives_up: Option<Duration>,
    /// Time that a caller holds its lease beside the server's.
    pub thinks: Duration,
    /// Whether callers differ from each other.
    pub varied: bool,
    /// How many leases a connection carries.
    pub leases_max: u32,
}

impl Default for Load {
    fn default() -> Self {
        Load {
            every: Duration::from_millis(10),
            crowd: 1,
            request: Request::default(),
            gives_up: None,
            thinks: Duration::ZERO,
            varied: false,
            leases_max: 1,
        }
    }
}

impl Load {
    pub(super) fn random(rng: &mut Rng) -> Load {
        Load {
            every: Duration::from_micros(rng.pick(&[500, 3_000, 10_000, 30_000, 200_000])),
            crowd: rng.pick(&[1, 1, 1, 4, 20]),
            gives_up: rng.chance(30).then(|| rng.micros(0, 100_000)),
            thinks: Duration::from_micros(rng.pick(&[0, 1_000, 30_000])),
            varied: true,
            leases_max: rng.pick(&[1, 1, 1, 2, 10]),
            ..Load::default()
        }
    }

    fn request(&self, now: pool_core::Time, rng: &mut Rng) -> Request {
        if !self.varied {
            return self.request;
        }
        let patience = match rng.between(0, 9) {
            0 => Patience::None,
            1..=4 => Patience::Until(now + rng.micros(0, 500_000)),
            _ => Patience::Configured,
        };
        Request {
            priority: rng.pick(&[Priority::Normal, Priority::Normal, Priority::High, Priority::Low]),
            patience,
            place: if rng.chance(5) { Place::Front } else { Place::Back },
            proven_since: rng.chance(5).then_some(now),
        }
    }
}

impl Sim {
    pub(super) fn arrive(&mut self) {
        for _ in 0..self.load.crowd {
            let key = self.world.next_key();
            let request = self.load.request(self.world.clock, &mut self.rng);
            let answer = self.feed(Input::Acquire(request));
            self.heard(key, answer);
            let waits = self.world.books.waiters.iter().any(|waiter| waiter.key == key);
            if let (true, Some(patience)) = (waits, self.load.gives_up) {
                self.agenda.add(self.world.clock + patience, Happening::GiveUp(key));
            }
        }
        if !self.load.every.is_zero() {
            let mean = self.load.every.as_micros() as u64 * u64::from(self.load.crowd);
            let next = self.world.clock + self.rng.micros(0, 2 * mean);
            self.agenda.add(next, Happening::Arrive);
        }
    }

    fn heard(&mut self, key: Key, answer: Answer) {
        match answer {
            Answer::Ready(conn) => {
                self.served += 1;
                let endpoint = self.world.books.link(conn).map(|link| link.endpoint);
                let server = endpoint.map_or_else(Server::default, |endpoint| self.server_of(endpoint));
                let (work, _) = server.work(&mut self.rng);
                self.agenda.add(self.world.clock + self.load.thinks + work, Happening::Done(key));
            }
            Answer::Failed(error) => {
                self.failed += 1;
                self.last_error = Some(error);
            }
            Answer::Queued
            | Answer::Pending
            | Answer::Verdict(_)
            | Answer::Retry(_)
            | Answer::Endpoint(_)
            | Answer::Done => {}
        }
    }

    /// Most come at once.
    pub(super) fn woken(&mut self, ticket: TicketId) {
        let Some(key) = self.world.books.waiter(ticket).map(|waiter| waiter.key) else { return };
        if self.rng.chance(5) && self.swarm.strikes(Trouble::Tardy) {
            let at = self.world.clock + self.rng.micros(0, 20_000);
            let next = if self.rng.chance(50) { Happening::Come(key) } else { Happening::GiveUp(key) };
            return self.agenda.add(at, next);
        }
        self.come(key);
    }

    pub(super) fn come(&mut self, key: Key) {
        let answer = self.feed(Input::Claim(key));
        self.heard(key, answer);
    }

    pub(super) fn done(&mut self, key: Key) {
        let Some(tenant) = self.world.books.tenants.iter().find(|tenant| tenant.key == key) else { return };
        let conn = tenant.lease.conn();
        let endpoint = self.world.books.link(conn).map(|link| link.endpoint);
        let server = endpoint.map_or_else(Server::default, |endpoint| self.server_of(endpoint));
        let (_, outcome) = server.work(&mut self.rng);
        if self.rng.chance(1) && self.swarm.strikes(Trouble::Kept) {
            self.kept.push(key);
            return;
        }
        if self.rng.chance(1) && self.swarm.strikes(Trouble::Detach) {
            self.feed(Input::Detach(key));
            return;
        }
        if outcome == Outcome::BROKEN && self.rng.chance(20) && self.swarm.strikes(Trouble::Reject) {
            self.feed(Input::Reject(key));
            return;
        }
        self.feed(Input::Release(key, outcome));
        if let Outcome::Failed { class, .. } = outcome
            && self.swarm.strikes(Trouble::Retry)
        {
            let failure = Failure {
                attempt: self.rng.between(1, 3) as u32,
                class,
                sent: self.rng.pick(&[Sent::No, Sent::Maybe]),
                safety: self.rng.pick(&[Safety::Safe, Safety::Idempotent, Safety::Unsafe]),
                after: None,
                deadline: self.world.clock + self.rng.micros(0, 5_000_000),
            };
            self.feed(Input::Retry(failure));
        }
    }

    /// The weather, the operator, and the peers' wishes.
    pub(super) fn change(&mut self) {
        if !self.faults {
            return;
        }
        let pause = self.rng.micros(1_000, 2_000_000);
        self.agenda.add(self.world.clock + pause, Happening::Change);
        match self.rng.between(0, 12) {
            0..=5 => self.fall_ill(),
            6 | 9 => self.operate(),
            7 => {
                let hours = self.rng.between(1, 5);
                if self.rng.chance(10) && self.swarm.strikes(Trouble::Sleep) {
                    self.world.clock = self.world.clock + Duration::from_secs(hours * 3600);
                }
            }
            8 => {
                let Load { leases_max, varied, .. } = self.load;
                self.load = Load { leases_max, varied, ..Load::random(&mut self.rng) };
            }
            10 if self.swarm.strikes(Trouble::Storm) => self.storm(),
            _ => self.peer_speaks(),
        }
        // Most of those who keep a lease think of it after a while.
        if self.rng.chance(50)
            && let Some(key) = self.kept.pop()
        {
            self.feed(Input::Release(key, Outcome::Returned));
        }
    }

    fn fall_ill(&mut self) {
        let place = self.rng.between(0, self.servers.len() as u64 - 1) as usize;
        let mood = if self.rng.chance(60) { self.rng.pick(&Mood::ALL) } else { Mood::Well };
        let trouble = match mood {
            Mood::Well => None,
            Mood::Slow => Some(Trouble::Slow),
            Mood::Refusing => Some(Trouble::Refusing),
            Mood::BlackHole => Some(Trouble::BlackHole),
            Mood::Flapping => Some(Trouble::Flapping),
            Mood::HalfOpen => Some(Trouble::HalfOpen),
            Mood::Overloaded => Some(Trouble::Overloaded),
            Mood::Broken => Some(Trouble::Broken),
        };
        let may = trouble.is_none_or(|trouble| self.swarm.strikes(trouble));
        self.servers[place].mood = if may { mood } else { Mood::Well };
    }

    /// Dozens come, and most of them go away again within milliseconds, in any order.
    fn storm(&mut self) {
        for _ in 0..self.rng.between(10, 60) {
            let key = self.world.next_key();
            let request = self.load.request(self.world.clock, &mut self.rng);
            let answer = self.feed(Input::Acquire(request));
            self.heard(key, answer);
            if answer == Answer::Queued && self.rng.chance(90) {
                let after = self.rng.micros(0, 5_000);
                self.agenda.add(self.world.clock + after, Happening::GiveUp(key));
            }
        }
    }

    fn operate(&mut self) {
        let max = self.world.config().max_connections;
        let input = match self.rng.between(0, 8) {
            0 if self.swarm.strikes(Trouble::Suspend) => Input::Suspend,
            1 | 2 => Input::Resume,
            3 if self.swarm.strikes(Trouble::Invalidate) => Input::Invalidate,
            4 | 8 if self.swarm.strikes(Trouble::Resize) => {
                let max = self.rng.between(1, u64::from(max) + 2) as u32;
                Input::Resize(self.rng.between(0, max.into()) as u32, max)
            }
            5 | 6 if self.servers.len() < 3 && self.swarm.strikes(Trouble::Endpoints) => {
                self.servers.push(Server::default());
                let priority = self.rng.between(0, 1) as u8;
                Input::AddEndpoint(EndpointSpec { priority, weight: self.rng.between(1, 3) as u16 })
            }
            7 if self.world.view().ends.len() > 1 => Input::DrainEndpoint(self.world.endpoint(1)),
            _ => Input::Advance,
        };
        self.feed(input);
    }

    fn peer_speaks(&mut self) {
        let open = |link: &&crate::books::Link| link.stage == Stage::Open;
        let open: Vec<_> = self.world.books.links.iter().filter(open).map(|link| link.id).collect();
        if open.is_empty() {
            return;
        }
        let conn = self.rng.pick(&open);
        let event = match self.rng.between(0, 4) {
            0 if self.swarm.strikes(Trouble::Lost) => Event::Lost { conn },
            1 if self.swarm.strikes(Trouble::Retiring) => Event::Retiring { conn },
            2 if self.swarm.strikes(Trouble::LeaseLimit) => {
                Event::LeaseLimit { conn, leases_max: self.rng.between(0, 12) as u32 }
            }
            3 if self.swarm.strikes(Trouble::KeepAlive) => {
                Event::KeepAlive { conn, timeout: self.rng.micros(0, 20_000_000) }
            }
            _ => Event::Progress { conn },
        };
        self.feed(Input::Report(event));
    }
}
