//! Every engine over the one world. Each failure prints a history as Rust source: paste it into `regressions.rs`.

mod differential;
mod docs;
mod exhaustive;
mod histories;
mod image;
mod invariants;
mod matrix;
mod metamorphic;
#[cfg(planted)]
mod planted;
mod regressions;
mod simulator;
mod stories_callers;
mod stories_health;
mod stories_load;
mod strategy;
