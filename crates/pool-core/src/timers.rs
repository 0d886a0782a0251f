//! All timers: at most one entry per entity, which goes with the entity.
//!
//! Two orders hold them. Those who wait give up, as a rule, in the order in which they came: a deadline that is no earlier than the last
//! one in the **row** stands behind it, and comes and goes in O(1). Everything else is in an indexed **heap**, in O(log n).
//!
//! The entry of a connection may be *early*, never late: a use pushes its deadlines further away without touching the heap, and the
//! true deadline is looked up when the entry comes to the top. Equal instants fire in the order of kind and index, but for two
//! tickets of the row, which fire in its order; both are part of the replayable behaviour.

#[cfg(any(test, feature = "check", feature = "image"))]
use crate::arena::Arena;
use crate::arena::Slots;
use crate::heap::Heap;
use crate::id::TicketId;
pub(crate) use crate::key::Key;
use crate::row::Row;
use crate::time::Time;
use crate::waiter::Waiter;

#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub(crate) struct Timers {
    row: Row,
    heap: Heap,
}

impl Timers {
    pub(crate) const fn new() -> Self {
        Timers { row: Row::new(), heap: Heap::new() }
    }

    pub(crate) fn first(&self) -> Option<(Time, Key)> {
        let in_row = self.row.first().map(|(at, id)| (at, Key::Ticket(id.slot())));
        match (in_row, self.heap.first()) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    /// The instant of the first; `Time::MAX` if there is none.
    #[inline]
    pub(crate) fn first_at(&self) -> Time {
        self.heap.first_at().min(self.row.first_at())
    }

    #[inline]
    pub(crate) fn get(&self, key: Key) -> Option<Time> {
        self.heap.get(key)
    }

    #[inline]
    pub(crate) fn is_armed(&self, key: Key) -> bool {
        self.get(key).is_some()
    }

    /// Arms the timer of `key` for exactly `at`. Of a ticket: see [`Timers::wait`].
    pub(crate) fn set(&mut self, key: Key, at: Time) {
        self.heap.set(key, at);
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
        self.heap.clear(key);
    }

    /// The deadline of a ticket.
    #[cfg(any(test, feature = "check", feature = "image"))]
    pub(crate) fn deadline(&self, waiters: &Arena<TicketId, Waiter>, id: TicketId) -> Option<Time> {
        waiters[id].in_row.deadline().or_else(|| self.heap.get(Key::Ticket(id.slot())))
    }

    /// Arms the timer of a ticket that has none.
    #[inline]
    pub(crate) fn wait(
        &mut self,
        waiters: &mut impl Slots<TicketId, Tenant = Waiter>,
        id: TicketId,
        until: Time,
    ) {
        if !self.row.join(waiters, id, until) {
            self.heap.set(Key::Ticket(id.slot()), until);
        }
    }

    /// A ticket waits no longer.
    #[inline]
    pub(crate) fn end_wait(&mut self, waiters: &mut impl Slots<TicketId, Tenant = Waiter>, id: TicketId) {
        if !self.row.leave(waiters, id) {
            self.heap.clear(Key::Ticket(id.slot()));
        }
    }

    /// Whether both orders are whole, and each that has a timer is `right`: asked of what was read from outside.
    #[cfg(feature = "image")]
    pub(crate) fn is_whole(&self, waiters: &Arena<TicketId, Waiter>, right: impl Fn(Key) -> bool) -> bool {
        let in_heap = |id: TicketId| self.heap.get(Key::Ticket(id.slot())).is_some();
        let in_row = |id: TicketId, _: &Waiter| right(Key::Ticket(id.slot())) && !in_heap(id);
        self.heap.is_whole(&right) && self.row.is_whole(waiters, in_row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{Place, Priority};
    use crate::rng::Rng;
    use alloc::collections::BTreeMap;
    use alloc::vec::Vec;

    fn waiters(count: u32) -> (Arena<TicketId, Waiter>, Vec<TicketId>) {
        let mut waiters = Arena::new();
        let one = || Waiter::waiting(Priority::Normal, Place::Back, Time::ZERO, Time::ZERO);
        let ids = (0..count).map(|_| waiters.insert(one())).collect();
        (waiters, ids)
    }

    /// What the timers are to do, without any art.
    #[derive(Default)]
    struct Model {
        row: Vec<(Time, Key)>,
        rest: BTreeMap<Key, Time>,
    }

    impl Model {
        fn wait(&mut self, key: Key, until: Time) {
            let last = self.row.last().map_or(Time::ZERO, |&(last, _)| last);
            if until >= last && until < Time::MAX {
                self.row.push((until, key));
            } else {
                self.rest.insert(key, until);
            }
        }

        fn clear(&mut self, key: Key) {
            self.row.retain(|&(_, other)| other != key);
            self.rest.remove(&key);
        }

        fn get(&self, key: Key) -> Option<Time> {
            let in_row = self.row.iter().find(|&&(_, other)| other == key).map(|&(at, _)| at);
            in_row.or_else(|| self.rest.get(&key).copied())
        }

        fn first(&self) -> Option<(Time, Key)> {
            self.rest.iter().map(|(&key, &at)| (at, key)).chain(self.row.first().copied()).min()
        }
    }

    #[test]
    fn both_orders_agree_with_a_model_over_random_edits_and_on_the_order_of_equals() {
        let mut rng = Rng::new(1);
        let (mut waiters, ids) = waiters(41);
        let (mut timers, mut model) = (Timers::new(), Model::default());
        for edit in 0..20_000_u64 {
            let index = rng.between(0, 40) as u32;
            let key = [Key::Ticket(index), Key::Conn(index), Key::Endpoint(index), Key::Shrink, Key::Grace]
                [rng.between(0, 4) as usize];
            let now = Time::from_nanos(edit / 4);
            let until =
                if edit % 50 == 0 { Time::MAX } else { Time::from_nanos(edit / 4 + rng.between(1, 9)) };
            let ticket = matches!(key, Key::Ticket(_)).then_some(ids[index as usize]);
            match (rng.between(0, 2), ticket) {
                (0, Some(id)) => {
                    timers.end_wait(&mut waiters, id);
                    timers.wait(&mut waiters, id, until);
                    model.clear(key);
                    model.wait(key, until);
                }
                (0, None) => {
                    timers.set(key, until);
                    model.rest.insert(key, until);
                }
                (1, None) => {
                    timers.lower(key, until);
                    let armed = model.rest.entry(key).or_insert(until);
                    *armed = until.min(*armed);
                }
                (_, Some(id)) => {
                    timers.end_wait(&mut waiters, id);
                    model.clear(key);
                }
                (_, None) => {
                    timers.clear(key);
                    model.clear(key);
                }
            }
            // A connection has no use for a deadline that never comes.
            model.rest.retain(|key, &mut at| at < Time::MAX || !matches!(key, Key::Conn(_)));
            while let Some((at, key)) = timers.first().filter(|&(at, _)| at <= now) {
                assert_eq!(Some((at, key)), model.first(), "edit {edit}");
                model.clear(key);
                match key {
                    Key::Ticket(index) => timers.end_wait(&mut waiters, ids[index as usize]),
                    Key::Conn(_) | Key::Endpoint(_) | Key::Shrink | Key::Grace => timers.clear(key),
                }
            }
            assert_eq!(timers.first(), model.first(), "edit {edit}");
            assert_eq!(timers.first_at(), model.first().map_or(Time::MAX, |(at, _)| at));
            let known = match ticket {
                Some(id) => timers.deadline(&waiters, id),
                None => timers.get(key),
            };
            assert_eq!(known, model.get(key), "edit {edit}");
            #[cfg(feature = "image")]
            assert!(timers.is_whole(&waiters, |key| model.get(key).is_some()), "{timers:?}");
        }
    }

    #[cfg(feature = "image")]
    #[test]
    fn a_ticket_has_one_timer_in_the_row_or_in_the_heap() {
        let (mut waiters, ids) = waiters(6);
        let mut timers = Timers::new();
        timers.wait(&mut waiters, ids[5], Time::from_nanos(10));
        assert!(
            timers.is_whole(&waiters, |_| true) && !timers.is_whole(&waiters, |key| key != Key::Ticket(5))
        );
        timers.set(Key::Ticket(5), Time::from_nanos(20));
        assert!(!timers.is_whole(&waiters, |_| true), "it has two");
    }
}
