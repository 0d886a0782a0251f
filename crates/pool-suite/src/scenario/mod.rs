//! What can happen between a pool and a server, by theme. No scenario knows which adapter it runs on.

pub mod black_hole;
pub mod body;
pub mod outside;
pub mod recorded;
pub mod refused;
pub mod reset;
pub mod restart;
pub mod shutdown;
pub mod spike;
pub mod stale;
pub mod storm;
