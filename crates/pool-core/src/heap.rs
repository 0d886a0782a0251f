//! An indexed 4-ary heap of deadlines, in O(log n): at most one entry for each key.

use alloc::vec::Vec;

use crate::arena::make_room;
use crate::time::Time;

/// Whose timer it is. The ids are slots without versions: an entity that goes takes its entry along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) enum Key {
    Ticket(u32),
    Conn(u32),
    Endpoint(u32),
    Shrink,
    Grace,
}

/// A timer, as two numbers: the order of instants, then of keys, is that of the one number that they make up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "(Time, Key)", into = "(Time, Key)"))]
struct Entry {
    at: Time,
    /// The kind in the high half, the slot in the low one.
    key: u64,
}

impl Entry {
    #[inline]
    fn new(at: Time, key: Key) -> Entry {
        let (kind, index) = match key {
            Key::Ticket(index) => (0, index),
            Key::Conn(index) => (1, index),
            Key::Endpoint(index) => (2, index),
            Key::Shrink => (3, 0),
            Key::Grace => (4, 0),
        };
        Entry { at, key: (kind << 32) + u64::from(index) }
    }

    #[inline]
    fn key(self) -> Key {
        let index = self.key as u32;
        match self.key >> 32 {
            0 => Key::Ticket(index),
            1 => Key::Conn(index),
            2 => Key::Endpoint(index),
            3 => Key::Shrink,
            _ => Key::Grace,
        }
    }

    #[inline(always)]
    fn rank(self) -> u128 {
        (u128::from(self.at.as_nanos()) << 64) + u128::from(self.key)
    }
}

impl From<(Time, Key)> for Entry {
    fn from((at, key): (Time, Key)) -> Entry {
        Entry::new(at, key)
    }
}

impl From<Entry> for (Time, Key) {
    fn from(entry: Entry) -> (Time, Key) {
        (entry.at, entry.key())
    }
}

const ARITY: usize = 4;
const ABSENT: u32 = u32::MAX;

#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Heap {
    entries: Vec<Entry>,
    /// The places of the entries, by the keys' slots.
    tickets: Vec<u32>,
    conns: Vec<u32>,
    endpoints: Vec<u32>,
    single: [u32; 2],
}

impl Heap {
    pub(crate) const fn new() -> Self {
        Heap {
            entries: Vec::new(),
            tickets: Vec::new(),
            conns: Vec::new(),
            endpoints: Vec::new(),
            single: [ABSENT; 2],
        }
    }

    #[inline]
    pub(crate) fn first(&self) -> Option<(Time, Key)> {
        self.entries.first().map(|&entry| entry.into())
    }

    /// The instant of the first; `Time::MAX` if there is none.
    #[inline]
    pub(crate) fn first_at(&self) -> Time {
        match self.entries.first() {
            Some(entry) => entry.at,
            None => Time::MAX,
        }
    }

    #[inline(always)]
    pub(crate) fn get(&self, key: Key) -> Option<Time> {
        let place = self.known_place(key)?;
        Some(self.entries[place as usize].at)
    }

    /// Arms the timer of `key` for exactly `at`.
    pub(crate) fn set(&mut self, key: Key, at: Time) {
        let place = *self.place(key);
        if place == ABSENT {
            self.entries.push(Entry::new(at, key));
            self.up(self.entries.len() - 1);
        } else {
            let armed = core::mem::replace(&mut self.entries[place as usize].at, at);
            if at < armed { self.up(place as usize) } else { self.down(place as usize) }
        }
    }

    pub(crate) fn clear(&mut self, key: Key) {
        let Some(place) = self.known_place(key) else { return };
        *self.place(key) = ABSENT;
        let last = self.entries.pop();
        if let Some(last) = last.filter(|_| (place as usize) < self.entries.len()) {
            self.entries[place as usize] = last;
            let parent = (place as usize).checked_sub(1).map(|below| self.entries[below / ARITY]);
            if parent.is_some_and(|parent| last.rank() < parent.rank()) {
                self.up(place as usize);
            } else {
                self.down(place as usize);
            }
        }
    }

