//! Generational ids: an index and a version, so that a late report about a slot's former tenant is
//! recognised (invariant I11). 8 bytes each, `Option` included, in one word, so that two of them travel in two registers;
//! printed as `#index v version`: `#3v7`.

use core::fmt;
use core::num::{NonZeroU32, NonZeroU64};

/// The word of an id: the index above, the version below.
const fn word(index: u32, version: NonZeroU32) -> NonZeroU64 {
    match NonZeroU64::new(((index as u64) << 32) + version.get() as u64) {
        Some(word) => word,
        None => unreachable!(),
    }
}

/// An id as it is written.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct Parts {
    index: u32,
    version: NonZeroU32,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(from = "Parts", into = "Parts"))]
        pub struct $name(NonZeroU64);

        impl $name {
            /// The id of that slot and tenant, for recordings and tests: whether a pool knows it is another matter.
            #[cfg(feature = "image")]
            pub const fn of(index: u32, version: NonZeroU32) -> Self { $name(word(index, version)) }
            /// The slot, a small dense number below the most there ever were at once: an index for side tables.
            #[inline]
            pub const fn index(self) -> usize { self.slot() as usize }
            /// Which tenant of the slot this is, from 1.
            #[inline]
            pub const fn version(self) -> u32 { self.0.get() as u32 }
            #[inline]
            pub(crate) const fn slot(self) -> u32 { (self.0.get() >> 32) as u32 }
        }

        impl crate::arena::Id for $name {
            #[inline]
            fn new(index: u32, version: NonZeroU32) -> Self { $name(word(index, version)) }
            #[inline]
            fn slot(self) -> u32 { $name::slot(self) }
            #[inline]
            fn version(self) -> u32 { $name::version(self) }
        }

        #[cfg(feature = "serde")]
        impl From<Parts> for $name {
            fn from(Parts { index, version }: Parts) -> Self { $name(word(index, version)) }
        }

        #[cfg(feature = "serde")]
        impl From<$name> for Parts {
            fn from(id: $name) -> Parts {
                let version = NonZeroU32::new(id.version()).expect("a version is at least 1");
                Parts { index: id.slot(), version }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "#{}v{}", self.slot(), self.version()) }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "#{}v{}", self.slot(), self.version()) }
        }

        const _: () = assert!(size_of::<$name>() == 8 && size_of::<Option<$name>>() == 8);
    )*};
}

ids! {
    /// Names one connection, from the decision to dial it until its slot is free again.
    ConnId,
    /// Names one place in the queue.
    TicketId,
    /// Names one lease.
    LeaseId,
    /// Names one endpoint.
    EndpointId,
}
