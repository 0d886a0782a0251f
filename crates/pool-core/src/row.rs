//! The deadlines of those who wait, in their order, as a list through their slots: joining at the end, leaving from anywhere and
//! looking at the first are O(1). Who would have to join in the middle does not join.

use alloc::vec::Vec;

use crate::arena::make_room;
use crate::time::Time;

const NOBODY: u32 = u32::MAX;

#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Row {
    first: u32,
    last: u32,
    /// The deadline of the first; `Time::MAX`: nobody is there.
    first_at: Time,
    /// By slot.
    places: Vec<Place>,
}

#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Place {
    /// `Time::MAX`: not in the row.
    at: Time,
    before: u32,
    behind: u32,
}

const EMPTY: Place = Place { at: Time::MAX, before: NOBODY, behind: NOBODY };

impl Row {
    pub(crate) const fn new() -> Self {
        Row { first: NOBODY, last: NOBODY, first_at: Time::MAX, places: Vec::new() }
    }

    pub(crate) fn first(&self) -> Option<(Time, u32)> {
        (self.first != NOBODY).then_some((self.first_at, self.first))
    }

    #[inline]
    pub(crate) const fn first_at(&self) -> Time {
        self.first_at
    }

    #[inline]
    pub(crate) fn get(&self, index: u32) -> Option<Time> {
        self.places.get(index as usize).map(|place| place.at).filter(|&at| at < Time::MAX)
    }

    /// Puts a slot that is not in the row at its end; false: it does not belong there. A patience without end is no deadline.
    #[inline]
    pub(crate) fn join(&mut self, index: u32, at: Time) -> bool {
        let last_at = self.places.get(self.last as usize).map_or(Time::ZERO, |place| place.at);
        if at == Time::MAX || at < last_at {
            return false;
        }
        if index as usize >= self.places.len() {
            make_room(&mut self.places, index as usize + 1);
            self.places.resize(index as usize + 1, EMPTY);
        }
        self.places[index as usize] = Place { at, before: self.last, behind: NOBODY };
        match self.places.get_mut(self.last as usize) {
            Some(last) => last.behind = index,
            None => (self.first, self.first_at) = (index, at),
        }
        self.last = index;
        true
    }

    /// Takes a slot out of the row; false: it is not there.
    #[inline]
    pub(crate) fn leave(&mut self, index: u32) -> bool {
        let Some(place) = self.places.get_mut(index as usize) else { return false };
        let Place { at, before, behind } = core::mem::replace(place, EMPTY);
        if at == Time::MAX {
            return false;
        }
        match self.places.get_mut(before as usize) {
            Some(before) => before.behind = behind,
            None => self.first = behind,
        }
        match self.places.get_mut(behind as usize) {
            Some(behind) => behind.before = before,
            None => self.last = before,
        }
        self.first_at = self.places.get(self.first as usize).map_or(Time::MAX, |first| first.at);
        true
    }

    /// Whether the links agree in both directions, deadlines do not fall, and each slot is `right`: asked of what was read from
    /// outside. Linear in the slots.
    #[cfg(feature = "image")]
    pub(crate) fn is_whole(&self, right: impl Fn(u32) -> bool) -> bool {
        let there = self.places.iter().filter(|place| place.at < Time::MAX).count();
        let (mut at, mut before, mut last_at, mut seen) = (self.first, NOBODY, Time::ZERO, 0);
        while at != NOBODY {
            let Some(place) = self.places.get(at as usize) else { return false };
            let whole = place.before == before && place.at >= last_at && place.at < Time::MAX && right(at);
            if !whole || seen == there {
                return false;
            }
            (seen, before, last_at, at) = (seen + 1, at, place.at, place.behind);
        }
        let first_at = self.places.get(self.first as usize).map_or(Time::MAX, |first| first.at);
        seen == there && before == self.last && first_at == self.first_at
    }
}

#[cfg(all(test, feature = "image"))]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time::from_millis(ms)
    }

    fn row() -> Row {
        let mut row = Row::new();
        assert!(row.join(0, at(10)) && row.join(2, at(20)) && row.join(1, at(20)));
        row
    }

    #[test]
    fn it_has_room_for_a_quarter_more_than_there_were() {
        let mut row = Row::new();
        assert!((0..9).all(|index| row.join(index, at(10))));
        assert_eq!(row.places.capacity(), 11);
    }

    #[test]
    fn who_comes_last_and_waits_longest_joins() {
        let mut row = row();
        assert!(!row.join(3, at(19)), "before the last");
        assert!(!row.join(3, Time::MAX), "for ever");
        assert!(row.is_whole(|_| true));
        assert_eq!((row.first(), row.get(1), row.get(3)), (Some((at(10), 0)), Some(at(20)), None));
        assert!(row.leave(2) && !row.leave(2) && row.leave(0));
        assert!(row.is_whole(|index| index == 1));
        assert_eq!((row.first(), row.first_at()), (Some((at(20), 1)), at(20)));
        assert!(row.leave(1) && row.is_whole(|_| false));
        assert_eq!((row.first(), row.first_at()), (None, Time::MAX));
    }

    type Lie = (&'static str, fn(&mut Row));

    #[test]
    fn a_row_that_is_not_whole_is_found_out() {
        let lies: [Lie; 11] = [
            ("it says another instant", |row| row.first_at = at(11)),
            ("it ends before its last", |row| row.last = 2),
            ("it begins after its first", |row| (row.first, row.first_at) = (2, at(20))),
            ("one does not know who is before it", |row| row.places[2].before = 1),
            ("a deadline falls", |row| row.places[2].at = at(9)),
            ("one in it has no deadline", |row| row.places[1].at = Time::MAX),
            ("one has a deadline and is not in it", |row| {
                row.places.push(Place { at: at(30), ..EMPTY });
            }),
            ("one in it has no deadline, for one that is not in it", |row| {
                row.places[1].at = Time::MAX;
                row.places.push(Place { at: at(30), ..EMPTY });
            }),
            ("it leads to nowhere", |row| row.places[1].behind = 9),
            ("it leads back", |row| row.places[1].behind = 0),
            ("it leads to itself", |row| row.places[1] = Place { at: at(20), before: 1, behind: 1 }),
        ];
        for (why, lie) in lies {
            let mut row = row();
            assert!(row.is_whole(|_| true));
            lie(&mut row);
            assert!(!row.is_whole(|_| true), "{why}");
        }
        assert!(!row().is_whole(|index| index != 1), "one of them is wrong");
        let mut empty = Row::new();
        empty.first_at = at(1);
        assert!(Row::new().is_whole(|_| false) && !empty.is_whole(|_| true));
    }
}
