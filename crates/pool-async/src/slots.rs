//! Where the connections are while nobody uses them: one slot per `ConnId::index`.
//!
//! Rules kept here: a slot knows whose it is, so that a late report finds nothing; nothing is dropped or cloned that
//! belongs to the backend (what leaves a slot is handed out, to be dropped after the lock).

use pool_core::{ConnId, EndpointId};

use crate::sync::{Arc, Mutex, lock, unlocked};
use crate::table::Table;

/// What the backend calls a connection.
pub(crate) type Label = std::sync::Arc<str>;

/// A connection, or a way to it.
pub(crate) enum Object<T> {
    /// With its lease, or not there yet.
    Out,
    /// Carries one lease at a time: moved to the caller and back.
    Owned(T),
    /// Carries several: stays in its slot, and every lease gets a handle of its own. Behind a lock because a
    /// connection that is `Send` need not be `Sync`.
    Shared(Arc<Mutex<T>>),
}

impl<T> Object<T> {
    /// The connection itself, to close it; if a handle to it is being made at this moment, another made by `share`.
    pub(crate) fn into_inner(self, share: impl FnOnce(&T) -> Option<T>) -> Option<T> {
        match self {
            Object::Out => None,
            Object::Owned(conn) => Some(conn),
            Object::Shared(conn) => match Arc::try_unwrap(conn) {
                Ok(conn) => Some(unlocked(conn)),
                Err(conn) => share(&lock(&conn)),
            },
        }
    }

    /// What a lease gets: the connection, or a handle made by `share`.
    #[inline]
    pub(crate) fn lend(self, share: impl FnOnce(&T) -> Option<T>) -> Option<T> {
        match self {
            Object::Out => None,
            Object::Owned(conn) => Some(conn),
            Object::Shared(conn) => share(&lock(&conn)),
        }
    }
}

/// In a line of the cache by itself, if the connection is small.
#[repr(align(64))]
struct Slot<T> {
    id: ConnId,
    endpoint: EndpointId,
    label: Option<Label>,
    shared: bool,
    object: Object<T>,
}

pub(crate) struct Slots<T> {
    slots: Table<Slot<T>>,
}

impl<T> Slots<T> {
    pub(crate) const fn new() -> Self {
        Slots { slots: Table::new() }
    }

    fn get(&self, id: ConnId) -> Option<&Slot<T>> {
        self.slots.get(id.index()).filter(|slot| slot.id == id)
    }

    #[inline]
    fn get_mut(&mut self, id: ConnId) -> Option<&mut Slot<T>> {
        self.slots.get_mut(id.index()).filter(|slot| slot.id == id)
    }

    /// A connection begins: its slot is its own from now on. Returns what a former tenant has left.
    pub(crate) fn begin(&mut self, id: ConnId, endpoint: EndpointId) -> Object<T> {
        let slot = Slot { id, endpoint, label: None, shared: false, object: Object::Out };
        self.slots.place(id.index()).replace(slot).map_or(Object::Out, |former| former.object)
    }

    /// It is open.
    pub(crate) fn open(&mut self, id: ConnId, object: Object<T>, label: Option<Label>) -> Object<T> {
        let Some(slot) = self.get_mut(id) else { return object };
        slot.shared = matches!(object, Object::Shared(_));
        slot.label = label;
        std::mem::replace(&mut slot.object, object)
    }

    /// For a lease or a probe: the connection itself, or the way to make a handle to it.
    #[inline]
    pub(crate) fn lend(&mut self, id: ConnId) -> Object<T> {
        let Some(slot) = self.get_mut(id) else { return Object::Out };
        match &slot.object {
            Object::Shared(conn) => Object::Shared(Arc::clone(conn)),
            Object::Out | Object::Owned(_) => std::mem::replace(&mut slot.object, Object::Out),
        }
    }

    /// What was lent comes back. What has no place stays where it is: a handle of a shared connection, or a connection that the pool no
    /// longer knows.
    #[inline]
    pub(crate) fn give_back(&mut self, id: ConnId, conn: &mut Option<T>) {
        if let Some(slot) = self.get_mut(id)
            && let Object::Out = slot.object
            && let Some(conn) = conn.take()
        {
            slot.object = Object::Owned(conn);
        }
    }

    /// It is over: the slot is empty, and what was in it is handed out.
    pub(crate) fn end(&mut self, id: ConnId) -> Object<T> {
        self.slots.take_if(id.index(), |slot| slot.id == id).map_or(Object::Out, |slot| slot.object)
    }

    /// Everything that is left.
    pub(crate) fn clear(&mut self) -> Vec<Object<T>> {
        self.slots.drain().map(|slot| slot.object).collect()
    }

    pub(crate) fn endpoint(&self, id: ConnId) -> Option<EndpointId> {
        self.get(id).map(|slot| slot.endpoint)
    }

    pub(crate) fn label(&self, id: ConnId) -> Option<Label> {
        self.get(id)?.label.clone()
    }

    /// Whether each lease has a handle of its own.
    pub(crate) fn is_shared(&self, id: ConnId) -> bool {
        self.get(id).is_some_and(|slot| slot.shared)
    }
}
