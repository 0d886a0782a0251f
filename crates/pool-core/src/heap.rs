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

const ARITY: usize = 4;
const ABSENT: u32 = u32::MAX;

#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Heap {
    entries: Vec<(Time, Key)>,
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
        self.entries.first().copied()
    }

    #[inline(always)]
    pub(crate) fn get(&self, key: Key) -> Option<Time> {
        let place = self.known_place(key)?;
        Some(self.entries[place as usize].0)
    }

    /// Arms the timer of `key` for exactly `at`.
    pub(crate) fn set(&mut self, key: Key, at: Time) {
        let place = *self.place(key);
        if place == ABSENT {
            self.entries.push((at, key));
            self.up(self.entries.len() - 1);
        } else {
            let armed = core::mem::replace(&mut self.entries[place as usize].0, at);
            if at < armed { self.up(place as usize) } else { self.down(place as usize) }
        }
    }

    pub(crate) fn clear(&mut self, key: Key) {
        let Some(place) = self.known_place(key) else { return };
        *self.place(key) = ABSENT;
        let last = self.entries.pop();
        if let Some(last) = last.filter(|_| (place as usize) < self.entries.len()) {
            self.entries[place as usize] = last;
            *self.place(last.1) = place;
            self.up(place as usize);
            let place = *self.place(last.1);
            self.down(place as usize);
        }
    }

    /// Whether the heap is one and the tables lead to its entries, each of which is `right`: asked of what was read from outside.
    #[cfg(feature = "image")]
    pub(crate) fn is_whole(&self, right: impl Fn(Key) -> bool) -> bool {
        let tables = [&self.tickets[..], &self.conns, &self.endpoints, &self.single];
        let places: usize = tables.iter().map(|table| table.iter().filter(|&&at| at != ABSENT).count()).sum();
        let in_place = |(at, &(_, key)): (usize, &(Time, Key))| {
            let ordered = at == 0 || self.entries[(at - 1) / ARITY] <= self.entries[at];
            ordered && self.known_place(key) == Some(at as u32) && right(key)
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
            if self.entries[parent] <= entry {
                break;
            }
            self.put(at, self.entries[parent]);
            at = parent;
        }
        self.put(at, entry);
    }

    fn down(&mut self, mut at: usize) {
        let entry = self.entries[at];
        loop {
            let first = at * ARITY + 1;
            let Some(children) = self.entries.get(first..(first + ARITY).min(self.entries.len())) else {
                break;
            };
            let Some((nth, &least)) = children.iter().enumerate().min_by_key(|&(_, child)| child) else {
                break;
            };
            if entry <= least {
                break;
            }
            self.put(at, least);
            at = first + nth;
        }
        self.put(at, entry);
    }

    /// Puts an entry of the heap, which has its place in a table, where it belongs now.
    #[inline]
    fn put(&mut self, at: usize, entry: (Time, Key)) {
        self.entries[at] = entry;
        let place = match entry.1 {
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
