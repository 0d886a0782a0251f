//! The books: what a driver and its callers hold, kept outside the core from nothing but the core's answers.
//!
//! Rules kept here: an id is never issued twice (I2, I11), a ticket is woken at most once and only while it is
//! out (I7), nothing is asked of a connection that is gone or closing (I9), and nothing is closed under a lease (I10).

mod entries;
mod ledger;

use pool_core::{Action, CloseReason, ConnId, EndpointId, Lease, Notice, TicketId, Time};

use crate::holds;
use crate::input::Key;

pub use entries::{Ending, Fate, Link, Stage, Tenant, Waiter};
pub use ledger::Ledger;

/// The newest version seen per slot: an id that is not newer has been there before.
#[derive(Clone, Debug, Default)]
struct Versions(Vec<u32>);

impl Versions {
    fn newest(&self, index: usize) -> u32 {
        self.0.get(index).copied().unwrap_or(0)
    }

    fn see(&mut self, index: usize, version: u32) -> bool {
        if self.0.len() <= index {
            self.0.resize(index + 1, 0);
        }
        let newer = version > self.0[index];
        self.0[index] = self.0[index].max(version);
        newer
    }
}

/// Everything that is out.
#[derive(Clone, Debug)]
pub struct Books {
    /// Tickets in the order they were queued.
    pub waiters: Vec<Waiter>,
    /// Waiting tickets per class in the order they are to be served.
    pub queues: [Vec<TicketId>; 3],
    /// Leases in the order they were claimed.
    pub tenants: Vec<Tenant>,
    /// Connections in the order they were dialled.
    pub links: Vec<Link>,
    /// Connections that were, the last few.
    pub graves: Vec<ConnId>,
    /// Connections that their callers have taken out of the pool.
    pub detached: Vec<ConnId>,
    /// Endpoints with their priority.
    pub endpoints: Vec<(EndpointId, u8)>,
    /// How far the pool is on its way out.
    pub ending: Ending,
    /// What the statistics must say.
    pub ledger: Ledger,
    tickets_seen: Versions,
    tickets_woken: Versions,
    leases_seen: Versions,
    conns_seen: Versions,
}

impl Books {
    /// The books of a new pool.
    pub fn new(endpoints: Vec<(EndpointId, u8)>) -> Books {
        Books {
            waiters: Vec::new(),
            queues: Default::default(),
            tenants: Vec::new(),
            links: Vec::new(),
            graves: Vec::new(),
            detached: Vec::new(),
            endpoints,
            ending: Ending::Not,
            ledger: Ledger::default(),
            tickets_seen: Versions::default(),
            tickets_woken: Versions::default(),
            leases_seen: Versions::default(),
            conns_seen: Versions::default(),
        }
    }

