//! The pool without a runtime: this program is the driver, the callers and the server, and time is a number.
//!
//! The three rules of the core are all there is to it: `perform` polls until the pool is idle; `pass` wakes up at its deadline; each
//! ticket is claimed or cancelled and each lease released. Nothing here sleeps, so hours pass in a millisecond, and every run prints the same.
//!
//! ```sh
//! cargo run -p examples --bin by_hand
//! ```

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use pool_core::{
    Acquire, Action, Claim, Config, ConnId, Event, FaultClass, Lease, Outcome, Output, Pool, Request, Reuse,
    Ticket, TicketId, Time,
};

const MS: Duration = Duration::from_millis(1);
/// How long the server takes to shake hands, to refuse, and to answer a probe or a close.
const HANDSHAKE: Duration = Duration::from_millis(20);
const REFUSAL: Duration = Duration::from_millis(1);
const ANSWER: Duration = Duration::from_millis(2);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Server {
    Up,
    Down,
}

struct World {
    pool: Pool,
    now: Time,
    server: Server,
    /// What the driver will report, and when. The number keeps what was begun first in front.
    agenda: BTreeMap<(Time, u32), Event>,
    begun: u32,
    waiting: BTreeMap<TicketId, (&'static str, Ticket)>,
    leases: BTreeMap<&'static str, Lease>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let config = Config {
        min_connections: 1,
        max_connections: 2,
        // Probes every half minute would make the story long.
        health_check_interval: Duration::ZERO,
        ..Config::default()
    };
    let mut world = World::new(config)?;

    world.title("Three callers, two connections, one handshake at a time");
    world.acquire("Ada");
    world.acquire("Bob");
    world.acquire("Cleo");
    world.pass(50 * MS);
    world.release("Ada", Outcome::Success);
    world.pass(5 * MS);

    world.title("Dora is granted a connection, but gives up before she takes it: it goes on to the next");
    world.acquire("Dora");
    world.acquire("Emil");
    world.release("Bob", Outcome::Success);
    world.give_up("Dora");
    world.pass(5 * MS);

    world.title("The server goes down: both connections break, and who comes now learns the cause at once");
    world.server = Server::Down;
    world.release("Cleo", Outcome::BROKEN);
    world.release("Emil", Outcome::BROKEN);
    world.pass(10 * MS);
    world.acquire("Fay");

    world.title("It comes back: the pool finds out by itself, at the end of its backoff");
    world.server = Server::Up;
    world.pass(400 * MS);

    world.title("After a minute without use, the connection is asked for a sign of life before it is lent");
    world.pass(Duration::from_secs(60));
    world.acquire("Gil");
    world.acquire("Hana");
    world.pass(50 * MS);
    world.release("Gil", Outcome::Success);
    world.release("Hana", Outcome::Success);

    world.title("Some idle minutes later, the minimum is left");
    world.pass(Duration::from_secs(200));

    world.title("The end: nothing new, and what is open is closed");
    let now = world.now;
    world.pool.drain(now);
    world.pass(10 * MS);
    assert!(world.pool.is_closed() && world.leases.is_empty() && world.waiting.is_empty());
    world.say("the pool is closed");
    Ok(())
}

/// What the driver does.
impl World {
    fn new(config: Config) -> Result<World, Box<dyn Error>> {
        let now = Time::ZERO;
        let pool = Pool::new(config, now)?;
        let (agenda, waiting, leases) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Ok(World { pool, now, server: Server::Up, agenda, begun: 0, waiting, leases })
    }

    /// Lets time pass: the driver's reports and the pool's own deadlines come in their order.
    fn pass(&mut self, by: Duration) {
        let end = self.now + by;
        loop {
            let deadline = self.perform();
            let report = self.agenda.first_key_value().map(|(&key, _)| key);
            match (report, deadline) {
                (Some(key), _) if key.0 <= end && deadline.is_none_or(|deadline| key.0 <= deadline) => {
                    self.now = self.now.max(key.0);
                    let event = self.agenda.remove(&key).expect("it was there a moment ago");
                    self.say(&format!("reported: {event:?}"));
                    let _ = self.pool.handle(self.now, event);
                }
                (_, Some(deadline)) if deadline <= end => {
                    self.now = self.now.max(deadline);
                    self.pool.advance(self.now);
                }
                _ => break,
            }
        }
        self.now = end;
    }

