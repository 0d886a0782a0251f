//! What happened, in words, for whoever comes to look later; bounded.

use std::collections::{HashSet, VecDeque};

use pool_async::pool_core::{ConnId, Notice, Time};
use pool_async::{Events, Observed};

use crate::alert::{Alert, AlertState};
use crate::rule::Severity;
use crate::words;

/// Entries kept per pool.
pub(crate) const ENTRIES_KEPT: usize = 200;

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
    /// Connections whose lease was reported as held for too long, and has not come back.
    held: HashSet<ConnId>,
}

impl Log {
    pub(crate) fn new(events: Events) -> Self {
        Log { events, seq: 0, entries: VecDeque::new(), held: HashSet::new() }
    }

    /// Takes in what the pool has noticed since the last call.
    pub(crate) fn listen(&mut self) {
        while let Some(Observed { at, notice, missed, .. }) = self.events.try_next() {
            if let Notice::LeaseHeld { conn, .. } = notice {
                self.held.insert(conn);
            }
            if let Notice::LeaseReturned { conn, .. } | Notice::LeaseAbandoned { conn } = notice {
                self.held.remove(&conn);
            }
            self.add(at, severity(notice), words::notice(notice), missed);
        }
    }

    /// Leases that have been out for too long, of those that are out.
    pub(crate) fn held(&mut self, leases: u32) -> usize {
        // Where notices were missed, a return may be among them.
        if leases == 0 {
            self.held.clear();
        }
        self.held.len().min(leases as usize)
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
