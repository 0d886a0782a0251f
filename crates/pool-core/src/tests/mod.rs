//! What no history can tell: exact values at the edges, of the parts and of the pool's smallest rules.

mod budget;
mod edges;
mod endpoint;
#[cfg(feature = "image")]
mod image;
#[cfg(feature = "image")]
mod record;
mod rules;
mod settings;
mod settle;
mod short;
mod values;
