//! An indexed 4-ary heap of deadlines, in O(log n): at most one for each key.
//!
//! Connections, of which there can be many, are in it by blocks of neighbours: their deadlines are in a table, and of each block the one
//! that comes first has the entry. When that one is put off or ends, its block is looked through, which is two lines of the cache or three;
//! the heap has a sixteenth of the entries, so that it stays in the cache when the connections do not.

use alloc::vec::Vec;

use crate::arena::make_room;
use crate::key::{Entry, Key};
use crate::time::Time;

const ARITY: usize = 4;
const BLOCK: usize = 16;
const ABSENT: u32 = u32::MAX;

#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Heap {
    entries: Vec<Entry>,
    /// The deadlines of connections by their slots, whole blocks of them; `Time::MAX`: none.
    conns: Vec<Time>,
    /// The places of the entries, by blocks of connections and by the keys' slots.
    blocks: Vec<u32>,
    tickets: Vec<u32>,
    endpoints: Vec<u32>,
    single: [u32; 2],
}

impl Heap {
    pub(crate) const fn new() -> Self {
        Heap {
            entries: Vec::new(),
            conns: Vec::new(),
            blocks: Vec::new(),
            tickets: Vec::new(),
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
        if let Key::Conn(index) = key {
            return self.conns.get(index as usize).copied().filter(|&at| at < Time::MAX);
        }
        let place = self.known_place(key)?;
        Some(self.entries[place as usize].at)
    }

    /// Arms the timer of `key` for exactly `at`; that of a connection at the end of time is none.
    pub(crate) fn set(&mut self, key: Key, at: Time) {
        let entry = Entry::new(at, key);
        if let Key::Conn(index) = key {
            return self.set_conn(index as usize, entry);
        }
        match self.known_place(key) {
            None => self.push(entry),
            Some(place) => self.replace(place as usize, entry),
        }
    }

    pub(crate) fn clear(&mut self, key: Key) {
        if let Key::Conn(index) = key {
            if self.get(key).is_some() {
                self.set_conn(index as usize, Entry::new(Time::MAX, key));
            }
        } else if let Some(place) = self.known_place(key) {
            self.remove(place as usize);
        }
    }

    /// A deadline of a connection: into the heap, if it is the first of its block.
    fn set_conn(&mut self, index: usize, entry: Entry) {
        if index >= self.conns.len() {
            self.make_block(index / BLOCK);
        }
        self.conns[index] = entry.at;
        let place = self.blocks[index / BLOCK];
        if place == ABSENT {
            if entry.at < Time::MAX {
                self.push(entry);
            }
            return;
        }
        let first = self.entries[place as usize];
        if entry.is_before(first) {
            self.replace(place as usize, entry);
        } else if entry.key == first.key {
            match self.first_of(index / BLOCK) {
                Some(entry) => self.replace(place as usize, entry),
                None => self.remove(place as usize),
            }
        }
    }

    #[cold]
    fn make_block(&mut self, block: usize) {
        make_room(&mut self.conns, (block + 1) * BLOCK);
        self.conns.resize((block + 1) * BLOCK, Time::MAX);
        make_room(&mut self.blocks, block + 1);
        self.blocks.resize(block + 1, ABSENT);
    }

    /// The first deadline of a block: of equal ones, that of the first slot.
    fn first_of(&self, block: usize) -> Option<Entry> {
        let slots = block * BLOCK..(block + 1) * BLOCK;
        let (index, &at) = slots.clone().zip(&self.conns[slots]).min_by_key(|&(_, &at)| at)?;
        (at < Time::MAX).then(|| Entry::new(at, Key::Conn(index as u32)))
    }

    fn push(&mut self, entry: Entry) {
        *self.place(entry.key()) = 0;
        self.entries.push(entry);
        self.up(self.entries.len() - 1);
    }

    fn replace(&mut self, place: usize, entry: Entry) {
        let former = core::mem::replace(&mut self.entries[place], entry);
        if entry.is_before(former) { self.up(place) } else { self.down(place) }
    }

    fn remove(&mut self, place: usize) {
        *self.place(self.entries[place].key()) = ABSENT;
        if let Some(last) = self.entries.pop()
            && place < self.entries.len()
        {
            self.replace(place, last);
        }
    }

    /// Whether the heap is one, the tables lead to its entries, and each that has one is `right`: asked of what was read from outside.
    #[cfg(feature = "image")]
    pub(crate) fn is_whole(&self, right: impl Fn(Key) -> bool) -> bool {
        let tables = [&self.blocks[..], &self.tickets, &self.endpoints, &self.single];
        let places: usize = tables.iter().map(|table| table.iter().filter(|&&at| at != ABSENT).count()).sum();
        let in_place = |(at, entry): (usize, &Entry)| {
            let ordered = at == 0 || self.entries[(at - 1) / ARITY].is_before(*entry);
            ordered && self.known_place(entry.key()) == Some(at as u32) && right(entry.key())
        };
        let first_of_block = |(block, &place): (usize, &u32)| {
            self.first_of(block) == self.entries.get(place as usize).copied()
        };
        let armed = |(index, _): (usize, &Time)| right(Key::Conn(index as u32));
        self.conns.len() == self.blocks.len() * BLOCK
            && places == self.entries.len()
            && self.entries.iter().enumerate().all(in_place)
            && self.blocks.iter().enumerate().all(first_of_block)
            && self.conns.iter().enumerate().filter(|&(_, &at)| at < Time::MAX).all(armed)
    }

    /// The place of an entry that is there.
    #[inline(always)]
    fn known_place(&self, key: Key) -> Option<u32> {
        let place = match key {
            Key::Ticket(index) => *self.tickets.get(index as usize)?,
            Key::Conn(index) => *self.blocks.get(index as usize / BLOCK)?,
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
            Key::Conn(index) => (&mut self.blocks, index as usize / BLOCK),
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
            if self.entries[parent].is_before(entry) {
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
            && least.is_before(entry)
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
        let sooner = |a: (usize, Entry), b: (usize, Entry)| if b.1.is_before(a.1) { b } else { a };
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
            Key::Conn(index) => &mut self.blocks[index as usize / BLOCK],
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
    use alloc::collections::BTreeMap;

    use super::*;
    use crate::rng::Rng;

    /// Connections of several blocks.
    const CONNS: u64 = 5 * BLOCK as u64;

    fn at(nanos: u64) -> Time {
        Time::from_nanos(nanos)
    }

    fn earliest(model: &BTreeMap<Key, Time>) -> Option<(Time, Key)> {
        model.iter().map(|(&key, &at)| (at, key)).min()
    }

    #[test]
    fn it_agrees_with_a_sorted_map_on_who_is_first_of_equals_too() {
        let mut rng = Rng::new(1);
        let (mut heap, mut model) = (Heap::new(), BTreeMap::new());
        for edit in 0..20_000 {
            let index = rng.between(0, 9) as u32;
            let conn = Key::Conn(rng.between(0, CONNS - 1) as u32);
            let key = [conn, conn, conn, Key::Ticket(index), Key::Endpoint(index), Key::Shrink, Key::Grace]
                [rng.between(0, 6) as usize];
            // Those who have just come first are the ones that move.
            let key = match heap.first() {
                Some((_, first)) if rng.between(0, 3) == 0 => first,
                _ => key,
            };
            let until =
                [at(rng.between(0, 20)), at(rng.between(0, 20)), Time::MAX][rng.between(0, 2) as usize];
            if rng.between(0, 3) == 0 {
                heap.clear(key);
                model.remove(&key);
            } else {
                heap.set(key, until);
                model.insert(key, until);
            }
            // A connection has no use for a deadline that never comes.
            model.retain(|key, &mut at| at < Time::MAX || !matches!(key, Key::Conn(_)));
            assert_eq!(heap.first(), earliest(&model), "edit {edit}");
            assert_eq!(heap.first_at(), earliest(&model).map_or(Time::MAX, |(at, _)| at));
            assert_eq!(heap.get(key), model.get(&key).copied());
            #[cfg(feature = "image")]
            assert!(heap.is_whole(|key| model.contains_key(&key)), "edit {edit}: {heap:?}");
        }
        while let Some((_, key)) = heap.first() {
            assert_eq!(heap.first(), earliest(&model));
            heap.clear(key);
            model.remove(&key);
        }
        assert!(model.is_empty(), "{model:?} is lost");
    }

    #[test]
    fn its_tables_have_room_for_a_quarter_more_than_there_were() {
        let mut heap = Heap::new();
        (0..9).for_each(|index| heap.set(Key::Endpoint(index), at(10)));
        assert_eq!(heap.endpoints.capacity(), 11);
        (0..9 * BLOCK as u32).for_each(|index| heap.set(Key::Conn(index), at(10)));
        assert_eq!((heap.blocks.capacity(), heap.conns.capacity()), (11, 160));
    }

    #[cfg(feature = "image")]
    #[test]
    fn a_heap_that_is_not_whole_is_found_out() {
        type Lie = fn(&mut Heap);
        const OTHER: u32 = BLOCK as u32;
        /// In its order: two connections of the first block, of which the second is behind the first; one of another; an endpoint.
        fn heap() -> Heap {
            let mut heap = Heap::new();
            heap.set(Key::Conn(3), at(10));
            heap.set(Key::Conn(5), at(20));
            heap.set(Key::Conn(OTHER), at(30));
            heap.set(Key::Endpoint(0), at(40));
            heap
        }
        let lies: [(&str, Lie); 15] = [
            ("a block is cut short", |heap| heap.conns.truncate(2 * BLOCK - 1)),
            ("a block has no deadlines", |heap| heap.blocks.push(ABSENT)),
            ("deadlines have no block", |heap| heap.conns.resize(3 * BLOCK, Time::MAX)),
            ("a deadline is in no entry", |heap| heap.conns[3] = at(9)),
            ("an entry comes before its deadline", |heap| heap.conns[3] = at(11)),
            ("an entry has no deadline", |heap| heap.conns[BLOCK] = Time::MAX),
            ("an entry is for the end of time", |heap| {
                heap.conns[BLOCK] = Time::MAX;
                heap.entries[1].at = Time::MAX;
            }),
            ("the second of equals has the entry", |heap| heap.conns[2] = at(10)),
            ("a block's first has no entry", |heap| {
                heap.entries.swap_remove(1);
                (heap.blocks[1], heap.endpoints[0]) = (ABSENT, 1);
            }),
            ("a place is not there", |heap| heap.endpoints[0] = 3),
            ("a place is there for whom there is no entry", |heap| heap.tickets.push(0)),
            ("a block without deadlines has a place", |heap| {
                heap.conns.resize(3 * BLOCK, Time::MAX);
                heap.blocks.push(4);
            }),
            ("a place is another's", |heap| heap.blocks[1] = 0),
            ("a key is there twice", |heap| heap.entries.push(Entry::new(at(50), Key::Endpoint(0)))),
            ("one comes behind who is later", |heap| {
                heap.entries.swap(0, 2);
                (heap.blocks[0], heap.endpoints[0]) = (2, 0);
            }),
        ];
        assert!(heap().is_whole(|_| true) && Heap::new().is_whole(|_| false));
        for wrong in [Key::Conn(3), Key::Conn(5), Key::Conn(OTHER), Key::Endpoint(0)] {
            assert!(!heap().is_whole(|key| key != wrong), "{wrong:?}");
        }
        for (why, lie) in lies {
            let mut heap = heap();
            lie(&mut heap);
            assert!(!heap.is_whole(|_| true), "{why}");
        }
    }
}
