//! What must hold of a state before [`Pool::check`](crate::Pool::check) can walk it, and of the numbers that it counts on from.
//!
//! The order matters: first the arenas, then the names in their tenants, then the lists and the timers over them.

use alloc::string::{String, ToString};

use crate::conn::{Conn, Shelf};
use crate::histogram::Histogram;
use crate::pool::{LATEST, Pool};
use crate::state::Lifecycle;
use crate::stats::Stats;
use crate::time::{Span, Time};
use crate::timers::Key;
use crate::waiter::WaitState;

/// A counter beyond this was never counted.
const COUNT_LIMIT: u64 = u64::MAX / 2;

fn hold(condition: bool, what: &str) -> Result<(), String> {
    if condition { Ok(()) } else { Err(what.to_string()) }
}

impl Pool {
    pub(super) fn check_structure(&self) -> Result<(), String> {
        self.config.validate().map_err(|error| error.to_string())?;
        hold(self.now <= LATEST, "its time is later than any")?;
        let idle_limit = Span::of(self.config.max_idle_time);
        hold(self.idle_limit == idle_limit, "it goes by another limit of idleness than it was given")?;
        let arenas = [
            self.endpoints.is_whole(),
            self.conns.is_whole(),
            self.leases.is_whole(),
            self.tickets.is_whole(),
        ];
        hold(arenas == [true; 4], "slots are lost or doubled")?;
        self.check_names()?;
        self.check_lists()?;
        self.check_timers()?;
        self.check_past()?;
        self.check_numbers()
    }

    fn check_names(&self) -> Result<(), String> {
        let conns = self.conns.iter().all(|(_, conn)| self.endpoints.get(conn.endpoint).is_some());
        hold(conns, "a connection goes to an endpoint that is not there")?;
        let leases = self.leases.iter().all(|(_, lease)| self.conns.get(lease.conn).is_some());
        hold(leases, "a lease is on a connection that is not there")
    }

    fn check_lists(&self) -> Result<(), String> {
        hold(self.queue.is_whole(&self.tickets), "the queue is not whole")?;
        let mut shelved = 0;
        for shelf in [Shelf::Ready, Shelf::Stale, Shelf::Stalled, Shelf::Sick] {
            let list = &self.shelves[shelf];
            hold(list.is_whole(&self.conns, |_, conn| conn.shelf == Some(shelf)), "a shelf is not whole")?;
            shelved += list.len() as usize;
        }
        let on_shelves = self.conns.iter().filter(|(_, conn)| conn.shelf.is_some()).count();
        hold(on_shelves == shelved, "a connection is on no shelf and says that it is on one")?;
        let kept = |conn: &Conn| conn.is_open() && conn.leases.is_empty() && conn.expired;
        hold(self.kept.is_whole(&self.conns, |_, conn| kept(conn)), "the list of kept ones is not whole")?;
        let expired = self.conns.iter().filter(|(_, conn)| conn.expired).count();
        hold(expired == self.kept.len() as usize, "a connection is kept and not among the kept")?;
        for (id, conn) in self.conns.iter() {
            let whole = conn.leases.is_whole(&self.leases, |_, lease| lease.conn == id);
            hold(whole, "the leases of a connection are not whole")?;
        }
        Ok(())
    }

    fn check_timers(&self) -> Result<(), String> {
        let whole = self.timers.is_whole(&self.tickets, |key| match key {
            Key::Ticket(index) => {
                self.tickets.in_slot(index).is_some_and(|waiter| waiter.state() == WaitState::Waiting)
            }
            Key::Conn(index) => self.conns.in_slot(index).is_some(),
            Key::Endpoint(index) => self.endpoints.in_slot(index).is_some(),
            Key::Shrink | Key::Grace => true,
        });
        hold(whole, "the timers are not whole")
    }

    /// What has happened, happened by now: the orders of the lists hang on it.
    fn check_past(&self) -> Result<(), String> {
        let past = |at: Time| at <= self.now;
        let or_never = |at: Time| past(at) || at == Time::MAX;
        let conns = self.conns.iter().all(|(_, conn)| {
            let certain = [conn.created_at, conn.proven, conn.looked_at, conn.progress_at];
            certain.into_iter().all(past) && or_never(conn.opened_at) && or_never(conn.last_used)
        });
        hold(conns, "a connection has a past that is yet to come")?;
        let leases = self.leases.iter().all(|(_, lease)| past(lease.since));
        let waiters = self.tickets.iter().all(|(_, waiter)| past(waiter.since.max(waiter.proven_since)));
        hold(leases && waiters, "a caller came who is yet to come")
    }

    fn check_numbers(&self) -> Result<(), String> {
        hold(self.shrink.is_whole() && self.budget.is_whole(), "a window is not whole")?;
        hold(
            self.endpoints.iter().all(|(_, endpoint)| endpoint.is_whole()),
            "an endpoint's counts are not whole",
        )?;
        for (_, conn) in self.conns.iter() {
            let claimed = |&lease: &crate::id::LeaseId| self.leases[lease].granted_to.is_none();
            let claimed = conn.leases.iter(&self.leases).filter(claimed).count() as u64;
            hold(
                (claimed..COUNT_LIMIT).contains(&conn.uses),
                "a connection counts fewer uses than it has leases",
            )?;
            hold(
                conn.leases_max > 0 && conn.recoveries < u32::MAX / 2,
                "a connection's counts are not whole",
            )?;
            hold(conn.life != Lifecycle::Gone, "a connection is gone and still there")?;
            hold(conn.is_open() || !conn.probing, "a connection that is not open is probed")?;
            hold(
                conn.life != Lifecycle::Closing || conn.mark.is_some(),
                "a connection closes without a reason",
            )?;
        }
        hold(self.stats.is_whole(), "the statistics are not whole")
    }
}

impl Stats {
    fn is_whole(&self) -> bool {
        let Stats { wait, hold, connect, closed, faults, .. } = self;
        let single = [
            self.acquires,
            self.leases,
            self.timeouts,
            self.queue_full,
            self.exhausted,
            self.unavailable,
            self.refused_closed,
            self.cancelled,
            self.successes,
            self.returned,
            self.connects,
            self.opened,
            self.connect_failures,
            self.probes,
            self.probe_failures,
            self.close_timeouts,
            self.detached,
            self.abandoned,
            self.retries,
            self.retries_refused,
        ];
        single.iter().chain(closed).chain(faults).all(|&count| count < COUNT_LIMIT)
            && [wait, hold, connect].into_iter().all(Histogram::is_whole)
    }
}
