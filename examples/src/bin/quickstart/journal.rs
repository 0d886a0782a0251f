//! What happened, with the time: what the story does, the pool's notices, and connections coming and going.

use std::time::Duration;

use examples::screen::{Line, Paint};
use examples::words;
use pool_tokio::SupabasePool;
use pool_tokio::pool_async::Events;
use pool_tokio::pool_core::{CloseReason, Notice, Stats, Time};

use crate::story::Act;

struct Entry {
    at: Duration,
    paint: Paint,
    text: String,
}

/// What happened so far.
pub(crate) struct Journal {
    pool: SupabasePool,
    began: Time,
    events: Events,
    /// The counters at the last look.
    before: Stats,
    entries: Vec<Entry>,
    /// How many entries have been printed.
    read: usize,
}

impl Journal {
    pub(crate) fn of(pool: &SupabasePool) -> Journal {
        let core = pool.pool();
        let (began, events, before) = (core.now(), core.events(), core.stats());
        Journal { pool: pool.clone(), began, events, before, entries: Vec::new(), read: 0 }
    }

    /// How long the round has been running.
    pub(crate) fn elapsed(&self) -> Duration {
        self.age(self.began)
    }

    /// How long ago a moment of the pool's clock was.
    pub(crate) fn age(&self, moment: Time) -> Duration {
        self.pool.pool().now().since(moment)
    }

    /// An act of the story begins.
    pub(crate) fn act(&mut self, act: &Act) {
        self.add(self.elapsed(), Paint::Bold, format!("{}: {}", act.title, act.text));
    }

    /// The story has done something; after what the pool has noticed before that.
    pub(crate) fn event(&mut self, text: String) {
        self.look();
        self.add(self.elapsed(), Paint::Bold, text);
    }

    /// Takes in what the pool has noticed since the last look.
    pub(crate) fn look(&mut self) {
        while let Some(observed) = self.events.try_next() {
            if observed.missed > 0 {
                let text = format!("{} came too fast to be shown", words::count(observed.missed, "notice"));
                self.add(self.elapsed(), Paint::Dim, text);
            }
            self.add(observed.at.since(self.began), mood(observed.notice), words::notice(observed.notice));
        }
        let stats = self.pool.pool().stats();
        let new = stats.since(&self.before);
        for reason in CloseReason::ALL {
            let closed = new.closed_for(reason);
            if closed > 0 {
                let text =
                    format!("{} closed: {}", words::count(closed, "connection"), words::reason(reason));
                self.add(self.elapsed(), Paint::Warn, text);
            }
        }
        if new.opened > 0 {
            let text = format!("{} opened", words::count(new.opened, "connection"));
            self.add(self.elapsed(), Paint::Plain, text);
        }
        self.before = stats;
    }

    /// The last so many entries.
    pub(crate) fn last(&self, number: usize) -> impl Iterator<Item = Line> {
        self.entries[self.entries.len().saturating_sub(number)..].iter().map(Entry::line)
    }

    /// The entries that have not been printed.
    pub(crate) fn unread(&mut self) -> Vec<Line> {
        let lines = self.entries[self.read..].iter().map(Entry::line).collect();
        self.read = self.entries.len();
        lines
    }

    fn add(&mut self, at: Duration, paint: Paint, text: String) {
        // A notice is older than what was written since; but what has been printed stays where it is.
        let place = self.entries[self.read..].partition_point(|entry| entry.at <= at);
        self.entries.insert(self.read + place, Entry { at, paint, text });
    }
}

impl Entry {
    fn line(&self) -> Line {
        Line::new()
            .paint(Paint::Dim, format!("{:>7.2} s  ", self.at.as_secs_f64()))
            .paint(self.paint, self.text.as_str())
    }
}

const fn mood(notice: Notice) -> Paint {
    match notice {
        Notice::EndpointUp { .. } | Notice::EndpointHealthy { .. } => Paint::Good,
        Notice::EndpointDown { .. } | Notice::EndpointUnhealthy { .. } => Paint::Bad,
        Notice::ConnectionUnhealthy { .. } => Paint::Warn,
        Notice::LeaseHeld { .. }
        | Notice::LeaseReturned { .. }
        | Notice::FreshnessLearned { .. }
        | Notice::LeaseAbandoned { .. }
        | _ => Paint::Plain,
    }
}
