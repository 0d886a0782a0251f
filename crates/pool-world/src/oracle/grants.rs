//! What is granted: nothing marked, old, ejected, stale or held back.

use pool_core::{CloseReason, ConnectionInfo, Health, Lifecycle};

use super::Step;
use crate::books::Books;
use crate::holds;

impl Step<'_> {
    /// I2, I37, I39 for every connection that carries one lease more than before.
    pub(super) fn grants_are_right(&self, books: &Books) {
        let status = &self.after.status;
        holds!(
            status.total <= status.max.max(self.before.status.total),
            "I1",
            "{} of {}",
            status.total,
            status.max
        );
        holds!(status.total == self.after.conns.len() as u32, "I3", "total is {}", status.total);
        holds!(status.leases == self.after.leases(), "I3", "leases are {}", status.leases);
        for conn in &self.after.conns {
            let over = conn.in_use > conn.leases_max.max(1);
            let before = self.before.conn(conn.id);
            let inherited = before.is_some_and(|before| before.in_use >= conn.in_use);
            holds!(!over || inherited, "I2", "{} carries {} of {}", conn.id, conn.in_use, conn.leases_max);
            let leased = conn.lifecycle == Lifecycle::Leased;
            holds!(
                leased == (conn.in_use > 0),
                "I2",
                "{} is {:?} with {}",
                conn.id,
                conn.lifecycle,
                conn.in_use
            );
            if !self.flushing && self.was_granted(conn, before) {
                self.grant_is_right(conn, books);
            }
        }
    }

    /// It carries one more, or one came back and another went out in the same step.
    fn was_granted(&self, conn: &ConnectionInfo, before: Option<&ConnectionInfo>) -> bool {
        let Some(before) = before else { return conn.in_use > 0 };
        let handed_on = conn.in_use == before.in_use && conn.in_use > 0 && conn.last_used != before.last_used;
        conn.in_use > before.in_use || handed_on
    }

    fn grant_is_right(&self, conn: &ConnectionInfo, books: &Books) {
        let id = conn.id;
        holds!(!self.after.suspended, "I37", "{id} was granted by a suspended pool");
        // The last one that a draining pool serves is marked as soon as it is served.
        let last = books.refuses() && books.waiting() == 0 && conn.mark == Some(CloseReason::Shutdown);
        holds!(conn.mark.is_none() || last, "I37", "{id} was granted with mark {:?}", conn.mark);
        holds!(conn.health != Health::Unhealthy, "I37", "{id} was granted and is unhealthy");
        // Beside another lease it may be granted though it makes no progress, when no other has room.
        let stalled = conn.in_use > 1 && conn.stalled;
        holds!(
            stalled || self.after.fresh(conn, None),
            "I37",
            "{id} was granted stale: {conn:?} at {:?}",
            self.after.now
        );
        let link = books.link(id).map(|link| link.generation);
        let generation = self.after.status.generation;
        holds!(link == Some(generation), "I37", "{id} is of generation {link:?}, the pool of {generation}");
        let draining = self.after.end(conn.endpoint).is_none_or(|end| end.draining);
        holds!(!draining, "I37", "{id} was granted, its endpoint is being drained");
        holds!(
            conn.in_use == 1 || conn.health != Health::Probation,
            "I39",
            "{id} is on probation and was granted beside another lease"
        );
    }
}
