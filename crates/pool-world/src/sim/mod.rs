//! Endpoints, callers and a driver in virtual time: a discrete-event simulation in which faults come and go, and an
//! epilogue without any, in which everything has to heal (I22, I44).
//!
//! The same seed is run with two drivers. The exact one wakes the pool at precisely its deadline: a pool that oversleeps is
//! caught. The sloppy one comes late, early and twice: a pool that grants past a deadline is caught.

mod agenda;
mod epilogue;
mod people;
mod server;
mod swarm;

use std::time::Duration;

use pool_core::{AcquireError, Action, ConnId, Event, FaultClass, Health, Reuse, Time, Verdict};

use crate::books::Stage;
use crate::history::START;
use crate::input::{Answer, Input, Key};
use crate::rng::Rng;
use crate::setup::Setup;
use crate::world::World;

use agenda::Agenda;
pub use people::Load;
pub use server::{Mood, Server};
pub use swarm::{Swarm, Trouble};

/// How punctual the driver is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// It wakes the pool at exactly its deadline.
    Exact,
    /// It wakes the pool early, late, twice; and reports without having woken it.
    Sloppy,
}

/// Something that will happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    /// A caller comes.
    Arrive,
    /// A caller that was woken asks.
    Come(Key),
    /// A caller's own time is over.
    GiveUp(Key),
    /// A caller has done its work.
    Done(Key),
    /// A connect ends, well or not.
    Dialled(ConnId, bool),
    /// A probe ends, well or not.
    Answered(ConnId, bool),
    /// A close is done.
    Closed(ConnId),
    /// The peer drops a connection.
    Dropped(ConnId),
    /// The driver's sleep of that number is over.
    Alarm(u64),
    /// Something about the world changes.
    Change,
}

/// A simulation.
pub struct Sim {
    /// The pool under judgement.
    pub world: World,
    /// The endpoints, in the order of their making.
    pub servers: Vec<Server>,
    /// Who comes, how often, and for how long.
    pub load: Load,
    /// Calls of the pool so far.
    pub steps: u64,
    /// Callers that were served, and that were not.
    pub served: u64,
    /// Callers that heard an error.
    pub failed: u64,
    /// The last of these errors.
    pub last_error: Option<AcquireError>,
    /// The most connections there were at once.
    pub peak: u32,
    /// The connections that the epilogue found not to be well because nobody had needed them, by their health.
    pub unneeded: Vec<Health>,
    /// What may go wrong, and how often it did.
    pub swarm: Swarm,
    /// Leases whose callers do not think of giving them back.
    kept: Vec<Key>,
    driver: Driver,
    rng: Rng,
    agenda: Agenda<Happening>,
    /// The deadline that the driver's sleep is for.
    armed: Time,
    sleeps: u64,
    faults: bool,
}

impl Sim {
    /// A simulation of a pool of that configuration, without faults: servers are well until they are told otherwise.
    pub fn new(config: pool_core::Config, driver: Driver, seed: u64) -> Sim {
        Sim {
            world: World::new(config, START),
            servers: vec![Server::default()],
            load: Load::default(),
            steps: 0,
            served: 0,
            failed: 0,
            last_error: None,
            peak: 0,
            unneeded: Vec::new(),
            swarm: Swarm::default(),
            kept: Vec::new(),
            driver,
            rng: Rng::new(seed),
            agenda: Agenda::default(),
            armed: Time::MAX,
            sleeps: 0,
            faults: false,
        }
    }

    /// A simulation in which everything is drawn from the seed: the configuration, the load, the faults.
    pub fn random(driver: Driver, seed: u64) -> Sim {
        let mut rng = Rng::new(seed);
        let config = random_setup(&mut rng).config();
        let mut sim = Sim::new(config, driver, seed.wrapping_add(1));
        sim.load = Load::random(&mut rng);
        sim.faults = true;
        sim.swarm = Swarm::random(&mut rng);
        sim.load.varied = sim.swarm.strikes(Trouble::Varied);
        sim.agenda.add(START, Happening::Change);
        sim.open_doors();
        sim
    }

    /// Callers begin to come.
    pub fn open_doors(&mut self) {
        self.agenda.add(self.world.clock, Happening::Arrive);
    }

    /// Runs for that many calls of the pool.
    pub fn run_steps(&mut self, steps: u64) {
        let end = self.steps + steps;
        while self.steps < end && self.turn(Time::MAX) {}
    }

    /// Runs for that long.
    pub fn run_for(&mut self, time: Duration) {
        let end = self.world.clock + time;
        while self.turn(end) {}
        self.world.clock = self.world.clock.max(end);
        self.feed(Input::Advance);
        self.perform();
    }

    /// The next thing that happens, if it does before `end`.
    fn turn(&mut self, end: Time) -> bool {
        self.perform();
        let next = self.agenda.next_at();
        let until = self.world.until.map_or(Time::MAX, |until| until.at);
        match self.driver {
            Driver::Exact if until <= next && until <= end => {
                self.world.clock = self.world.clock.max(until);
                self.feed(Input::Advance);
                return true;
            }
            Driver::Sloppy if until < self.armed => self.set_alarm(until),
            Driver::Exact | Driver::Sloppy => {}
        }
        let Some((at, happening)) = self.agenda.take(end) else { return false };
        self.world.clock = self.world.clock.max(at);
        self.happen(happening);
        true
    }