    /// Whether the heap is one and the tables lead to its entries, each of which is `right`: asked of what was read from outside.
    #[cfg(feature = "image")]
    pub(crate) fn is_whole(&self, right: impl Fn(Key) -> bool) -> bool {
        let tables = [&self.tickets[..], &self.conns, &self.endpoints, &self.single];
        let places: usize = tables.iter().map(|table| table.iter().filter(|&&at| at != ABSENT).count()).sum();
        let in_place = |(at, entry): (usize, &Entry)| {
            let ordered = at == 0 || self.entries[(at - 1) / ARITY].rank() <= entry.rank();
            ordered && self.known_place(entry.key()) == Some(at as u32) && right(entry.key())
        };
        places == self.entries.len() && self.entries.iter().enumerate().all(in_place)
    }

    /// The place of an entry that is there.
    #[inline(always)]
    fn known_place(&self, key: Key) -> Option<u32> {
        let place = match key {
            Key::Ticket(index) => *self.tickets.get(index as usize)?,
            Key::Conn(index) => *self.conns.get(index as usize)?,
            Key::Endpoint(index) => *self.endpoints.get(index as usize)?,
            Key::Shrink => self.single[0],
            Key::Grace => self.single[1],
        };
        (place != ABSENT).then_some(place)
    }

    /// Where the place of an entry is noted.
    fn place(&mut self, key: Key) -> &mut u32 {
        let (table, index) = match key {
            Key::Ticket(index) => (&mut self.tickets, index as usize),
            Key::Conn(index) => (&mut self.conns, index as usize),
            Key::Endpoint(index) => (&mut self.endpoints, index as usize),
            Key::Shrink => return &mut self.single[0],
            Key::Grace => return &mut self.single[1],
        };
        if index >= table.len() {
            make_room(table, index + 1);
            table.resize(index + 1, ABSENT);
        }
        &mut table[index]
    }

    fn up(&mut self, mut at: usize) {
        let entry = self.entries[at];
        while at > 0 {
            let parent = (at - 1) / ARITY;
            if self.entries[parent].rank() <= entry.rank() {
                break;
            }
            self.put(at, self.entries[parent]);
            at = parent;
        }
        self.put(at, entry);
    }

    fn down(&mut self, mut at: usize) {
        let entry = self.entries[at];
        while let Some((nth, least)) = self.least_child(at)
            && least.rank() < entry.rank()
        {
            self.put(at, least);
            at = nth;
        }
        self.put(at, entry);
    }

    /// The child that comes first, and where it is. Four of them, which is what most have, are compared in pairs.
    #[inline(always)]
    fn least_child(&self, of: usize) -> Option<(usize, Entry)> {
        let first = of * ARITY + 1;
        let children = self.entries.get(first..)?;
        let sooner = |a: (usize, Entry), b: (usize, Entry)| if b.1.rank() < a.1.rank() { b } else { a };
        if let Some(&[a, b, c, d]) = children.first_chunk() {
            let left = sooner((first, a), (first + 1, b));
            return Some(sooner(left, sooner((first + 2, c), (first + 3, d))));
        }
        (first..).zip(children.iter().copied()).reduce(sooner)
    }

    /// Puts an entry of the heap, which has its place in a table, where it belongs now.
    #[inline]
    fn put(&mut self, at: usize, entry: Entry) {
        self.entries[at] = entry;
        let place = match entry.key() {
            Key::Conn(index) => &mut self.conns[index as usize],
            Key::Ticket(index) => &mut self.tickets[index as usize],
            Key::Endpoint(index) => &mut self.endpoints[index as usize],
            Key::Shrink => &mut self.single[0],
            Key::Grace => &mut self.single[1],
        };
        *place = at as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_tables_have_room_for_a_quarter_more_than_there_were() {
        let mut heap = Heap::new();
        (0..9).for_each(|index| heap.set(Key::Conn(index), Time::from_nanos(10)));
        assert_eq!(heap.conns.capacity(), 11);
    }
}
