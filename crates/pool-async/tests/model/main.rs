//! The pool on threads, in every order of their steps up to a bound: `cargo xtask model`, and part of `cargo xtask test`.
//!
//! The model checker (loom) stands in for the locks, atomics and counted references of the crate (`sync.rs`) and of `event-listener`,
//! so it also tries what a weak memory may do. Pool, leases and driver are the real ones; see `harness` for what is made up.
//! A thread that nobody wakes is a deadlock, which loom reports, and so is anything counted that is never dropped.
//!
//! Each race names how many preemptions it tries. `POOL_MODEL_TIMES=10` tries one more in every race, `100` two more: each costs
//! ten to forty times the time. An order that fails can be looked at with loom's own variables: `LOOM_LOG=trace`, `LOOM_LOCATION=1`.
//!
//! What these tests were seen to catch, each put into the code by hand:
//!
//! | the change | caught by the races of |
//! |---|---|
//! | the driver looks at the bell before it stores its waker; or stores it only if rung | connect, cancel, shutdown, last handle, watchers |
//! | the bell wakes the driver before it is marked as rung | the same |
//! | the bell is not rung after a turn that left orders | all but the dropped driver |
//! | an acquire's waker is stored in a turn after the one that queued it | acquire, cancel, connect, shutdown, dropped driver |
//! | the waker of a granted ticket is dropped, not woken | the same |
//! | a dropped acquire does not cancel its ticket | cancel |
//! | a lease ends in one turn and its connection is put back in the next | acquire, cancel, connect, shutdown, last handle |
//! | `Pool::drop` asks for the count and subtracts in two steps, in either order | last handle |
//! | the dropped driver does not shut the pool down | dropped driver |
//! | `Pool::closed` looks before it listens | shutdown, the end of a watch |
//! | a watcher listens and does not look again; or asks for the end after the notices | the end of a watch |
//! | a report's flag is set before its box is filled; or cleared after the box is unlocked | reports |
//! | the bell's atomics are all relaxed | reports |
//! | the driver is not rung when the pool becomes closed | reports |
#![cfg(loom)]

mod ends;
mod harness;
#[cfg(planted)]
mod planted;
mod races;
mod watchers;
