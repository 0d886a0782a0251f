//! What is dialled and closed: enough, not too much, and only where and when it may be.

use std::time::Duration;

use pool_core::{
    Action, CloseReason, Config, ConnId, ConnectionInfo, Event, FaultClass, Health, Lifecycle, Reuse, Time,
    Verdict,
};

use super::Step;
use crate::books::{Books, Ending};
use crate::holds;
use crate::input::{Answer, Input};
use crate::view::{idle_since, is_open, usable};

impl Step<'_> {
    /// I27, I30: a connect goes to an endpoint that may be dialled, of the best priority that can be.
    pub(super) fn connect_is_due(&self, action: Action, books: &Books) {
        let Action::Connect { conn, endpoint, attempt } = action else { return };
        let shut = matches!(books.ending, Ending::ShutDown(_));
        holds!(!shut || self.flushing, "I30", "{conn} is dialled after the shutdown");
        if self.flushing {
            return;
        }
        holds!(!self.after.suspended, "I30", "{conn} is dialled by a suspended pool");
        let Some(end) = self.after.end(endpoint) else {
            panic!("I27: {conn} is dialled to {endpoint}, which is gone")
        };
        holds!(self.after.reachable(end), "I27", "{conn} is dialled at {:?}, {end:?}", self.after.now);
        let (there, failures) = (self.after.connecting_to(endpoint), end.failures);
        let gate = if failures > 0 { 1 } else { self.config.connects_max };
        holds!(there <= gate, "I27", "{there} connects to {endpoint} after {failures} failures");
        holds!(attempt == failures, "I27", "attempt {attempt} after {failures} failures");
        let priority = |id| books.endpoints.iter().find(|end| end.0 == id).map(|end| end.1);
        for other in &self.after.ends {
            let better = priority(other.id) < priority(endpoint)
                && self.after.dialable(other, self.config.connects_max);
            holds!(!better, "I27", "{conn} goes to {endpoint}, though {} can be dialled", other.id);
        }
    }

    /// I25, I41: a close has a reason, and the time for it has come.
    pub(super) fn close_is_due(&self, action: Action, books: &Books) {
        let Action::Close { conn, reason } = action else { return };
        let Some(before) = self.before.conn(conn) else { return };
        let since = match reason {
            CloseReason::ConnectTimeout => Some(before.created_at),
            CloseReason::Lifetime => before.opened_at,
            CloseReason::IdleExpired => before.last_used.max(before.opened_at),
            _ => None,
        };
        if let (Some(since), Some(patience), false) = (since, patience_of(reason, self.config), self.flushing)
        {
            let due = since + patience;
            holds!(
                due <= self.after.now,
                "I25",
                "{conn} is closed {reason:?} at {:?}, due {due:?}",
                self.after.now
            );
        }
        // Before its last lease ended it may have been worth keeping for its replacement.
        if reason == CloseReason::Unhealthy && self.prompt() && before.in_use == 0 {
            let (usable, status) = (self.after.usable(), &self.before.status);
            let covered = usable >= status.min.min(self.after.status.min)
                || status.total >= status.max.min(self.after.status.max);
            let ending = self.before.status.phase != self.after.status.phase;
            holds!(
                covered || ending || books.refuses(),
                "I41",
                "{conn} was closed before its replacement was open, {usable} usable"
            );
        }
    }

    /// I49: what is closed under its leases was asked for a sign of life, and has given none.
    pub(super) fn dead_is_dead(&self, action: Action, books: &Books) {
        let Action::Close { conn, reason: CloseReason::Dead } = action else { return };
        // Its last grant was claimed only now.
        let waited = self.before.conn(conn).is_some_and(|before| before.mark == Some(CloseReason::Dead));
        let link = books.link(conn);
        let silent = link
            .and_then(|link| link.probing)
            .is_some_and(|since| since + self.config.probe_timeout <= self.after.now);
        let unsure = self.flushing || link.is_some_and(|link| link.unsure);
        holds!(
            waited || silent || unsure || self.failed_for_good() == Some(conn),
            "I49",
            "{conn} is closed as dead, and no probe of it has failed"
        );
    }

    /// The connection whose probe has failed in this step in a way that leaves no hope for it.
    fn failed_for_good(&self) -> Option<ConnId> {
        let (class, reuse) = (FaultClass::Connection, Reuse::Discard);
        match self.deed {
            Some((
                Input::Report(event @ Event::ProbeFailed { conn, .. }),
                Answer::Verdict(Verdict::Accepted),
            )) => (event == Event::ProbeFailed { conn, class, reuse }).then_some(conn),
            _ => None,
        }
    }

    /// I49: and what was in use and has given none is closed.
    pub(super) fn the_dead_are_buried(&self) {
        let Some(conn) = self.failed_for_good() else { return };
        let used = |before: &ConnectionInfo| before.lifecycle == Lifecycle::Leased && before.mark.is_none();
        if self.exact && self.before.conn(conn).is_some_and(used) {
            let mark = self.after.conn(conn).map(|after| after.mark);
            holds!(
                mark == Some(Some(CloseReason::Dead)),
                "I49",
                "{conn} was found dead, and is marked {mark:?}"
            );
        }
    }

    /// I17, I17b, I26: the demand is met, and no more than that.
    pub(super) fn demand_is_served(&self, books: &Books) {
        let (view, status) = (self.after, &self.after.status);
        let connecting = view.count(Lifecycle::Connecting);
        let probing = status.probing;
        let dialled = self.outs.iter().any(|action| matches!(action, Action::Connect { .. }));
        if dialled && !self.flushing {
            let lacking = status.min.saturating_sub(view.usable() - self.renewing());
            let bound = books.waiting().max(lacking);
            holds!(
                connecting <= bound,
                "I17b",
                "{connecting} connecting for {} waiting, {lacking} lacking",
                books.waiting()
            );
        }
        if view.suspended || matches!(books.ending, Ending::ShutDown(_)) {
            return;
        }
        let unserved = books.waiting() > connecting + probing;
        if unserved {
            let idle = |conn: &&ConnectionInfo| {
                conn.lifecycle == Lifecycle::Idle && usable(conn) && conn.health != Health::Probation
            };
            let idle = view.conns.iter().find(idle);
            holds!(
                idle.is_none(),
                "I16",
                "{} wait beside {idle:?}, neither granted nor probed",
                books.waiting()
            );
        }
        if status.total < status.max && self.can_dial(books) {
            holds!(!unserved, "I17", "{} wait, {connecting} connecting, {probing} probing", books.waiting());
            let short = !books.refuses() && view.usable() + connecting < status.min;
            holds!(
                !short,
                "I26",
                "{} usable, {connecting} connecting, of at least {}",
                view.usable(),
                status.min
            );
        }
    }

    /// Whether an endpoint of the best priority that is reachable has room in its gate.
    fn can_dial(&self, books: &Books) -> bool {
        let priority = |id| books.endpoints.iter().find(|end| end.0 == id).map(|end| end.1);
        let reachable = || self.after.ends.iter().filter(|end| self.after.reachable(end));
        let best = reachable().map(|end| priority(end.id)).min();
        reachable()
            .any(|end| Some(priority(end.id)) == best && self.after.dialable(end, self.config.connects_max))
    }

    /// Connections so near the end of their lives that their replacements may be dialled.
    fn renewing(&self) -> u32 {
        let old = |conn: &&ConnectionInfo| {
            usable(conn) && self.renewal(conn).is_some_and(|at| at <= self.after.now)
        };
        self.after.conns.iter().filter(old).count() as u32
    }

    /// When `conn` takes its place in the row of retirements.
    pub(super) fn renewal(&self, conn: &ConnectionInfo) -> Option<Time> {
        let life = self.config.max_lifetime;
        let lead = self.config.connection_timeout.min(life / 10);
        let opened = conn.opened_at.filter(|_| !life.is_zero() && is_open(conn))?;
        Some(opened + (life - lead))
    }

    /// When `conn` expires by idleness, if more than the minimum are usable and nobody waits who could use it.
    pub(super) fn idle_expiry(&self, conn: &ConnectionInfo) -> Option<Time> {
        let status = &self.after.status;
        let expires =
            usable(conn) && self.after.usable() - self.renewing() > status.min && status.waiting == 0;
        Some(idle_since(conn).filter(|_| expires)? + self.config.max_idle_time)
    }
}

/// The time that must have passed before a connection is closed for that reason.
fn patience_of(reason: CloseReason, config: &Config) -> Option<Duration> {
    if reason == CloseReason::ConnectTimeout {
        Some(config.connection_timeout)
    } else if reason == CloseReason::Lifetime {
        Some(config.max_lifetime)
    } else if reason == CloseReason::IdleExpired {
        Some(config.max_idle_time)
    } else {
        None
    }
}
