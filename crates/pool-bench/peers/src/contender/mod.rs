//! The pools, each as its users write it: the recommended settings and a size; where a default would make the work impossible
//! (mobc keeps two idle, ours queues ten callers per connection), it is raised, and the line says so.

mod asyncband;
mod bb8;
mod bound;
mod deadpool;
mod mobc;
mod ours;
mod strawman;

use std::future::Future;
use std::ops::DerefMut;

use crate::site::{Conn, Site};
use ground::runtime::Runtime;

pub use self::asyncband::Asyncband;
pub use self::bb8::Bb8;
pub use self::bound::Bound;
pub use self::deadpool::{Deadpool, Unmanaged};
pub use self::mobc::Mobc;
pub use self::ours::{Ours, OursFast, config};
pub use self::strawman::Strawman;

/// Why there was no connection. Of a word: beside a single byte, the compiler copies the guard that a result holds in pieces that begin at
/// odd places, which takes some ten nanoseconds of nobody's pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Denied {
    /// The error has the backend's own inside.
    WithCause,
    /// It says only that there is none.
    Blind,
}

/// A pool on a runtime.
pub trait Contender<R: Runtime>: Sized + Clone + Send + Sync + 'static {
    type Guard<'a>: DerefMut<Target = Conn> + Send;

    /// A pool of at most `size` connections, none of which need be open.
    fn build(size: usize, site: Site) -> impl Future<Output = Self> + Send;

    fn acquire(&self) -> impl Future<Output = Result<Self::Guard<'_>, Denied>> + Send;

    /// The end of a use that went well.
    fn give_back(guard: Self::Guard<'_>) {
        drop(guard);
    }
}
