//! What can happen between a pool and a server, by theme. No scenario knows which adapter it runs on.

pub mod black_hole;
pub mod refused;
pub mod reset;
pub mod spike;
