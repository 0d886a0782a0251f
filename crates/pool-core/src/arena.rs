//! A generational arena: slots by index, a version per tenant, a list of free slots through the slots. It grows and never shrinks, so
//! nothing allocates after warm-up (I34); a stale id finds nothing (I11).
//!
//! A slot whose version would wrap is retired instead of reused: an id is never given out twice.
//!
//! A slot begins a line of the cache, and what a free one needs is in it: whoever comes or goes touches that line and the arena's head.

use alloc::vec::Vec;
use core::marker::PhantomData;
use core::num::NonZeroU32;

/// Room for `len` in all, and for a quarter more: a pool grows seldom, and stays as large as it was at its largest.
pub(crate) fn make_room<T>(table: &mut Vec<T>, len: usize) {
    if table.capacity() < len {
        table.reserve_exact((len + len / 4).max(8) - table.len());
    }
}

/// Ids from outside are looked up with [`Arena::get`]; indexing is for ids that the core keeps, whose tenants are there.
const THERE: &str = "the core holds only ids of what is there";

/// An id made of a slot and a version.
pub(crate) trait Id: Copy + Eq {
    fn new(index: u32, version: NonZeroU32) -> Self;
    fn slot(self) -> u32;
    fn version(self) -> u32;
}

#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C, align(64))]
struct Slot<T> {
    version: NonZeroU32,
    /// While it is free: the slot that was freed before it.
    next: u32,
    tenant: Option<T>,
}

/// No slot.
const NOBODY: u32 = u32::MAX;

impl<T> Slot<T> {
    const fn new() -> Self {
        Slot { version: NonZeroU32::MIN, next: NOBODY, tenant: None }
    }

    /// Whether the tenant of that name is, or was the last one, here.
    #[inline(always)]
    fn is(&self, id: impl Id) -> bool {
        self.version.get() == id.version()
    }
}

#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub(crate) struct Arena<I, T> {
    slots: Vec<Slot<T>>,
    /// The slot that was freed last.
    free: u32,
    len: u32,
    ids: PhantomData<I>,
}

impl<I: Id, T> Arena<I, T> {
    pub(crate) const fn new() -> Self {
        Arena { free: NOBODY, len: 0, slots: Vec::new(), ids: PhantomData }
    }

    pub(crate) const fn len(&self) -> u32 {
        self.len
    }

    /// A place for one more: the tenant is put together in it.
    #[inline(always)]
    pub(crate) fn insert(&mut self, tenant: T) -> I {
        let index = if self.free == NOBODY { self.grow() } else { self.free };
        self.len += 1;
        let slot = &mut self.slots[index as usize];
        self.free = core::mem::replace(&mut slot.next, NOBODY);
        slot.tenant = Some(tenant);
        I::new(index, slot.version)
    }

    /// A slot that was not there before.
    #[cold]
    #[inline(never)]
    fn grow(&mut self) -> u32 {
        let index = u32::try_from(self.slots.len()).expect("fewer than 2^32 of anything in a pool");
        assert_ne!(index, NOBODY, "fewer than 2^32 - 1 of anything in a pool");
        make_room(&mut self.slots, index as usize + 1);
        self.slots.push(Slot::new());
        index
    }

    /// The same ids with other tenants; where `change` gives none, the slot is free.
    #[cfg(feature = "image")]
    pub(crate) fn mapped<U>(&self, change: impl Fn(&T) -> Option<U>) -> Arena<I, U> {
        let slot = |slot: &Slot<T>| Slot {
            version: slot.version,
            next: slot.next,
            tenant: slot.tenant.as_ref().and_then(&change),
        };
        let slots: Vec<Slot<U>> = self.slots.iter().map(slot).collect();
        let mut arena = Arena { free: self.free, len: 0, slots, ids: PhantomData };
        arena.len = arena.iter().count() as u32;
        for (index, former) in self.slots.iter().enumerate() {
            if former.tenant.is_some() && arena.slots[index].tenant.is_none() {
                arena.vacate(index as u32);
            }
        }
        arena
    }

    /// Frees the slot of a tenant, if it is still there.
    #[inline(always)]
    pub(crate) fn remove(&mut self, id: I) {
        let index = id.slot();
        let Some(slot) = self.slots.get_mut(index as usize).filter(|slot| slot.is(id)) else {
            return;
        };
        if slot.tenant.is_none() {
            return;
        }
        slot.tenant = None;
        self.len -= 1;
        self.vacate(index);
    }

    /// A slot has lost its tenant: the next one can have it, unless its versions are used up.
    #[inline(always)]
    fn vacate(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        if let Some(next) = slot.version.checked_add(1) {
            slot.version = next;
            slot.next = core::mem::replace(&mut self.free, index);
        }
    }

