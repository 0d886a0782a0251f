//! What the pool says of itself is what its rows say, counted once more (I3).

use pool_core::{Health, Lifecycle, Phase};

use super::Step;
use crate::books::Books;
use crate::holds;
use crate::view::{is_open, usable};

impl Step<'_> {
    pub(super) fn status_is_a_recount(&self, books: &Books) {
        let (view, status) = (self.after, &self.after.status);
        let open = |word: &str| {
            view.conns.iter().filter(|conn| is_open(conn) && conn.health.word() == word).count() as u32
        };
        let down = view.ends.iter().filter(|end| end.retry_at.is_some()).count();
        let exact = [
            ("in use", status.in_use, view.count(Lifecycle::Leased)),
            ("connecting", status.connecting, view.count(Lifecycle::Connecting)),
            ("closing", status.closing, view.count(Lifecycle::Closing)),
            ("healthy", status.healthy, open("healthy")),
            ("unhealthy", status.unhealthy, open("unhealthy")),
            ("unknown", status.unknown, open("unknown")),
            ("endpoints down", status.endpoints_down, down as u32),
            ("endpoints up", status.endpoints_up, (view.ends.len() - down) as u32),
        ];
        for (what, told, counted) in exact {
            holds!(told == counted, "I3", "the pool says that {told} are {what}, there are {counted}");
        }
        self.available_is_a_recount(books);
        self.phase_is_right(books);
        for conn in &view.conns {
            let active = is_open(conn) && conn.mark.is_none();
            holds!(conn.is_active == active, "I3", "is it active? {conn:?}");
            holds!(conn.last_proven.is_some() == is_open(conn), "I3", "has it proved alive? {conn:?}");
        }
    }

    /// A probe keeps others away, unless the connection stalls: then it is the last resort as before.
    fn available_is_a_recount(&self, books: &Books) {
        let (mut least, mut most) = (0, 0);
        for conn in self.after.conns.iter().filter(|conn| usable(conn)) {
            let limit = if conn.health == Health::Probation { 1 } else { conn.leases_max };
            let room = conn.lifecycle != Lifecycle::Probing && conn.in_use < limit;
            let link = books.link(conn.id);
            let probing = link.is_some_and(|link| link.probing.is_some());
            let unsure = link.is_none_or(|link| link.unsure);
            least += u32::from(room && (conn.stalled || (!probing && !unsure)));
            most += u32::from(room && (conn.stalled || !probing));
        }
        let available = self.after.status.available;
        let possible = (least..=most).contains(&available);
        holds!(possible, "I3", "{available} are said to be available, there are {least} to {most}");
    }

    fn phase_is_right(&self, books: &Books) {
        let phase = self.after.status.phase;
        let troubled = self.after.ends.iter().any(|end| end.failures > 0 || end.health == Health::Unhealthy);
        let right = if books.refuses() {
            matches!(phase, Phase::Draining | Phase::Closed)
        } else if self.after.suspended {
            phase == Phase::Suspended
        } else if troubled {
            phase == Phase::Degraded
        } else {
            matches!(phase, Phase::Starting | Phase::Running)
        };
        holds!(right, "I3", "the phase is {phase:?}, {:?}", self.after);
        let gone = phase != Phase::Closed || self.after.status.total == 0;
        holds!(gone, "I30", "the phase is {phase:?}, and {} are left", self.after.status.total);
    }
}
