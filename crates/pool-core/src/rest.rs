//! What an input leaves when it has settled: whether the rules would do nothing if they were applied again, and why.

/// Known by every input; found by the ones that go the long way, kept up by the short ways of `short.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Not known: the rules must be applied.
    Unknown,
    /// The pool runs, nothing is wrong, nothing is wanted, nobody waits.
    Calm,
    /// The pool runs, nothing is wrong, and everything that may be open is in use. Somebody waits.
    Full,
    /// Nobody asks: the rules are always applied, and no short way is ever taken.
    Ignored,
}

impl Rest {
    #[inline]
    pub(crate) const fn is_known(self) -> bool {
        matches!(self, Rest::Calm | Rest::Full)
    }

    /// What is left of it when something has changed that the rules look at.
    pub(crate) const fn disturbed(self) -> Rest {
        if matches!(self, Rest::Ignored) { Rest::Ignored } else { Rest::Unknown }
    }
}

/// It follows from everything else, so it is no part of an image.
#[cfg(feature = "image")]
mod image {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Rest;

    impl Serialize for Rest {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            to.serialize_unit()
        }
    }

    impl<'de> Deserialize<'de> for Rest {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Rest, D::Error> {
            <()>::deserialize(from).map(|()| Rest::Unknown)
        }
    }
}
