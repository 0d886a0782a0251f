//! Connections that carry several leases and make no progress. They are said to be stalled not before it is true (I25), and are asked
//! for a sign of life until they give one (I21): who waits for it beside such a connection waits for a bounded time (I16).

use pool_core::{ConnectionInfo, Health, Time};

use super::Step;
use crate::books::{Books, Link};
use crate::holds;

/// Each answered probe that was all the progress doubles the patience, so many times at most.
const DOUBLINGS: u32 = 6;

impl Step<'_> {
    pub(super) fn stalls_are_true(&self, books: &Books) {
        for conn in self.after.conns.iter().filter(|conn| conn.stalled) {
            let well = matches!(conn.health, Health::Healthy | Health::Unknown);
            holds!(conn.in_use > 0 && !well, "I16", "said to be stalled, and idle or well: {conn:?}");
            let moved = books.link(conn.id).map_or(Time::ZERO, |link| link.moved);
            let (now, earliest) = (self.after.now, moved + self.config.stall_after);
            holds!(now >= earliest, "I25", "{} is stalled at {now:?}, and moved at {moved:?}", conn.id);
        }
    }

    /// By when `conn` is asked for a sign of life because it makes no progress, if it is not asked yet: for the first time, or
    /// again, for the last probe failed.
    pub(super) fn stall(&self, conn: &ConnectionInfo, link: &Link) -> Option<Time> {
        let patience = self.config.stall_after;
        let watched = conn.is_active && conn.in_use > 0 && conn.leases_max > 1 && !patience.is_zero();
        if !watched || link.unsure || link.probing.is_some() {
            return None;
        }
        if conn.stalled {
            return Some(link.probed + patience);
        }
        let quiet = conn.last_used.max(conn.last_proven)?;
        Some(quiet + patience.saturating_mul(1 << link.answers.min(DOUBLINGS)))
    }
}
