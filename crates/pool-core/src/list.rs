//! Intrusive doubly linked lists through an arena: order, removal from the middle in O(1), no allocation.
//!
//! A tenant can be in several lists at once, one per selector (`Via`).

use core::marker::PhantomData;
use core::ops::IndexMut;

use crate::arena::{Arena, Id};

#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Links<I> {
    prev: Option<I>,
    next: Option<I>,
}

impl<I> Links<I> {
    pub(crate) const NONE: Self = Links { prev: None, next: None };
}

/// Which links of a tenant a list goes through.
pub(crate) trait Via<I, T> {
    fn links(tenant: &T) -> &Links<I>;
    fn links_mut(tenant: &mut T) -> &mut Links<I>;
}

#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct List<I, V> {
    head: Option<I>,
    tail: Option<I>,
    len: u32,
    via: PhantomData<V>,
}

impl<I: Id, V> List<I, V> {
    pub(crate) const fn new() -> Self {
        List { head: None, tail: None, len: 0, via: PhantomData }
    }

    /// The list of one tenant, whose links lead nowhere.
    pub(crate) const fn of(id: I) -> Self {
        List { head: Some(id), tail: Some(id), len: 1, via: PhantomData }
    }

    pub(crate) const fn len(&self) -> u32 {
        self.len
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) const fn head(&self) -> Option<I> {
        self.head
    }

    pub(crate) const fn tail(&self) -> Option<I> {
        self.tail
    }

    pub(crate) fn prev<T>(&self, arena: &Arena<I, T>, id: I) -> Option<I>
    where
        V: Via<I, T>,
    {
        V::links(&arena[id]).prev
    }

    #[inline(always)]
    pub(crate) fn push_back<T>(&mut self, arena: &mut impl IndexMut<I, Output = T>, id: I)
    where
        V: Via<I, T>,
    {
        *V::links_mut(&mut arena[id]) = Links { prev: self.tail, next: None };
        match self.tail {
            Some(tail) => V::links_mut(&mut arena[tail]).next = Some(id),
            None => self.head = Some(id),
        }
        self.tail = Some(id);
        self.len += 1;
    }

    #[inline]
    pub(crate) fn push_front<T>(&mut self, arena: &mut impl IndexMut<I, Output = T>, id: I)
    where
        V: Via<I, T>,
    {
        *V::links_mut(&mut arena[id]) = Links { prev: None, next: self.head };
        match self.head {
            Some(head) => V::links_mut(&mut arena[head]).prev = Some(id),
            None => self.tail = Some(id),
        }
        self.head = Some(id);
        self.len += 1;
    }

    /// `id` must be in this list.
    #[inline(always)]
    pub(crate) fn remove<T>(&mut self, arena: &mut impl IndexMut<I, Output = T>, id: I)
    where
        V: Via<I, T>,
    {
        let Links { prev, next } = core::mem::replace(V::links_mut(&mut arena[id]), Links::NONE);
        match prev {
            Some(prev) => V::links_mut(&mut arena[prev]).next = next,
            None => self.head = next,
        }
        match next {
            Some(next) => V::links_mut(&mut arena[next]).prev = prev,
            None => self.tail = prev,
        }
        self.len -= 1;
    }

    /// Whether the links of the list agree in both directions and each member is `right`: asked of what was read from outside.
    /// Linear in the members.
    #[cfg(feature = "image")]
    pub(crate) fn is_whole<T>(&self, arena: &Arena<I, T>, mut right: impl FnMut(I, &T) -> bool) -> bool
    where
        V: Via<I, T>,
    {
        let (mut at, mut before, mut seen) = (self.head, None, 0);
        while let Some(id) = at {
            let Some(tenant) = arena.get(id) else { return false };
            let links = V::links(tenant);
            if seen == self.len || links.prev != before || !right(id, tenant) {
                return false;
            }
            (seen, before, at) = (seen + 1, at, links.next);
        }
        seen == self.len && before == self.tail
    }

    /// The ids from head to tail.
    pub(crate) fn iter<'a, T>(&'a self, arena: &'a Arena<I, T>) -> impl Iterator<Item = I> + 'a
    where
        V: Via<I, T>,
    {
        core::iter::successors(self.head, move |&id| V::links(&arena[id]).next)
    }
}
