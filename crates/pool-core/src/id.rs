//! Generational ids: an index and a version, so that a late report about a slot's former tenant is
//! recognised (invariant I11). 8 bytes each, `Option` included; printed as `#index v version`: `#3v7`.

use core::fmt;
use core::num::NonZeroU32;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name { pub(crate) index: u32, pub(crate) version: NonZeroU32 }

        impl $name {
            /// The id of that slot and tenant, for recordings and tests: whether a pool knows it is another matter.
            #[cfg(feature = "image")]
            pub const fn of(index: u32, version: NonZeroU32) -> Self { $name { index, version } }
            /// The slot, a small dense number below the most there ever were at once: an index for side tables.
            pub const fn index(self) -> usize { self.index as usize }
            /// Which tenant of the slot this is, from 1.
            pub const fn version(self) -> u32 { self.version.get() }
        }

        impl crate::arena::Id for $name {
            fn new(index: u32, version: NonZeroU32) -> Self { $name { index, version } }
            fn parts(self) -> (u32, NonZeroU32) { (self.index, self.version) }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "#{}v{}", self.index, self.version) }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "#{}v{}", self.index, self.version) }
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
