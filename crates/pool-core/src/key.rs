//! Whose timer, and when: what the heap is made of.

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
pub(crate) struct Entry {
    pub(crate) at: Time,
    /// The kind in the high half, the slot in the low one.
    pub(crate) key: u64,
}

impl Entry {
    #[inline]
    pub(crate) fn new(at: Time, key: Key) -> Entry {
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
    pub(crate) fn key(self) -> Key {
        let index = self.key as u32;
        match self.key >> 32 {
            0 => Key::Ticket(index),
            1 => Key::Conn(index),
            2 => Key::Endpoint(index),
            3 => Key::Shrink,
            _ => Key::Grace,
        }
    }

    /// Whether it fires before the other, which is of another key.
    #[inline(always)]
    pub(crate) fn is_before(self, other: Entry) -> bool {
        self.rank() < other.rank()
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
