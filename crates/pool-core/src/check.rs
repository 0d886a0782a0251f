//! Every invariant that is a predicate on the state, recounted from scratch (feature `check`). The numbers are names: the docs,
//! the tests and the commits use them.

use alloc::format;
use alloc::string::String;

use crate::conn::{Conn, Shelf};
use crate::id::ConnId;
use crate::pool::{Counts, Mode, Pool};
use crate::state::{CloseReason, Lifecycle};
use crate::time::Time;
use crate::timers::Key;
use crate::waiter::WaitState;

macro_rules! hold {
    ($number:literal, $condition:expr, $($what:tt)+) => {
        if !$condition {
            return Err(format!("{}: {}", $number, format!($($what)+)));
        }
    };
}

impl Pool {
    /// Checks the state invariants; the error begins with the number of the one that does not hold.
    ///
    /// # Errors
    ///
    /// The first invariant that does not hold, in words.
    pub fn check(&self) -> Result<(), String> {
        self.check_size()?;
        self.check_counts()?;
        self.check_connections()?;
        self.check_tickets()?;
        self.check_settled()
    }

    fn check_size(&self) -> Result<(), String> {
        let live = self.conns.iter().filter(|(_, conn)| conn.mark.is_none()).count() as u32;
        hold!(
            "I1",
            live <= self.config.max_connections,
            "{live} connections of {}",
            self.config.max_connections
        );
        Ok(())
    }

    fn check_counts(&self) -> Result<(), String> {
        let mut counts = Counts::default();
        for (_, conn) in self.conns.iter() {
            counts.life[conn.life as usize] += 1;
            if conn.is_open() {
                counts.health[conn.health as usize] += 1;
            }
            counts.serving += u32::from(conn.is_serving());
            counts.usable += u32::from(conn.is_usable());
            counts.probes += u32::from(conn.probing);
        }
        hold!("I3", counts == self.counts, "counted {counts:?}, kept {:?}", self.counts);
        let failing = self.endpoints.iter().filter(|(_, endpoint)| endpoint.failures > 0).count();
        hold!("I3", failing == self.failing as usize, "{failing} endpoints fail, kept {}", self.failing);
        let waiting = self.tickets.iter().filter(|(_, waiter)| waiter.state() == WaitState::Waiting).count();
        hold!(
            "I3",
            waiting == self.queue.len() as usize,
            "{waiting} wait, {} in the queue",
            self.queue.len()
        );
        hold!(
            "I3",
            self.queue.iter(&self.tickets).count() == waiting,
            "the queues hold others than those that wait"
        );
        for (id, endpoint) in self.endpoints.iter() {
            let of = |life: fn(&Conn) -> bool| {
                self.conns.iter().filter(|(_, conn)| conn.endpoint == id && life(conn)).count() as u32
            };
            hold!("I4", of(|_| true) == endpoint.connections, "endpoint {id} keeps {}", endpoint.connections);
            let connecting = of(|conn| conn.life == Lifecycle::Connecting);
            hold!(
                "I4",
                connecting == endpoint.connecting,
                "endpoint {id} keeps {} connecting",
                endpoint.connecting
            );
        }
        Ok(())
    }

