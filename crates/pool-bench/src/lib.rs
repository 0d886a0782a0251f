//! What the core costs: a table by the size of the pool and of the queue, and the gate that keeps what has been reached. Run by
//! `cargo xtask bench`; the comparison with other pools is in `peers/`, a workspace of its own.
//!
//! Rules: instructions are counted, not timed, wherever that says enough; times are medians of rounds in which everything takes its
//! turn; no figure is a test's assertion.

pub mod baseline;
mod bounds;
pub mod callgrind;
pub mod cycles;
pub mod driven;
pub mod inputs;
pub mod median;
pub mod scale;
