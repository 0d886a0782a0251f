//! All timers: at most one entry per entity, which goes with the entity.
//!
//! Two orders hold them. Those who wait give up, as a rule, in the order in which they came: a deadline that is no earlier than the last
//! one in the **row** stands behind it, and comes and goes in O(1). Everything else is in an indexed 4-ary **heap**, in O(log n).
//!
//! The entry of a connection may be *early*, never late: a use pushes its deadlines further away without touching the heap, and the
//! true deadline is looked up when the entry comes to the top. Equal instants fire in the order of kind and index, but for two
//! tickets of the row, which fire in its order; both are part of the replayable behaviour.

use alloc::vec::Vec;

use crate::arena::make_room;
use crate::row::Row;
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
pub(crate) struct Timers {
    row: Row,
    heap: Vec<(Time, Key)>,
    tickets: Vec<u32>,
    conns: Vec<u32>,
    endpoints: Vec<u32>,
    single: [u32; 2],
}

impl Timers {
    pub(crate) const fn new() -> Self {
        Timers {
            row: Row::new(),
            heap: Vec::new(),
            tickets: Vec::new(),
            conns: Vec::new(),
            endpoints: Vec::new(),
            single: [ABSENT; 2],
        }
    }

    pub(crate) fn first(&self) -> Option<(Time, Key)> {
        let in_row = self.row.first().map(|(at, index)| (at, Key::Ticket(index)));
        let in_heap = self.heap.first().copied();
        match (in_row, in_heap) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    /// The instant of the first; `Time::MAX` if there is none.
    #[inline]
    pub(crate) fn first_at(&self) -> Time {
        let in_heap = match self.heap.first() {
            Some(&(at, _)) => at,
            None => Time::MAX,
        };
        in_heap.min(self.row.first_at())
    }

    #[inline(always)]
    pub(crate) fn get(&self, key: Key) -> Option<Time> {
        let place = match key {
            Key::Ticket(index) => match self.row.get(index) {
                Some(at) => return Some(at),
                None => self.tickets.get(index as usize),
            },
            Key::Conn(index) => self.conns.get(index as usize),
            Key::Endpoint(index) => self.endpoints.get(index as usize),
            Key::Shrink => Some(&self.single[0]),
            Key::Grace => Some(&self.single[1]),
        };
        let place = *place?;
        if place == ABSENT { None } else { Some(self.heap[place as usize].0) }
    }

    #[inline]
    pub(crate) fn is_armed(&self, key: Key) -> bool {
        self.get(key).is_some()
    }

    /// Arms the timer of `key` for exactly `at`.
    pub(crate) fn set(&mut self, key: Key, at: Time) {
        match key {
            Key::Ticket(index) => {
                self.clear(key);
                self.wait(index, at);
            }
            Key::Conn(_) | Key::Endpoint(_) | Key::Shrink | Key::Grace => self.set_in_heap(key, at),
        }
    }

    /// Arms the timer of a ticket that has none.
    #[inline]
    pub(crate) fn wait(&mut self, index: u32, until: Time) {
        if !self.row.join(index, until) {
            self.set_in_heap(Key::Ticket(index), until);
        }
    }

    fn set_in_heap(&mut self, key: Key, at: Time) {
        let place = *self.place(key);
        if place == ABSENT {
            self.heap.push((at, key));
            self.up(self.heap.len() - 1);
        } else {
            let armed = core::mem::replace(&mut self.heap[place as usize].0, at);
            if at < armed { self.up(place as usize) } else { self.down(place as usize) }
        }
    }

    /// Arms the timer of `key` for `at`, unless it is armed for an earlier instant.
    #[inline]
    pub(crate) fn lower(&mut self, key: Key, at: Time) {
        if self.get(key).is_none_or(|armed| at < armed) {
            self.set(key, at);
        }
    }

    #[inline]
    pub(crate) fn clear(&mut self, key: Key) {
        if let Key::Ticket(index) = key
            && self.row.leave(index)
        {
            return;
        }
        self.clear_in_heap(key);
    }

    fn clear_in_heap(&mut self, key: Key) {
        let place = *self.place(key);
        if place == ABSENT {
            return;
        }
        *self.place(key) = ABSENT;
        let last = self.heap.pop();
        if let Some(last) = last.filter(|_| (place as usize) < self.heap.len()) {
            self.heap[place as usize] = last;
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
            let place = match key {
                Key::Ticket(index) => self.tickets.get(index as usize),
                Key::Conn(index) => self.conns.get(index as usize),
                Key::Endpoint(index) => self.endpoints.get(index as usize),
                Key::Shrink => Some(&self.single[0]),
                Key::Grace => Some(&self.single[1]),
            };
            let ordered = at == 0 || self.heap[(at - 1) / ARITY] <= self.heap[at];
            ordered && place == Some(&(at as u32)) && right(key)
        };
        let in_row = |index: u32| {
            right(Key::Ticket(index)) && self.tickets.get(index as usize).is_none_or(|&place| place == ABSENT)
        };
        places == self.heap.len() && self.heap.iter().enumerate().all(in_place) && self.row.is_whole(in_row)
    }

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
        let entry = self.heap[at];
        while at > 0 {
            let parent = (at - 1) / ARITY;
            if self.heap[parent] <= entry {
                break;
            }
            self.put(at, self.heap[parent]);
            at = parent;
        }
        self.put(at, entry);
    }