    fn check_connections(&self) -> Result<(), String> {
        for (id, conn) in self.conns.iter() {
            let leases = conn.leases.iter(&self.leases).count();
            hold!(
                "I2",
                leases == conn.leases.len() as usize,
                "{id} counts {} leases, has {leases}",
                conn.leases.len()
            );
            let leased = matches!(conn.life, Lifecycle::Leased);
            hold!("I5", leased != conn.leases.is_empty(), "{id} is {:?} with {leases} leases", conn.life);
            hold!("I5", (conn.life == Lifecycle::Probing) <= conn.probing, "{id} is Probing without a probe");
            hold!(
                "I10",
                conn.life != Lifecycle::Closing || leases == 0,
                "{id} is closed under {leases} leases"
            );
            let grants =
                || conn.leases.iter(&self.leases).filter(|&lease| self.leases[lease].granted_to.is_some());
            let waits = !conn.is_open() || grants().next().is_some();
            hold!(
                "I49",
                conn.mark != Some(CloseReason::Dead) || waits,
                "{id} was found dead, and keeps {leases} leases"
            );
            let marked = matches!(conn.life, Lifecycle::Leased | Lifecycle::Closing);
            hold!(
                "I5",
                conn.mark.is_none() || marked,
                "{id} is marked {:?} while {:?}",
                conn.mark,
                conn.life
            );
            hold!("I5", conn.life != Lifecycle::Closing || conn.mark.is_some(), "{id} closes for no reason");
            self.check_shelf(id, conn)?;
            if let Some(deadline) = self.deadline_of(id) {
                // One at the end of time, which never comes, needs no entry.
                let entry = self.timers.get(Key::Conn(id.slot())).unwrap_or(Time::MAX);
                hold!("I21", entry <= deadline.at, "{id}: {deadline:?} has the entry {entry:?}");
            }
        }
        let unused = self.conns.iter().filter(|(_, conn)| conn.is_open() && conn.leases.is_empty()).count();
        hold!("I3", unused == self.unused() as usize, "{unused} without a lease, kept {}", self.unused());
        let expired = self.conns.iter().filter(|(_, conn)| conn.expired).count();
        hold!(
            "I3",
            expired == self.kept.iter(&self.conns).count(),
            "{expired} have expired, others are kept"
        );
        let mut last = Time::ZERO;
        for id in self.kept.iter(&self.conns) {
            let expiry = self.idle_expiry(&self.conns[id]);
            hold!("I3", expiry.is_some_and(|at| at <= self.now), "{id} is kept before its time: {expiry:?}");
            hold!("I3", expiry >= Some(last), "{id} stands before one that has expired for longer");
            last = expiry.unwrap_or(last);
        }
        let on_conns: u32 = self.conns.iter().map(|(_, conn)| conn.leases.len()).sum();
        hold!(
            "I2",
            on_conns == self.leases.len(),
            "{on_conns} leases on connections of {}",
            self.leases.len()
        );
        Ok(())
    }

    fn check_shelf(&self, id: ConnId, conn: &Conn) -> Result<(), String> {
        let right = conn.shelf == conn.place()
            || (conn.shelf == Some(Shelf::Stale) && conn.place() == Some(Shelf::Ready));
        hold!("I16", right, "{id} is on {:?}, belongs on {:?}", conn.shelf, conn.place());
        if let Some(shelf) = conn.shelf {
            let there = self.shelves[shelf].iter(&self.conns).any(|other| other == id);
            hold!("I16", there, "{id} is not on its shelf {shelf:?}");
        }
        Ok(())
    }

    fn check_tickets(&self) -> Result<(), String> {
        for (id, waiter) in self.tickets.iter() {
            match waiter.state() {
                WaitState::Waiting => {
                    let entry = self.timers.deadline(&self.tickets, id);
                    hold!(
                        "I19",
                        entry.is_some_and(|at| at > self.now),
                        "{id} waits past its deadline {entry:?}"
                    );
                }
                WaitState::Granted(lease) => {
                    let back = self.leases.get(lease).and_then(|lease| lease.granted_to);
                    hold!("I8", back == Some(id), "{id} was granted a lease that is granted to {back:?}");
                }
                WaitState::Failed(_) => {}
            }
        }
        for (id, lease) in self.leases.iter() {
            if let Some(ticket) = lease.granted_to {
                let there = self.tickets.get(ticket).map(|waiter| waiter.state());
                hold!(
                    "I8",
                    there == Some(WaitState::Granted(id)),
                    "{id} is granted to {ticket}, which is {there:?}"
                );
            }
        }
        Ok(())
    }

    fn check_settled(&self) -> Result<(), String> {
        let found = self.find_rest();
        hold!(
            "I47",
            !self.rest.is_known() || found == self.rest,
            "it rests {found:?} and goes by {:?}",
            self.rest
        );
        let Some(head) = self.queue.head() else { return Ok(()) };
        hold!("I30", self.mode != Mode::Closing, "{head} waits in a closed pool");
        if self.suspended {
            return Ok(());
        }
        let since = self.tickets[head].proven_since;
        let may_have = |(id, conn): (ConnId, &Conn)| {
            let room = conn.is_grantable() && conn.proven >= since;
            room && if conn.stalled { since == Time::ZERO } else { self.is_fresh(id) }
        };
        if let Some((id, _)) = self.conns.iter().find(|&one| may_have(one)) {
            return Err(format!("I16: {head} waits beside {id}"));
        }
        let at_max = self.total() >= self.config.max_connections;
        let dialable = self.next_endpoint().is_some();
        hold!("I17", at_max || !dialable || !self.wants_dial(), "{head} waits, and nothing is dialled");
        let busy = self.total() > 0;
        hold!("I18", busy || self.timers.first().is_some(), "{head} waits for nothing");
        Ok(())
    }
}
