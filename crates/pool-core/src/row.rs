//! The deadlines of those who wait, in their order, as a list through the waiters: joining at the end, leaving from anywhere and
//! looking at the first are O(1). Who would have to join in the middle does not join.
//!
//! As a rule the one before is the neighbour in the queue too, so that whoever comes or goes touches no further record.

#[cfg(feature = "image")]
use crate::arena::Arena;
use crate::arena::Slots;
use crate::id::TicketId;
use crate::list::{Links, List, Via};
use crate::time::Time;
use crate::waiter::Waiter;

#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub(crate) struct Row {
    /// The deadline of the first; `Time::MAX`: nobody is there.
    first_at: Time,
    list: List<TicketId, InRow>,
}

/// A waiter's place in the row.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Place {
    /// `Time::MAX`: not in the row.
    until: Time,
    links: Links<TicketId>,
}

impl Place {
    pub(crate) const NONE: Self = Place { until: Time::MAX, links: Links::NONE };

    /// The deadline, of those who are in the row.
    #[cfg(any(test, feature = "check", feature = "image"))]
    pub(crate) fn deadline(&self) -> Option<Time> {
        (self.until < Time::MAX).then_some(self.until)
    }
}

/// Selects the links of a waiter in the row.
#[derive(Clone, Debug)]
pub(crate) struct InRow;

impl Via<TicketId, Waiter> for InRow {
    fn links(waiter: &Waiter) -> &Links<TicketId> {
        &waiter.in_row.links
    }

    fn links_mut(waiter: &mut Waiter) -> &mut Links<TicketId> {
        &mut waiter.in_row.links
    }
}

impl Row {
    pub(crate) const fn new() -> Self {
        Row { first_at: Time::MAX, list: List::new() }
    }

    pub(crate) fn first(&self) -> Option<(Time, TicketId)> {
        Some((self.first_at, self.list.head()?))
    }

    #[inline]
    pub(crate) const fn first_at(&self) -> Time {
        self.first_at
    }

    /// Puts a waiter that is not in the row at its end; false: it does not belong there. A patience without end is no deadline.
    #[inline]
    pub(crate) fn join(
        &mut self,
        waiters: &mut impl Slots<TicketId, Tenant = Waiter>,
        id: TicketId,
        until: Time,
    ) -> bool {
        let last_at = match self.list.tail() {
            Some(last) => waiters.slot(last.slot()).1.in_row.until,
            None => Time::ZERO,
        };
        if until == Time::MAX || until < last_at {
            return false;
        }
        if self.list.is_empty() {
            self.first_at = until;
        }
        waiters.slot(id.slot()).1.in_row.until = until;
        self.list.push_back(waiters, id);
        true
    }

    /// Takes a waiter out of the row; false: it is not there.
    #[inline]
    pub(crate) fn leave(
        &mut self,
        waiters: &mut impl Slots<TicketId, Tenant = Waiter>,
        id: TicketId,
    ) -> bool {
        let until = &mut waiters.slot(id.slot()).1.in_row.until;
        if *until == Time::MAX {
            return false;
        }
        *until = Time::MAX;
        if self.list.remove(waiters, id) {
            self.first_at = match self.list.head() {
                Some(first) => waiters.slot(first.slot()).1.in_row.until,
                None => Time::MAX,
            };
        }
        true
    }

    /// Whether the links agree in both directions, deadlines do not fall, and each waiter is `right`: asked of what was read from
    /// outside. Linear in the waiters.
    #[cfg(feature = "image")]
    pub(crate) fn is_whole(
        &self,
        waiters: &Arena<TicketId, Waiter>,
        right: impl Fn(TicketId, &Waiter) -> bool,
    ) -> bool {
        let mut last_at = Time::ZERO;
        let whole = self.list.is_whole(waiters, |id, waiter| {
            let until = waiter.in_row.until;
            let rises = until >= core::mem::replace(&mut last_at, until);
            rises && until < Time::MAX && right(id, waiter)
        });
        let there = waiters.iter().filter(|(_, waiter)| waiter.in_row.until < Time::MAX).count();
        let first = || self.list.head().map_or(Time::MAX, |first| waiters[first].in_row.until);
        whole && there == self.list.len() as usize && first() == self.first_at
    }
}

