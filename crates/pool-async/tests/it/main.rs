//! The driver against an in-memory backend, in virtual time: nothing here sleeps, and nothing waits for real.

mod acquire;
mod cancel;
mod clock;
mod errors;
mod execute;
mod fake;
mod fast_clock;
mod hostile;
mod lease;
mod observe;
mod operate;
mod recorder;
mod reentrant;
mod restart;
mod sendness;
mod sharing;
mod threads;
mod world;
