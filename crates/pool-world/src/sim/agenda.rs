//! What will happen, by time; what is due at the same instant happens in the order in which it was decided.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use pool_core::Time;

#[derive(Debug)]
pub(super) struct Agenda<T> {
    heap: BinaryHeap<Reverse<(Time, u64, T)>>,
    decided: u64,
}

impl<T: Ord> Default for Agenda<T> {
    fn default() -> Self {
        Agenda { heap: BinaryHeap::new(), decided: 0 }
    }
}

impl<T: Ord> Agenda<T> {
    pub(super) fn add(&mut self, at: Time, what: T) {
        self.decided += 1;
        self.heap.push(Reverse((at, self.decided, what)));
    }

    pub(super) fn next_at(&self) -> Time {
        self.heap.peek().map_or(Time::MAX, |Reverse((at, ..))| *at)
    }

    /// The next, if it happens before or at `end`.
    pub(super) fn take(&mut self, end: Time) -> Option<(Time, T)> {
        if self.next_at() > end {
            return None;
        }
        self.heap.pop().map(|Reverse((at, _, what))| (at, what))
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.heap.retain(|Reverse((_, _, what))| keep(what));
    }
}