#[cfg(all(test, feature = "image"))]
mod tests {
    use super::*;
    use crate::input::{Place as InQueue, Priority};

    fn at(ms: u64) -> Time {
        Time::from_millis(ms)
    }

    type Waiters = Arena<TicketId, Waiter>;

    fn waiters() -> (Waiters, [TicketId; 4]) {
        let mut waiters = Arena::new();
        let one = || Waiter::waiting(Priority::Normal, InQueue::Back, Time::ZERO, Time::ZERO);
        let ids = core::array::from_fn(|_| waiters.insert(one()));
        (waiters, ids)
    }

    /// The first, the third, the second; the fourth is not in it.
    fn row() -> (Row, Waiters, [TicketId; 4]) {
        let (mut waiters, ids) = waiters();
        let mut row = Row::new();
        for (id, ms) in [(ids[0], 10), (ids[2], 20), (ids[1], 20)] {
            assert!(row.join(&mut waiters, id, at(ms)));
        }
        (row, waiters, ids)
    }

    #[test]
    fn who_comes_last_and_waits_longest_joins() {
        let (mut row, mut waiters, [first, second, third, fourth]) = row();
        assert!(!row.join(&mut waiters, fourth, at(19)), "before the last");
        assert!(!row.join(&mut waiters, fourth, Time::MAX), "for ever");
        assert!(row.is_whole(&waiters, |_, _| true));
        let deadline = |waiters: &Waiters, id: TicketId| waiters[id].in_row.deadline();
        assert_eq!(row.first(), Some((at(10), first)));
        assert_eq!((deadline(&waiters, second), deadline(&waiters, fourth)), (Some(at(20)), None));
        assert!(row.leave(&mut waiters, third) && !row.leave(&mut waiters, third));
        assert!(row.leave(&mut waiters, first) && row.is_whole(&waiters, |id, _| id == second));
        assert_eq!((row.first(), row.first_at()), (Some((at(20), second)), at(20)));
        assert!(row.leave(&mut waiters, second) && row.is_whole(&waiters, |_, _| false));
        assert_eq!((row.first(), row.first_at()), (None, Time::MAX));
        assert!(row.join(&mut waiters, fourth, at(5)), "in front of whoever has left");
        assert_eq!(row.first_at(), at(5));
    }

    type Lie = (&'static str, fn(&mut Row, &mut Waiters, [TicketId; 4]));

    #[test]
    fn a_row_that_is_not_whole_is_found_out() {
        let lies: [Lie; 7] = [
            ("it says another instant", |row, _, _| row.first_at = at(11)),
            ("a deadline falls", |_, waiters, ids| waiters[ids[2]].in_row.until = at(9)),
            ("one in it has no deadline", |_, waiters, ids| waiters[ids[1]].in_row.until = Time::MAX),
            ("one has a deadline and is not in it", |_, waiters, ids| {
                waiters[ids[3]].in_row.until = at(30);
            }),
            ("one in it has no deadline, for one that is not in it", |_, waiters, ids| {
                waiters[ids[1]].in_row.until = Time::MAX;
                waiters[ids[3]].in_row.until = at(30);
            }),
            ("it begins with who is gone", |_, waiters, ids| waiters.remove(ids[0])),
            ("one in it leads nowhere", |_, waiters, ids| waiters[ids[0]].in_row.links = Links::NONE),
        ];
        for (why, lie) in lies {
            let (mut row, mut waiters, ids) = row();
            assert!(row.is_whole(&waiters, |_, _| true));
            lie(&mut row, &mut waiters, ids);
            assert!(!row.is_whole(&waiters, |_, _| true), "{why}");
        }
        let (row, waiters, ids) = row();
        assert!(!row.is_whole(&waiters, |id, _| id != ids[1]), "one of them is wrong");
        let mut empty = Row::new();
        empty.first_at = at(1);
        assert!(Row::new().is_whole(&Arena::new(), |_, _| false));
        assert!(!empty.is_whole(&Arena::new(), |_, _| true));
    }
}
