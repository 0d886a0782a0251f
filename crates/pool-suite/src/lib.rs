//! The same scenarios, with the same assertions, on every runtime that the pool runs on, over real sockets on loopback.
//!
//! | part | what it is |
//! |---|---|
//! | [`Adapter`] | what the scenarios need to know of a runtime and its transport |
//! | [`adapters`] | the runtimes: tokio with both of its transports, smol, async-std |
//! | [`Site`] | a runtime and a server, and the words that scenarios are written in |
//! | [`scenario`] | the scenarios by theme, each one function over any adapter |
//!
//! `tests/suite.rs` is the list of what is run where: one test for each scenario on each adapter.

pub mod adapter;
pub mod adapters;
pub mod scenario;
pub mod site;

pub use adapter::Adapter;
pub use site::Site;
