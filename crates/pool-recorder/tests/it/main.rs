//! Recordings of a busy pool: the same decisions again, their explanations, and the shortest of them as a test.

mod busy;
mod command;
mod explain;
#[rustfmt::skip]
mod generated;
mod replay;
mod shrink;
