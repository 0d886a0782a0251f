//! What is on in production: a bounded memory of the last calls.
//!
//! Rules kept here: at least the last half of the events that were asked for is there, at most all of them; between two changes of
//! segment nothing is allocated; a note is a move of 32 bytes.

use pool_core::{Call, Image, Pool, Record, Time};

use crate::recording::Recording;

/// The last calls of a pool, in two segments: each begins with a copy of the pool, so that the older can be forgotten whole.
///
/// Memory: 32 bytes an event, and two copies of the pool (about 5 KiB each, and some 300 bytes for each connection, waiter and lease).
#[derive(Debug)]
pub struct Ring {
    /// Records that a segment holds.
    size: usize,
    older: Option<Segment>,
    newer: Option<Segment>,
}

#[derive(Clone, Debug)]
struct Segment {
    first: Pool,
    records: Vec<Record>,
}

impl Ring {
    /// A ring for the last `events` calls, at least two.
    pub fn new(events: usize) -> Ring {
        Ring { size: events.div_ceil(2).max(1), older: None, newer: None }
    }

    /// Whether the next note needs no copy of the pool: then it may be made after the call.
    #[inline]
    pub fn has_room(&self) -> bool {
        self.newer.as_ref().is_some_and(|segment| segment.records.len() < self.size)
    }

    /// Notes a call that `pool` is about to be given.
    #[inline(always)]
    pub fn note(&mut self, pool: &Pool, now: Time, call: Call) {
        match &mut self.newer {
            Some(segment) if segment.records.len() < self.size => segment.records.push(Record::of(now, call)),
            _ => self.begin(pool, Record::of(now, call)),
        }
    }

    /// Begins a segment in the memory of the one that is forgotten.
    #[cold]
    fn begin(&mut self, pool: &Pool, record: Record) {
        let mut records = match self.older.take() {
            Some(oldest) => oldest.records,
            None => Vec::with_capacity(self.size),
        };
        records.clear();
        records.push(record);
        self.older = self.newer.replace(Segment { first: pool.clone(), records });
    }

    /// How many calls are there.
    pub fn len(&self) -> usize {
        [&self.older, &self.newer].into_iter().flatten().map(|segment| segment.records.len()).sum()
    }

    /// Whether nothing has been noted yet.
    pub fn is_empty(&self) -> bool {
        self.newer.is_none()
    }

    /// What is there now, with `pool` as it is now: to be done under the lock. It copies, and writes nothing.
    pub fn copy(&self, pool: &Pool) -> Tape {
        let oldest = self.older.as_ref().or(self.newer.as_ref());
        let mut records = Vec::with_capacity(self.len());
        for segment in [&self.older, &self.newer].into_iter().flatten() {
            records.extend_from_slice(&segment.records);
        }
        Tape { first: oldest.map_or(pool, |segment| &segment.first).clone(), records, last: pool.clone() }
    }
}

/// What a ring held at one moment: to be made into a [`Recording`] without the lock.
#[derive(Clone, Debug)]
#[must_use = "a copy of a ring is for a recording"]
pub struct Tape {
    first: Pool,
    records: Vec<Record>,
    last: Pool,
}

impl Tape {
    /// The recording. Actions that had not been taken yet are left out of its last image, as they are by a replay.
    pub fn into_recording(mut self) -> Recording {
        while self.last.poll_action().is_some() {}
        Recording::new(Image::of(&self.first), self.records, Some(Image::of(&self.last)))
    }
}
