//! What of a state decides its future, as one number (feature `check`): for engines that explore states and must know which they
//! have seen.
//!
//! Instants count as the time since or until them, ids as places in the pool's own orders: two states that differ by names or by the
//! epoch of the clock only have the same fingerprint. What cannot decide anything any more is left out (when a connection in use
//! was opened, whom a claimed lease came from). So are, for they change nothing within a few steps or are not the state's: the
//! statistics, the window of an endpoint's traffic, the retry budget, the samples of idle counts, and the generator of chance, which
//! an engine sets anew before each step ([`Pool::reseed`]).

use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use crate::conn::{Conn, Retirement};
use crate::endpoint::SHORTEST_AGE;
use crate::id::ConnId;
use crate::input::{Lease, Ticket};
use crate::pool::Pool;
use crate::rest::Rest;
use crate::rng::Rng;
use crate::state::Lifecycle;
use crate::time::Time;
use crate::timers::Key;
use crate::waiter::WaitState;

impl Ticket {
    /// The same ticket for a clone of its pool.
    pub const fn twin(&self) -> Ticket {
        Ticket { id: self.id }
    }
}

impl Lease {
    /// The same lease for a clone of its pool.
    pub const fn twin(&self) -> Lease {
        Lease { id: self.id, conn: self.conn }
    }
}

impl Pool {
    /// Has every call go the long way from now on: for engines that compare it with the short ones (I47).
    pub fn refuse_short_ways(&mut self) {
        self.rest = Rest::Ignored;
    }

    /// Sets the source of chance as if the pool had just been made from this seed.
    pub fn reseed(&mut self, seed: u64) {
        self.rng = Rng::new(seed);
    }

    /// The state's fingerprint, by a hasher that starts from nothing.
    ///
    /// With `slots`, connections are told apart by their slots. Their order decides who takes its place in the row of retirements
    /// first among those born together, which of those that expire at the same instant goes first, and which of those in use or under a probe
    /// goes first when the pool is made smaller; nothing else.
    pub fn fingerprint<H: Hasher + Default>(&self, slots: bool) -> u64 {
        let mut hasher = H::default();
        (self.mode as u8, self.suspended, self.config.min_connections).hash(&mut hasher);
        (self.config.max_connections, self.relative(self.timers.get(Key::Shrink))).hash(&mut hasher);
        self.relative(self.timers.get(Key::Grace)).hash(&mut hasher);
        let gap = self.config.max_lifetime / self.config.max_connections;
        let row = (self.last_retirement + gap).nanos_since(self.now);
        row.hash(&mut hasher);
        let mut conns: Vec<u64> =
            self.conns.iter().map(|(id, conn)| self.print_conn::<H>(id, conn)).collect();
        if slots {
            self.conns.vacant().for_each(|slot| slot.hash(&mut hasher));
        } else {
            conns.sort_unstable();
        }
        conns.hash(&mut hasher);
        self.print_tickets(&mut hasher);
        self.print_endpoints(&mut hasher);
        hasher.finish()
    }

    /// The time until an instant, or since it.
    fn relative(&self, at: Option<Time>) -> Option<(u64, u64)> {
        at.map(|at| (at.nanos_since(self.now), self.now.nanos_since(at)))
    }

    fn age(&self, at: Time) -> u64 {
        self.now.nanos_since(at)
    }

    fn print_conn<H: Hasher + Default>(&self, id: ConnId, conn: &Conn) -> u64 {
        let mut hasher = H::default();
        (conn.life, conn.endpoint.slot(), conn.mark, conn.probing).hash(&mut hasher);
        if conn.probing || matches!(conn.life, Lifecycle::Connecting | Lifecycle::Closing) {
            self.relative(Some(conn.deadline)).hash(&mut hasher);
        }
        if conn.life == Lifecycle::Connecting {
            (conn.attempt, self.age(conn.created_at)).hash(&mut hasher);
        }
        if conn.is_open() {
            self.print_open(id, conn, &mut hasher);
        }
        hasher.finish()
    }

    fn print_open(&self, id: ConnId, conn: &Conn, hasher: &mut impl Hasher) {
        (conn.health, conn.faults, conn.probe_failures, conn.recoveries, conn.leases_max).hash(hasher);
        let shortest = SHORTEST_AGE.as_nanos() as u64;
        if conn.uses == 0 && self.age(conn.opened_at) < shortest {
            (self.age(conn.opened_at), self.age(conn.created_at)).hash(hasher);
        }
        (conn.uses == 0, self.age(conn.proven)).hash(hasher);
        if !conn.probe_every.is_zero() || conn.stalled {
            (conn.probe_every, self.age(conn.looked_at)).hash(hasher);
        }
        match conn.retirement {
            Retirement::Never => 0.hash(hasher),
            Retirement::Unplaced(at) => (1, self.relative(Some(at))).hash(hasher),
            Retirement::Placed(at) => (2, self.relative(Some(at))).hash(hasher),
            Retirement::Renewing(at) => (3, self.relative(Some(at))).hash(hasher),
        }
        if conn.leases.is_empty() {
            self.age(conn.idle_since()).hash(hasher);
            self.kept.iter(&self.conns).position(|other| other == id).hash(hasher);
        } else if conn.leases_max > 1 {
            (self.age(conn.progress_at), conn.stalled, conn.stalls).hash(hasher);
        }
        for lease in conn.leases.iter(&self.leases) {
            let lease = &self.leases[lease];
            // An age that no server closes connections at teaches nothing.
            let idled = if lease.idled < shortest { 0 } else { lease.idled };
            let watched = idled > 0 || self.config.leak_after.is_some();
            let since = if watched { self.age(lease.since) } else { 0 };
            (lease.granted_to.is_some(), lease.reported, idled, since).hash(hasher);
        }
        if let Some(shelf) = conn.shelf {
            let place = self.shelves[shelf].iter(&self.conns).position(|other| other == id);
            (shelf as u8, place).hash(hasher);
        }
    }

    fn print_tickets(&self, hasher: &mut impl Hasher) {
        for id in self.queue.iter(&self.tickets) {
            let waiter = &self.tickets[id];
            let proven =
                if waiter.proven_since == Time::ZERO { 0 } else { 1 + self.age(waiter.proven_since) };
            (waiter.priority, proven, self.relative(self.timers.deadline(&self.tickets, id))).hash(hasher);
        }
        let mut failed = [0_u32; 5];
        for (_, waiter) in self.tickets.iter() {
            if let WaitState::Failed(kind) = waiter.state() {
                failed[kind as usize] += 1;
            }
        }
        failed.hash(hasher);
    }

    fn print_endpoints(&self, hasher: &mut impl Hasher) {
        // Of two that are equal, the one in the first slot is dialled.
        self.endpoints.vacant().for_each(|slot| slot.hash(hasher));
        for (id, endpoint) in self.endpoints.iter() {
            let retry = endpoint.is_backing_off(self.now).then_some(endpoint.retry_at);
            (id.slot(), endpoint.draining, self.relative(retry), &endpoint.spec).hash(hasher);
            endpoint.print(self.now, hasher);
        }
    }
}