    /// Early, late, or on time; and sometimes twice.
    fn set_alarm(&mut self, until: Time) {
        let ahead = until.since(self.world.clock);
        let at = match self.rng.between(0, 5) {
            0 => self.world.clock + ahead / 2,
            1 | 2 => until,
            3 => until + self.rng.micros(0, 5_000),
            _ => until + self.rng.micros(0, 400_000),
        };
        self.armed = until;
        self.sleeps += 1;
        self.agenda.add(at, Happening::Alarm(self.sleeps));
        if self.rng.chance(10) {
            self.agenda.add(at, Happening::Alarm(0));
        }
    }

    fn feed(&mut self, input: Input) -> Answer {
        self.steps += 1;
        let answer = self.world.feed(input);
        self.peak = self.peak.max(self.world.view().status.total);
        answer
    }

    /// What the driver does with what it was told.
    fn perform(&mut self) {
        while let Some(action) = self.world.inbox.pop_front() {
            let now = self.world.clock;
            match action {
                Action::Connect { conn, endpoint, .. } => {
                    if let Some((after, well)) = self.server_of(endpoint).connect(&mut self.rng) {
                        self.agenda.add(now + after, Happening::Dialled(conn, well));
                    }
                }
                Action::Probe { conn } => {
                    let Some(link) = self.world.books.link(conn).copied() else { continue };
                    if let Some((after, well)) = self.server_of(link.endpoint).probe(&mut self.rng) {
                        self.agenda.add(now + after, Happening::Answered(conn, well));
                    }
                }
                Action::Close { conn, .. } => {
                    let Some(link) = self.world.books.link(conn).copied() else { continue };
                    if let Some(after) = self.server_of(link.endpoint).close(&mut self.rng) {
                        self.agenda.add(now + after, Happening::Closed(conn));
                    }
                }
                Action::Wake { ticket } => self.woken(ticket),
                Action::Forget { .. } | Action::Notice(_) => {}
            }
        }
    }

    fn server_of(&self, endpoint: pool_core::EndpointId) -> Server {
        let place = self.world.books.endpoints.iter().position(|known| known.0 == endpoint);
        self.servers[place.expect("actions name endpoints that were made")]
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Arrive => self.arrive(),
            Happening::Come(key) => self.come(key),
            Happening::GiveUp(key) => {
                self.feed(Input::Cancel(key));
            }
            Happening::Done(key) => self.done(key),
            Happening::Dialled(conn, true) => {
                let leases_max = self.load.leases_max;
                let answer = self.feed(Input::Report(Event::Connected { conn, leases_max }));
                if answer == Answer::Verdict(Verdict::Stale) {
                    self.swarm.happened(Trouble::LateConnect);
                }
                self.fate_of(conn);
            }
            Happening::Dialled(conn, false) => {
                let class = self.rng.pick(&[FaultClass::Endpoint, FaultClass::Connection]);
                self.feed(Input::Report(Event::ConnectFailed { conn, class }));
            }
            Happening::Answered(conn, true) => {
                self.feed(Input::Report(Event::Probed { conn }));
            }
            Happening::Answered(conn, false) => {
                let reuse = self.rng.pick(&[Reuse::Keep, Reuse::Discard]);
                let class = FaultClass::Connection;
                self.feed(Input::Report(Event::ProbeFailed { conn, class, reuse }));
            }
            Happening::Closed(conn) => {
                self.feed(Input::Report(Event::Closed { conn }));
            }
            Happening::Dropped(conn) => {
                let open = self.world.books.link(conn).is_some_and(|link| link.stage == Stage::Open);
                if open {
                    self.feed(Input::Report(Event::Lost { conn }));
                }
            }
            Happening::Alarm(sleep) => {
                if sleep == self.sleeps {
                    self.armed = Time::MAX;
                }
                self.feed(Input::Advance);
            }
            Happening::Change => self.change(),
        }
    }

    /// A flapping server drops what it has accepted.
    fn fate_of(&mut self, conn: ConnId) {
        let Some(link) = self.world.books.link(conn).copied() else { return };
        if let Some(after) = self.server_of(link.endpoint).lifetime(&mut self.rng) {
            self.agenda.add(self.world.clock + after, Happening::Dropped(conn));
        }
    }
}

fn random_setup(rng: &mut Rng) -> Setup {
    let max = rng.between(1, 8) as u8;
    Setup {
        min: rng.between(0, max.into()) as u8,
        max,
        connects: rng.between(1, 3) as u8,
        waiters: rng.pick(&[0, 2, 20, 20, 50, 100]),
        fail_when_down: rng.chance(50),
        acquire: rng.pick(&[300, 1_000, 5_000]),
        connection: rng.pick(&[200, 1_000]),
        release: rng.pick(&[100, 1_000]),
        probe: rng.pick(&[50, 500]),
        health: rng.pick(&[0, 500, 3_000]),
        idle: rng.pick(&[500, 5_000, 60_000]),
        lifetime: rng.pick(&[0, 2_000, 30_000]),
        freshness: rng.pick(&[200, 5_000, 30_000]),
        stall: rng.pick(&[0, 100, 250]),
        leak: rng.pick(&[0, 0, 100]),
        backoff: rng.pick(&[20, 250]),
        faults: rng.between(1, 4) as u8,
        seed: rng.between(0, 255) as u8,
    }
}
