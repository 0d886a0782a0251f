//! When the pool wakes: never too late (I19, I21, I25), never in vain (I20, I23), and never two retirements at once (I43).
//!
//! Every deadline is worked out again from what can be seen, by looking at everything: a core that oversleeps has nowhere
//! to hide.

use std::time::Duration;

use pool_core::{Action, CloseReason, ConnId, ConnectionInfo, Lifecycle, Time};

use super::{Memory, Step};
use crate::books::{Books, Ending, Fate};
use crate::holds;
use crate::view::is_open;

impl Step<'_> {
    pub(super) fn clock_is_right(&self, books: &mut Books, memory: &mut Memory) {
        let now = self.after.now;
        self.probes_have_ended(books);
        if let Some(until) = self.until {
            holds!(
                until.at > now,
                "I20",
                "asks to be woken for {:?} at {:?}, and it is {now:?}",
                until.why,
                until.at
            );
        }
        let until = self.until.map_or(Time::MAX, |until| until.at);
        let within = |due: Time, what: &dyn std::fmt::Debug| {
            holds!(due > now, "I25", "{what:?} was due at {due:?}, it is {now:?}");
            holds!(until <= due, "I21", "{what:?} is due at {due:?}, sleeps until {:?}", self.until);
        };
        self.callers_deadlines(books, &within);
        self.reports_deadlines(books, &within);
        self.policy_deadlines(books, &within);
        self.empty_pool_sleeps(books);
        self.retirements_are_spread(memory);
    }

    /// I25: a probe that has had its time is over for the core, and the connection is done with.
    fn probes_have_ended(&self, books: &mut Books) {
        for link in &mut books.links {
            // Of a probe beside a lease, and held back, it is not known whether it is over, until the lease is: a probe that
            // still runs began by now.
            let lifecycle = self.after.conn(link.id).map(|conn| conn.lifecycle);
            if lifecycle != Some(Lifecycle::Leased) {
                link.answers = 0;
            }
            let was_unsure = link.unsure;
            link.unsure = lifecycle == Some(Lifecycle::Leased)
                && (was_unsure || (self.flushing && link.probing.is_some()));
            if link.unsure {
                link.probing = None;
            } else if was_unsure && lifecycle == Some(Lifecycle::Probing) {
                link.probing = Some(self.after.now);
            }
            if link.probing.is_some_and(|since| since + self.config.probe_timeout <= self.after.now) {
                let marked = self.after.conn(link.id).is_some_and(|conn| conn.mark.is_some());
                holds!(marked, "I25", "the probe of {} had its time, and it goes on", link.id);
                link.probing = None;
            }
        }
    }

    /// I19: patience, leak watch, grace.
    fn callers_deadlines(&self, books: &Books, within: &dyn Fn(Time, &dyn std::fmt::Debug)) {
        for waiter in books.waiters.iter().filter(|waiter| waiter.fate == Fate::Waiting) {
            let (now, deadline) = (self.after.now, waiter.deadline);
            holds!(deadline > now, "I19", "acquire {} waits past {deadline:?}", waiter.key);
            within(deadline, &("patience of acquire", waiter.key));
        }
        if let Some(leak_after) = self.config.leak_after {
            for tenant in books.tenants.iter().filter(|tenant| !tenant.abandoned) {
                let id = tenant.lease.conn();
                let single = self.after.conn(id).is_some_and(|conn| conn.leases_max == 1 && conn.uses == 1);
                let reported = books.link(id).is_none_or(|link| link.leak_reported);
                if single && !reported {
                    within(tenant.since + leak_after, &("leak watch", id));
                }
            }
        }
        if let Ending::ShutDown(at) = books.ending
            && self.after.leases() > 0
        {
            within(at, &"grace of the shutdown");
        }
    }

    /// What the driver was asked to do and has not reported.
    fn reports_deadlines(&self, books: &Books, within: &dyn Fn(Time, &dyn std::fmt::Debug)) {
        for conn in self.after.conns.iter().filter(|conn| conn.lifecycle == Lifecycle::Connecting) {
            within(conn.created_at + self.config.connection_timeout, &("connect timeout", conn.id));
        }
        for link in &books.links {
            if link.closing < Time::MAX {
                within(link.closing + self.config.release_timeout, &("close timeout", link.id));
            }
            if let Some(since) = link.probing {
                within(since + self.config.probe_timeout, &("probe timeout", link.id));
            }
        }
    }

    /// What the pool does by itself.
    fn policy_deadlines(&self, books: &Books, within: &dyn Fn(Time, &dyn std::fmt::Debug)) {
        let (now, interval) = (self.after.now, self.config.health_check_interval);
        let refuses = books.refuses();
        for conn in &self.after.conns {
            let Some(link) = books.link(conn.id) else { continue };
            if let Some(due) = self.stall(conn, link) {
                within(due, &("stall", conn.id));
            }
            if let Some(due) = self.idle_expiry(conn) {
                within(due, &("idle expiry", conn.id));
            }
            if let Some(due) = self.renewal(conn).filter(|&due| due > now && conn.mark.is_none()) {
                within(due, &("renewal", conn.id));
            }
            if let (Some(opened), true) =
                (conn.opened_at, conn.mark.is_none() && self.renewal(conn).is_some())
            {
                // However many retire before it, the row is no longer than one more lifetime for each hundred of them.
                let row = self.config.max_lifetime * (2 + books.graves.len() as u32);
                within(opened + row, &("retirement", conn.id));
            }
            if conn.lifecycle == Lifecycle::Idle && !interval.is_zero() && conn.mark.is_none() && !refuses {
                // Any traffic tells something about a connection, not only a proof of life.
                let last =
                    conn.last_used.max(conn.last_proven).max(conn.opened_at).unwrap_or(now).max(link.probed);
                within(last + interval * 23 / 20 + Duration::from_nanos(1), &("probe", conn.id));
            }
        }
        let shut = matches!(books.ending, Ending::ShutDown(_));
        let status = &self.after.status;
        let connecting = self.after.count(Lifecycle::Connecting);
        let probing = self.after.status.probing;
        let lacking = !refuses && self.after.usable() + connecting < status.min;
        let wanted = lacking || books.waiting() > connecting + probing;
        if wanted && status.total < status.max && !self.after.suspended && !shut {
            for end in self.after.ends.iter().filter(|end| !end.draining) {
                if let Some(at) = end.retry_at.filter(|&at| at > now && self.after.connecting_to(end.id) == 0)
                {
                    let better =
                        self.after.ends.iter().any(|other| other.id != end.id && self.after.reachable(other));
                    if !better {
                        within(at, &("redial", end.id));
                    }
                }
            }
        }
    }

    /// I23: nothing there and nobody waiting is nothing to wake up for.
    fn empty_pool_sleeps(&self, books: &Books) {
        let status = &self.after.status;
        let empty = status.total == 0 && books.waiting() == 0 && (status.min == 0 || books.refuses());
        holds!(!empty || self.until.is_none(), "I23", "an empty idle pool wakes for {:?}", self.until);
    }

    /// I43, as far as a prompt driver can see it: from the marks and closes that say `Lifetime`.
    fn retirements_are_spread(&self, memory: &mut Memory) {
        memory.widest = memory.widest.max(self.before.status.max).max(self.after.status.max);
        if !self.prompt() {
            memory.retired = None;
            return;
        }
        let apart = self.config.max_lifetime / memory.widest;
        let unmarked = |id: ConnId| self.before.conn(id).is_some_and(|before| before.mark.is_none());
        let closed = self.outs.iter().filter(|action| match **action {
            Action::Close { conn, reason } => reason == CloseReason::Lifetime && unmarked(conn),
            _ => false,
        });
        let lifetime = |conn: &&ConnectionInfo| conn.mark == Some(CloseReason::Lifetime);
        let marked =
            self.after.conns.iter().filter(lifetime).filter(|conn| is_open(conn) && unmarked(conn.id));
        for _ in 0..closed.count() + marked.count() {
            let now = self.after.now;
            let gap = memory.retired.map(|earlier| now.since(earlier));
            holds!(
                gap.is_none_or(|gap| gap >= apart),
                "I43",
                "two retirements {gap:?} apart, at least {apart:?} allowed"
            );
            memory.retired = Some(now);
        }
    }
}
