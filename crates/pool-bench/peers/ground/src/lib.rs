//! What every comparison stands on: contests, their tables, and the runtimes. Nothing here knows what is compared.

pub mod contest;
mod quantile;
pub mod runtime;

pub use quantile::quantile;
