//! What happened, in words, for whoever comes to look later; bounded.

use std::collections::{HashMap, VecDeque, hash_map};
use std::time::Duration;

use pool_async::pool_core::{ConnId, Notice, Time};
use pool_async::{Connection, Events, NOTICES_KEPT, Observed};

use crate::alert::{Alert, AlertState};
use crate::rule::Severity;
use crate::words;

/// Entries kept per pool: more than the notices that a pool keeps, for of a flood the first one says how many were missed.
pub(crate) const ENTRIES_KEPT: usize = 300;
const _: () = assert!(ENTRIES_KEPT > NOTICES_KEPT);

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Counts the entries of a pool, from 1 on.
    pub seq: u64,
    /// When, on the pool's clock.
    pub at: Time,
    /// How bad it is.
    pub severity: Severity,
    /// What, in words.
    pub text: String,
    /// How many notices were lost before it, because more came in an interval than the pool keeps.
    pub missed: u64,
}

pub(crate) struct Log {
    events: Events,
    seq: u64,
    entries: VecDeque<Entry>,
    /// How many leases on a connection were reported as held for too long, and have not come back.
    held: HashMap<ConnId, u32>,
    /// Whether such a lease may have ended, or begun to be one, without a notice.
    is_unsure: bool,
    /// What is held for too long since before this is counted already.
    counted: Time,
}

impl Log {
    pub(crate) fn new(events: Events) -> Self {
        let (entries, held) = (VecDeque::new(), HashMap::new());
        // Of what was out for too long before, nobody has told.
        Log { events, seq: 0, entries, held, is_unsure: true, counted: Time::ZERO }
    }

    /// Takes in what the pool has noticed since the last call.
    pub(crate) fn listen(&mut self) {
        while let Some(Observed { at, notice, missed, .. }) = self.events.try_next() {
            self.is_unsure |= missed > 0;
            self.hold(at, notice);
            self.add(at, severity(notice), words::notice(notice), missed);
        }
    }

    fn hold(&mut self, at: Time, notice: Notice) {
        if let Notice::LeaseHeld { conn, .. } = notice
            && at > self.counted
        {
            *self.held.entry(conn).or_default() += 1;
        }
        if let Notice::LeaseReturned { conn, .. } = notice
            && let hash_map::Entry::Occupied(mut held) = self.held.entry(conn)
        {
            *held.get_mut() -= 1;
            if *held.get() == 0 {
                held.remove();
            }
        }
        if let Notice::LeaseAbandoned { conn } = notice {
            self.held.remove(&conn);
        }
    }

    /// Connections with a lease that has been out for too long.
    pub(crate) fn held(&self) -> usize {
        self.held.len()
    }

    /// A lease may have ended without a notice.
    pub(crate) fn doubt(&mut self) {
        self.is_unsure = true;
    }

    /// Whether [`Log::recount`] is needed.
    pub(crate) fn is_unsure(&self) -> bool {
        self.is_unsure
    }

    /// Counts what is held for too long by how the connections are at this time or a little later. Those that carry several leases do not
    /// show since when each is out: of them it is known only how many are.
    pub(crate) fn recount(&mut self, at: Time, connections: &[Connection], leak_after: Option<Duration>) {
        let is_long = |since: Time| leak_after.is_some_and(|limit| at.since(since) >= limit);
        let held = connections.iter().map(|row| row.info).map(|row| {
            let known = self.held.get(&row.id).copied().unwrap_or(0);
            // One that carries a single lease was used last when it was granted.
            let granted = row.last_used.filter(|_| row.leases_max == 1);
            (row.id, granted.map_or(known, |at| u32::from(is_long(at))).min(row.in_use))
        });
        self.held = held.filter(|(_, held)| *held > 0).collect();
        (self.is_unsure, self.counted) = (false, at);
    }

    pub(crate) fn alert(&mut self, at: Time, alert: &Alert) {
        let (severity, text) = match alert.state {
            AlertState::Resolved => (Severity::Info, format!("alert {} is over", alert.name)),
            AlertState::Pending | AlertState::Firing => {
                (alert.severity, format!("alert {}: {}", alert.name, alert.says))
            }
        };
        self.add(at, severity, text, 0);
    }

    pub(crate) fn add(&mut self, at: Time, severity: Severity, text: String, missed: u64) {
        if self.entries.len() == ENTRIES_KEPT {
            self.entries.pop_front();
        }
        self.seq += 1;
        self.entries.push_back(Entry { seq: self.seq, at, severity, text, missed });
    }

    /// The number of the newest entry; 0 before the first.
    pub(crate) fn last_seq(&self) -> u64 {
        self.seq
    }

    /// The entries after the one with this number.
    pub(crate) fn after(&self, seq: u64) -> Vec<Entry> {
        self.entries.iter().filter(|entry| entry.seq > seq).cloned().collect()
    }
}

fn severity(notice: Notice) -> Severity {
    match notice {
        Notice::EndpointDown { .. } | Notice::EndpointUnhealthy { .. } => Severity::Critical,
        Notice::ConnectionUnhealthy { .. } | Notice::LeaseHeld { .. } | Notice::LeaseAbandoned { .. } => {
            Severity::Warning
        }
        Notice::EndpointUp { .. }
        | Notice::EndpointHealthy { .. }
        | Notice::LeaseReturned { .. }
        | Notice::FreshnessLearned { .. } => Severity::Info,
        _ => Severity::Info,
    }
}