    /// Does what the pool asks for; the answer is when it wants to be woken.
    fn perform(&mut self) -> Option<Time> {
        loop {
            let action = match self.pool.poll() {
                Output::Do(action) => action,
                Output::Idle { until } => return until.map(|deadline| deadline.at),
            };
            match action {
                Action::Wake { ticket } => self.claim(ticket),
                Action::Notice(notice) => self.say(&format!("notice: {notice:?}")),
                Action::Connect { conn, attempt, .. } => {
                    let before = match attempt {
                        0 => String::new(),
                        1 => ", after a failure".to_owned(),
                        _ => format!(", after {attempt} failures in a row"),
                    };
                    self.say(&format!("asked to connect {conn}{before}"));
                    self.connect(conn);
                }
                Action::Probe { conn } => {
                    self.say(&format!("asked to probe {conn}"));
                    let (class, reuse) = (FaultClass::Connection, Reuse::Discard);
                    let answer = match self.server {
                        Server::Up => Event::Probed { conn },
                        Server::Down => Event::ProbeFailed { conn, class, reuse },
                    };
                    self.report(ANSWER, answer);
                }
                Action::Close { conn, reason } => {
                    self.say(&format!("asked to close {conn}: {}", reason.name()));
                    self.agenda.retain(|_, event| event.conn() != conn);
                    self.report(ANSWER, Event::Closed { conn });
                }
                Action::Forget { conn } => self.agenda.retain(|_, event| event.conn() != conn),
            }
        }
    }

    fn connect(&mut self, conn: ConnId) {
        match self.server {
            Server::Up => self.report(HANDSHAKE, Event::Connected { conn, leases_max: 1 }),
            Server::Down => self.report(REFUSAL, Event::ConnectFailed { conn, class: FaultClass::Endpoint }),
        }
    }

    fn report(&mut self, after: Duration, event: Event) {
        self.begun += 1;
        self.agenda.insert((self.now + after, self.begun), event);
    }
}

/// What the callers do.
impl World {
    fn acquire(&mut self, name: &'static str) {
        match self.pool.acquire(self.now, Request::default()) {
            Ok(Acquire::Ready(lease)) => self.lend(name, lease),
            Ok(Acquire::Queued(ticket)) => {
                self.say(&format!("{name} waits"));
                self.waiting.insert(ticket.id(), (name, ticket));
            }
            Err(error) => self.say(&format!("{name} gets none: {error}")),
        }
    }

    /// The ticket's caller was woken, and asks what became of it.
    fn claim(&mut self, ticket: TicketId) {
        let Some((name, ticket)) = self.waiting.remove(&ticket) else { return };
        match self.pool.claim(self.now, ticket) {
            Claim::Ready(lease) => self.lend(name, lease),
            Claim::Pending(ticket) => drop(self.waiting.insert(ticket.id(), (name, ticket))),
            Claim::Failed(error) => self.say(&format!("{name} gets none: {error}")),
        }
    }

    fn lend(&mut self, name: &'static str, lease: Lease) {
        self.say(&format!("{name} has {}", lease.conn()));
        self.leases.insert(name, lease);
    }

    fn give_up(&mut self, name: &'static str) {
        let id = self.waiting.iter().find_map(|(&id, (who, _))| (*who == name).then_some(id));
        let (_, ticket) = id.and_then(|id| self.waiting.remove(&id)).expect("it waits");
        self.say(&format!("{name} gives up"));
        self.pool.cancel(self.now, ticket);
    }

    fn release(&mut self, name: &'static str, outcome: Outcome) {
        let lease = self.leases.remove(name).expect("it has a lease");
        self.say(&format!("{name} gives {} back: {outcome:?}", lease.conn()));
        let _ = self.pool.release(self.now, lease, outcome);
    }
}

/// What is printed.
impl World {
    fn say(&self, what: &str) {
        let ms = self.now.as_nanos() / 1_000_000;
        println!("{ms:>8} ms  {what}");
    }

    fn title(&self, what: &str) {
        println!("\n{what}\n             {}", self.pool.status());
    }
}