    /// The waiting tickets in the order they are to be served.
    pub fn order(&self) -> impl Iterator<Item = TicketId> + '_ {
        self.queues.iter().flatten().copied()
    }

    /// How many wait.
    pub fn waiting(&self) -> u32 {
        self.queues.iter().map(Vec::len).sum::<usize>() as u32
    }

    /// The ticket of that name.
    pub fn waiter(&self, id: TicketId) -> Option<&Waiter> {
        self.waiters.iter().find(|waiter| waiter.ticket.id() == id)
    }

    /// The connection of that name.
    pub fn link(&self, id: ConnId) -> Option<&Link> {
        self.links.iter().find(|link| link.id == id)
    }

    /// The same, to write in.
    pub fn link_mut(&mut self, id: ConnId) -> Option<&mut Link> {
        self.links.iter_mut().find(|link| link.id == id)
    }

    /// Leases of callers on that connection.
    pub fn tenants_of(&self, conn: ConnId) -> usize {
        self.tenants.iter().filter(|tenant| !tenant.abandoned && tenant.lease.conn() == conn).count()
    }

    /// A ticket was issued.
    pub fn queued(&mut self, waiter: Waiter, front: bool) {
        let id = waiter.ticket.id();
        holds!(self.tickets_seen.see(id.index(), id.version()), "I11", "ticket {id} was issued before");
        let queue = &mut self.queues[waiter.class as usize];
        queue.insert(if front { 0 } else { queue.len() }, id);
        self.waiters.push(waiter);
    }

    /// A ticket has come back, for now: it keeps its place in the queue until it is [`unqueue`](Books::unqueue)d.
    pub fn take_waiter(&mut self, key: Key) -> Option<Waiter> {
        let place = self.waiters.iter().position(|waiter| waiter.key == key)?;
        Some(self.waiters.remove(place))
    }

    /// A ticket that still waits goes out again.
    pub fn put_waiter(&mut self, waiter: Waiter) {
        let place = self.waiters.partition_point(|other| other.key < waiter.key);
        self.waiters.insert(place, waiter);
    }

    /// A ticket waits no longer.
    pub fn unqueue(&mut self, id: TicketId) {
        for queue in &mut self.queues {
            queue.retain(|&other| other != id);
        }
    }

    /// A lease has reached its caller.
    pub fn leased(&mut self, lease: Lease, key: Key, since: Time) {
        let id = lease.id();
        holds!(self.leases_seen.see(id.index(), id.version()), "I2", "lease {id} was issued before");
        let stage = self.link(lease.conn()).map(|link| link.stage);
        holds!(stage == Some(Stage::Open), "I10", "{id} was granted on {}, which is {stage:?}", lease.conn());
        self.tenants.push(Tenant { lease, key, since, abandoned: false });
    }

    /// A lease has come back.
    pub fn take_tenant(&mut self, key: Key) -> Option<Tenant> {
        let place = self.tenants.iter().position(|tenant| tenant.key == key)?;
        Some(self.tenants.remove(place))
    }

    /// A ticket was woken: its fate is sealed.
    pub fn woken(&mut self, id: TicketId, fate: impl FnOnce(&Waiter) -> Fate, now: Time) {
        holds!(self.tickets_seen.newest(id.index()) >= id.version(), "I7", "{id} was woken and never issued");
        holds!(self.tickets_woken.see(id.index(), id.version()), "I7", "{id} was woken twice");
        self.unqueue(id);
        if let Some(waiter) = self.waiters.iter_mut().find(|waiter| waiter.ticket.id() == id) {
            waiter.fate = fate(waiter);
            waiter.granted_at = now;
        }
    }

    /// An action that names a connection was handed to the driver.
    pub fn performed(&mut self, action: Action, now: Time, generation: u32) {
        self.ledger.performed(action);
        match action {
            Action::Connect { conn, endpoint, .. } => {
                holds!(self.conns_seen.see(conn.index(), conn.version()), "I11", "{conn} was dialled before");
                let (stage, probing, unsure) = (Stage::Dialling, None, false);
                let (probed, moved, answers) = (Time::ZERO, now, 0);
                let (closing, leak_reported) = (Time::MAX, false);
                let id = conn;
                self.links.push(Link {
                    id,
                    endpoint,
                    stage,
                    probing,
                    unsure,
                    probed,
                    moved,
                    answers,
                    closing,
                    generation,
                    leak_reported,
                });
            }
            // Decided before its caller took the connection away, and drained after: for the driver it names nothing.
            Action::Probe { conn } if self.detached.contains(&conn) => {}
            Action::Probe { conn } => {
                let link = self.known(conn, action);
                holds!(link.stage == Stage::Open, "I9", "a probe of {conn}, which is {:?}", link.stage);
                holds!(link.probing.is_none(), "I9", "a second probe of {conn} beside the first");
                link.probing = Some(now);
            }
            Action::Close { conn, reason } => {
                let tenants = self.tenants_of(conn);
                let dead = reason == CloseReason::Dead;
                holds!(tenants == 0 || dead, "I10", "{conn} is closed ({reason:?}) under {tenants} leases");
                if dead {
                    self.void(conn);
                }
                let link = self.known(conn, action);
                holds!(link.stage != Stage::Closing, "I9", "a second close of {conn} ({reason:?})");
                (link.stage, link.probing, link.closing) = (Stage::Closing, None, now);
            }
            Action::Forget { conn } => {
                let link = self.known(conn, action);
                holds!(link.stage == Stage::Closing, "I9", "{conn} is forgotten while {:?}", link.stage);
                self.gone(conn);
            }
            Action::Notice(Notice::LeaseAbandoned { conn }) => self.abandon(conn),
            Action::Notice(Notice::LeaseHeld { conn, .. }) => {
                if let Some(link) = self.link_mut(conn) {
                    link.leak_reported = true;
                }
            }
            Action::Wake { .. } | Action::Notice(_) => {}
        }
    }

    fn known(&mut self, conn: ConnId, action: Action) -> &mut Link {
        let link = self.link_mut(conn);
        holds!(link.is_some(), "I9", "{action:?} names {conn}, which is gone");
        link.expect("just looked")
    }

    fn abandon(&mut self, conn: ConnId) {
        self.void(conn);
        self.gone(conn);
    }

    /// The pool has ended the leases that callers still hold on that connection.
    fn void(&mut self, conn: ConnId) {
        for tenant in self.tenants.iter_mut().filter(|tenant| tenant.lease.conn() == conn) {
            tenant.abandoned = true;
            self.ledger.abandoned(1);
        }
    }

    /// When the grace of a shutdown is over, a ticket that was granted may hear either.
    pub fn grants_are_void(&mut self, now: Time) {
        if self.grace_is_over(now) {
            for waiter in self.waiters.iter_mut().filter(|waiter| waiter.fate == Fate::Granted) {
                waiter.fate = Fate::Unknown;
            }
        }
    }

    /// The connection no longer exists for the driver.
    pub fn gone(&mut self, conn: ConnId) {
        self.links.retain(|link| link.id != conn);
        if self.graves.len() == 8 {
            self.graves.remove(0);
        }
        self.graves.push(conn);
    }

    /// Whether a shutdown's grace has ended.
    pub fn grace_is_over(&self, now: Time) -> bool {
        matches!(self.ending, Ending::ShutDown(at) if at <= now)
    }

    /// Whether the pool takes nobody in any more.
    pub fn refuses(&self) -> bool {
        self.ending != Ending::Not
    }
}