    fn down(&mut self, mut at: usize) {
        let entry = self.heap[at];
        loop {
            let first = at * ARITY + 1;
            let Some(children) = self.heap.get(first..(first + ARITY).min(self.heap.len())) else { break };
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
        self.heap[at] = entry;
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
    use crate::rng::Rng;
    use alloc::collections::BTreeMap;

    #[test]
    fn the_heap_agrees_with_a_sorted_map_over_random_edits() {
        let mut rng = Rng::new(1);
        let (mut timers, mut model) = (Timers::new(), BTreeMap::new());
        for _ in 0..20_000 {
            let index = rng.between(0, 40) as u32;
            let key = [Key::Ticket(index), Key::Conn(index), Key::Endpoint(index), Key::Shrink, Key::Grace]
                [rng.between(0, 4) as usize];
            let at = Time::from_nanos(rng.between(0, 1000));
            match rng.between(0, 2) {
                0 => {
                    timers.set(key, at);
                    model.insert(key, at);
                }
                1 => {
                    timers.lower(key, at);
                    let armed = model.entry(key).or_insert(at);
                    *armed = at.min(*armed);
                }
                _ => {
                    timers.clear(key);
                    model.remove(&key);
                }
            }
            let first = model.iter().map(|(&key, &at)| (at, key)).min();
            assert_eq!(timers.first_at(), first.map_or(Time::MAX, |(at, _)| at));
            assert_eq!(timers.first().map(|(at, _)| at), first.map(|(at, _)| at));
            assert!(timers.first().is_none_or(|(at, key)| model[&key] == at));
            assert_eq!(timers.get(key), model.get(&key).copied());
            #[cfg(feature = "image")]
            assert!(timers.is_whole(|_| true), "{timers:?}");
        }
    }

    #[test]
    fn its_tables_have_room_for_a_quarter_more_than_there_were() {
        let mut timers = Timers::new();
        (0..9).for_each(|index| timers.set(Key::Conn(index), Time::from_nanos(10)));
        assert_eq!(timers.conns.capacity(), 11);
    }

    #[cfg(feature = "image")]
    #[test]
    fn a_ticket_has_one_timer_in_the_row_or_in_the_heap() {
        let mut timers = Timers::new();
        timers.wait(5, Time::from_nanos(10));
        assert!(timers.is_whole(|_| true) && !timers.is_whole(|key| key != Key::Ticket(5)));
        timers.set_in_heap(Key::Ticket(5), Time::from_nanos(20));
        assert!(!timers.is_whole(|_| true), "it has two");
    }
}
