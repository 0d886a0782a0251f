//! Intrusive doubly linked lists through an arena: order, removal from the middle in O(1), no allocation.
//!
//! A tenant can be in several lists at once, one per selector (`Via`).

use core::marker::PhantomData;

use crate::arena::{Arena, Id, Slots};

const NOBODY: u32 = u32::MAX;

/// The slots of the neighbours.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Links<I> {
    prev: u32,
    next: u32,
    ids: PhantomData<I>,
}

impl<I> Links<I> {
    pub(crate) const NONE: Self = Links::between(NOBODY, NOBODY);

    const fn between(prev: u32, next: u32) -> Self {
        Links { prev, next, ids: PhantomData }
    }
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
        let prev = V::links(&arena[id]).prev;
        (prev != NOBODY).then(|| arena.at(prev))
    }

    #[inline(always)]
    pub(crate) fn push_back<S: Slots<I>>(&mut self, slots: &mut S, id: I)
    where
        V: Via<I, S::Tenant>,
    {
        let index = id.slot();
        let prev = match self.tail {
            Some(tail) => {
                let tail = tail.slot();
                V::links_mut(slots.slot(tail).1).next = index;
                tail
            }
            None => {
                self.head = Some(id);
                NOBODY
            }
        };
        *V::links_mut(slots.slot(index).1) = Links::between(prev, NOBODY);
        self.tail = Some(id);
        self.len += 1;
    }

    #[inline]
    pub(crate) fn push_front<S: Slots<I>>(&mut self, slots: &mut S, id: I)
    where
        V: Via<I, S::Tenant>,
    {
        let index = id.slot();
        let next = match self.head {
            Some(head) => {
                let head = head.slot();
                V::links_mut(slots.slot(head).1).prev = index;
                head
            }
            None => {
                self.tail = Some(id);
                NOBODY
            }
        };
        *V::links_mut(slots.slot(index).1) = Links::between(NOBODY, next);
        self.head = Some(id);
        self.len += 1;
    }

    /// `id` must be in this list. Whether it was the first.
    #[inline(always)]
    pub(crate) fn remove<S: Slots<I>>(&mut self, slots: &mut S, id: I) -> bool
    where
        V: Via<I, S::Tenant>,
    {
        let (_, tenant) = slots.slot(id.slot());
        let Links { prev, next, .. } = core::mem::replace(V::links_mut(tenant), Links::NONE);
        let (mut before, mut behind) = (None, None);
        if prev != NOBODY {
            let (id, tenant) = slots.slot(prev);
            V::links_mut(tenant).next = next;
            before = Some(id);
        }
        if next != NOBODY {
            let (id, tenant) = slots.slot(next);
            V::links_mut(tenant).prev = prev;
            behind = Some(id);
        }
        if before.is_none() {
            self.head = behind;
        }
        if behind.is_none() {
            self.tail = before;
        }
        self.len -= 1;
        before.is_none()
    }

    /// Whether the links of the list agree in both directions and each member is `right`: asked of what was read from outside.
    /// Linear in the members.
    #[cfg(feature = "image")]
    pub(crate) fn is_whole<T>(&self, arena: &Arena<I, T>, mut right: impl FnMut(I, &T) -> bool) -> bool
    where
        V: Via<I, T>,
    {
        let Some(tail) = self.tail else { return self.head.is_none() && self.len == 0 };
        let (mut at, mut before, mut seen) = (self.head, NOBODY, 0);
        while let Some(id) = at {
            let Some(tenant) = arena.get(id) else { return false };
            let links = V::links(tenant);
            if seen == self.len || links.prev != before || !right(id, tenant) {
                return false;
            }
            (seen, before) = (seen + 1, id.slot());
            if links.next == NOBODY {
                return seen == self.len && id == tail;
            }
            at = arena.id_in(links.next);
        }
        false
    }

    /// The ids from head to tail.
    pub(crate) fn iter<'a, T>(&'a self, arena: &'a Arena<I, T>) -> impl Iterator<Item = I> + 'a
    where
        V: Via<I, T>,
    {
        core::iter::successors(self.head, move |&id| {
            let next = V::links(&arena[id]).next;
            (next != NOBODY).then(|| arena.at(next))
        })
    }
}

#[cfg(all(test, feature = "image"))]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::id::ConnId;

    struct Own;

    type Names = Arena<ConnId, Links<ConnId>>;

    impl Via<ConnId, Links<ConnId>> for Own {
        fn links(tenant: &Links<ConnId>) -> &Links<ConnId> {
            tenant
        }

        fn links_mut(tenant: &mut Links<ConnId>) -> &mut Links<ConnId> {
            tenant
        }
    }

    fn list() -> (Names, List<ConnId, Own>, [ConnId; 3]) {
        let (mut arena, mut list) = (Arena::new(), List::new());
        let ids = [(); 3].map(|()| arena.insert(Links::NONE));
        ids.into_iter().for_each(|id| list.push_back(&mut arena, id));
        (arena, list, ids)
    }

    #[test]
    fn order_is_kept_whoever_leaves() {
        for leaves in 0..3 {
            let (mut arena, mut list, ids) = list();
            list.remove(&mut arena, ids[leaves]);
            let left: Vec<ConnId> = ids.into_iter().filter(|&id| id != ids[leaves]).collect();
            assert!(list.iter(&arena).eq(left.iter().copied()) && list.is_whole(&arena, |_, _| true));
            assert_eq!(list.prev(&arena, left[1]), Some(left[0]));
            list.push_front(&mut arena, ids[leaves]);
            assert_eq!((list.head(), list.len()), (Some(ids[leaves]), 3));
            assert!(list.is_whole(&arena, |_, _| true));
        }
    }

    #[test]
    fn a_list_that_is_not_whole_is_found_out() {
        type Lie = fn(&mut List<ConnId, Own>);
        let lies: [Lie; 6] = [
            |list| list.tail = None,
            |list| (list.head, list.tail) = (None, None),
            |list| (list.tail, list.len) = (None, 0),
            |list| list.head = None,
            |list| list.len = 2,
            |list| list.len = 4,
        ];
        for (n, lie) in lies.into_iter().enumerate() {
            let (arena, mut list, _) = list();
            assert!(list.is_whole(&arena, |_, _| true));
            lie(&mut list);
            assert!(!list.is_whole(&arena, |_, _| true), "lie {n}");
        }
        let (arena, empty): (Names, List<ConnId, Own>) = (Arena::new(), List::new());
        assert!(empty.is_whole(&arena, |_, _| false));
    }
}
