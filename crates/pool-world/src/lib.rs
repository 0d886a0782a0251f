//! The simulated world that every test engine of pool-core stands on.
//!
//! | part | what it is |
//! |---|---|
//! | [`Op`] | a step of a history in small numbers, taken modulo what is there: every `Vec<Op>` is a valid history |
//! | [`History`] | a [`Setup`] and steps; its `Debug` is a test to paste into `tests/it/regressions.rs` |
//! | [`Input`] | a step in the core's own terms; a list of them is a [`Tape`] that can be played again, shifted, cut |
//! | [`World`] | a pool, the books of its driver and callers, and the oracle that judges every step |
//! | [`sim`] | endpoints, callers and drivers in virtual time, with faults, then without |
//! | [`naive`] | the pool once more, in the plainest way, for the features that can be told plainly |
//! | [`explore`] | every history up to a depth |
//! | [`Script`] | the words that `tests/it/stories_*.rs` are written in |
//!
//! The oracle was written from the specification and looks at the core only through its public face. Each of its
//! complaints begins with the number of the invariant that is broken ([`invariants`]), as in the tests' names.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an oracle asks for the few cases that it judges; the rest is whatever else there is"
)]

pub mod books;
pub mod diagram;
pub mod explore;
pub mod history;
pub mod input;
pub mod invariants;
pub mod naive;
pub mod op;
pub mod oracle;
#[cfg(planted)]
pub mod planted;
pub mod proof;
pub mod rng;
pub mod script;
pub mod setup;
pub mod sim;
pub mod tape;
pub mod view;
pub mod world;

pub use history::History;
pub use input::{Answer, Input, Key};
pub use op::Op;
#[cfg(planted)]
pub use planted::is_muted;
pub use proof::Proof;
pub use script::Script;
pub use setup::Setup;
pub use tape::Tape;
pub use view::View;
pub use world::World;

/// Panics with the number of the broken invariant and what was seen.
#[macro_export]
macro_rules! holds {
    ($condition:expr, $number:literal, $($seen:tt)+) => {
        if !$condition && !$crate::is_muted() {
            panic!(concat!($number, ": {}"), format_args!($($seen)+));
        }
    };
}

/// Whether nobody judges.
#[cfg(not(planted))]
pub const fn is_muted() -> bool {
    false
}