    /// The slot goes from one tenant to the next, as by `remove` and `insert`. None: it has had its last, and nothing was done.
    #[inline]
    pub(crate) fn renew(&mut self, id: I, tenant: T) -> Option<I> {
        let slot = self.slots.get_mut(id.slot() as usize).filter(|slot| slot.is(id))?;
        slot.version = slot.version.checked_add(1)?;
        slot.tenant = Some(tenant);
        Some(I::new(id.slot(), slot.version))
    }

    #[inline]
    pub(crate) fn get(&self, id: I) -> Option<&T> {
        let slot = self.slots.get(id.slot() as usize)?;
        if slot.is(id) { slot.tenant.as_ref() } else { None }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, id: I) -> Option<&mut T> {
        let slot = self.slots.get_mut(id.slot() as usize)?;
        if slot.is(id) { slot.tenant.as_mut() } else { None }
    }

    /// The tenants in slot order: the order is part of the replayable behaviour.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (I, &T)> {
        self.slots
            .iter()
            .enumerate()
            .filter_map(|(index, slot)| Some((I::new(index as u32, slot.version), slot.tenant.as_ref()?)))
    }

    /// The id of the tenant of slot `index`, if there is such a slot and it has one.
    #[cfg(feature = "image")]
    pub(crate) fn id_in(&self, index: u32) -> Option<I> {
        let slot = self.slots.get(index as usize)?;
        slot.tenant.is_some().then(|| I::new(index, slot.version))
    }

    /// The tenant of slot `index`, if there is such a slot and it has one.
    #[cfg(feature = "image")]
    pub(crate) fn in_slot(&self, index: u32) -> Option<&T> {
        self.slots.get(index as usize)?.tenant.as_ref()
    }

    /// The slots that the next tenants will have, the next one first, and then how many there are in all.
    #[cfg(feature = "check")]
    pub(crate) fn vacant(&self) -> impl Iterator<Item = u32> {
        let there = |index: u32| (index != NOBODY).then_some(index);
        let next = move |&index: &u32| there(self.slots[index as usize].next);
        core::iter::successors(there(self.free), next).chain([self.slots.len() as u32])
    }

    /// The id of the tenant of slot `index`, which must have one.
    pub(crate) fn at(&self, index: u32) -> I {
        let slot = &self.slots[index as usize];
        debug_assert!(slot.tenant.is_some(), "slot {index} is empty");
        I::new(index, slot.version)
    }

    /// Whether the counts and the free slots are right: asked of what was read from outside. Linear in the slots.
    #[cfg(feature = "image")]
    pub(crate) fn is_whole(&self) -> bool {
        let mut free = alloc::vec![false; self.slots.len()];
        let mut at = self.free;
        while at != NOBODY {
            match self.slots.get(at as usize) {
                Some(slot) if slot.tenant.is_none() && !free[at as usize] => {
                    free[at as usize] = true;
                    at = slot.next;
                }
                _ => return false,
            }
        }
        let lost = |(slot, free): &(&Slot<T>, &bool)| !**free && slot.version < NonZeroU32::MAX;
        let empty = self.slots.iter().zip(&free).filter(|(slot, _)| slot.tenant.is_none());
        self.len as usize == self.iter().count() && !empty.clone().any(|one| lost(&one))
    }

    /// The id of the first tenant at or after slot `from`: a walk that allows changes between its steps.
    pub(crate) fn next_from(&self, from: usize) -> Option<I> {
        let (index, slot) =
            self.slots.iter().enumerate().skip(from).find(|(_, slot)| slot.tenant.is_some())?;
        Some(I::new(index as u32, slot.version))
    }
}

impl<I: Id, T> core::ops::Index<I> for Arena<I, T> {
    type Output = T;

    #[inline(always)]
    fn index(&self, id: I) -> &T {
        let slot = &self.slots[id.slot() as usize];
        debug_assert!(slot.is(id), "slot {} has another tenant", id.slot());
        slot.tenant.as_ref().expect(THERE)
    }
}

impl<I: Id, T> core::ops::IndexMut<I> for Arena<I, T> {
    #[inline(always)]
    fn index_mut(&mut self, id: I) -> &mut T {
        let slot = &mut self.slots[id.slot() as usize];
        debug_assert!(slot.is(id), "slot {} has another tenant", id.slot());
        slot.tenant.as_mut().expect(THERE)
    }
}

/// The tenants of an arena by themselves: where several are changed in turn, the slots are looked up once.
pub(crate) struct Tenants<'a, I, T> {
    slots: &'a mut [Slot<T>],
    ids: PhantomData<I>,
}

impl<I: Id, T> Arena<I, T> {
    #[inline]
    pub(crate) fn tenants(&mut self) -> Tenants<'_, I, T> {
        Tenants { slots: &mut self.slots, ids: PhantomData }
    }
}

/// What a list leads through: tenants by the index of their slot, with their names.
pub(crate) trait Slots<I> {
    type Tenant;

    /// The tenant of slot `index`, which must have one.
    fn slot(&mut self, index: u32) -> (I, &mut Self::Tenant);
}

impl<I: Id, T> Slots<I> for Tenants<'_, I, T> {
    type Tenant = T;

    #[inline(always)]
    fn slot(&mut self, index: u32) -> (I, &mut T) {
        let slot = &mut self.slots[index as usize];
        (I::new(index, slot.version), slot.tenant.as_mut().expect(THERE))
    }
}

impl<I: Id, T> Slots<I> for Arena<I, T> {
    type Tenant = T;

    #[inline]
    fn slot(&mut self, index: u32) -> (I, &mut T) {
        let slot = &mut self.slots[index as usize];
        (I::new(index, slot.version), slot.tenant.as_mut().expect(THERE))
    }
}

impl<I: Id, T> core::ops::Index<I> for Tenants<'_, I, T> {
    type Output = T;

    #[inline(always)]
    fn index(&self, id: I) -> &T {
        self.slots[id.slot() as usize].tenant.as_ref().expect(THERE)
    }
}

impl<I: Id, T> core::ops::IndexMut<I> for Tenants<'_, I, T> {
    #[inline(always)]
    fn index_mut(&mut self, id: I) -> &mut T {
        self.slots[id.slot() as usize].tenant.as_mut().expect(THERE)
    }
}

#[cfg(all(test, feature = "image"))]
mod tests {
    use super::*;
    use crate::id::ConnId;

    /// An arena whose list of free slots leads through `free`.
    fn arena(slots: &[(u32, Option<char>)], free: &[u32], len: u32) -> Arena<ConnId, char> {
        let mut arena = Arena::new();
        for &(version, tenant) in slots {
            arena.slots.push(Slot { version: NonZeroU32::new(version).unwrap(), next: NOBODY, tenant });
        }
        for &index in free.iter().rev() {
            let next = core::mem::replace(&mut arena.free, index);
            if let Some(slot) = arena.slots.get_mut(index as usize) {
                slot.next = next;
            }
        }
        Arena { len, ..arena }
    }

    #[test]
    fn a_table_grows_by_a_quarter_when_it_is_full_and_not_before() {
        let mut table: Vec<u8> = Vec::new();
        make_room(&mut table, 1);
        assert_eq!(table.capacity(), 8);
        table.resize(8, 0);
        make_room(&mut table, 8);
        assert_eq!(table.capacity(), 8);
        make_room(&mut table, 9);
        assert_eq!(table.capacity(), 11);
        let mut arena: Arena<ConnId, char> = Arena::new();
        for _ in 0..9 {
            arena.insert('a');
        }
        assert_eq!(arena.slots.capacity(), 11);
    }

    #[test]
    fn each_slot_is_taken_free_or_used_up() {
        let slots = [(1, Some('a')), (2, None), (u32::MAX, None), (u32::MAX, Some('d'))];
        assert!(arena(&slots, &[1], 2).is_whole());
        for (free, len, why) in [
            (&[1][..], 1, "a tenant is not counted"),
            (&[1], 3, "a tenant is counted who is not there"),
            (&[], 2, "a free slot is lost"),
            (&[], 3, "a free slot is lost, and counted as taken"),
            (&[1, 1], 2, "a slot is free twice"),
            (&[1, 1], 1, "a slot is free twice, and a tenant is not counted"),
            (&[0], 2, "a slot is taken and free"),
            (&[7], 2, "a slot is free that is not there"),
        ] {
            assert!(!arena(&slots, free, len).is_whole(), "{why}");
        }
        let mut circle = arena(&[(2, None), (3, None)], &[0, 1], 0);
        assert!(circle.is_whole());
        circle.slots[1].next = 0;
        assert!(!circle.is_whole(), "the free slots lead in a circle");
        assert!(arena(&[(u32::MAX, None)], &[0], 0).is_whole(), "its last tenant is yet to come");
    }

    #[test]
    fn a_slot_whose_versions_are_used_up_is_never_given_out_again() {
        let mut arena = arena(&[(u32::MAX, None)], &[0], 0);
        let last = arena.insert('z');
        assert_eq!((last.index(), last.version()), (0, u32::MAX));
        assert_eq!(arena.get(last), Some(&'z'));
        arena.remove(last);
        arena.remove(last);
        assert_eq!((arena.get(last), arena.len()), (None, 0));
        assert_eq!((arena.insert('a').index(), arena.len()), (1, 1));
        assert!(arena.is_whole());
    }

    #[test]
    fn a_slot_goes_from_one_tenant_to_the_next_until_its_versions_are_used_up() {
        let mut arena = arena(&[(u32::MAX - 1, Some('y'))], &[], 1);
        let first = arena.at(0);
        let last = arena.renew(first, 'z').unwrap();
        assert_eq!((last.version(), arena.get(first), arena.get(last)), (u32::MAX, None, Some(&'z')));
        assert_eq!((arena.renew(first, 'a'), arena.renew(last, 'a')), (None, None));
        assert_eq!((arena.get(last), arena.is_whole()), (Some(&'z'), true));
    }
}
