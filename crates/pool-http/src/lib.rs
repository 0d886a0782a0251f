//! HTTP vocabulary for pooled connections: requests, phase-tagged faults, outcome classes, header parsers.
//!
//! No I/O, no clock, no runtime: an adapter implements [`HttpConnection`] over its own sockets, everything that
//! decides works on the values of this crate.
//!
//! | file | question it answers |
//! |---|---|
//! | [`message`] | what is asked and what is answered |
//! | [`phase`], [`transport`] | how far a request got before it failed, and why |
//! | [`mod@outcome`] | whose fault that was, for the pool's health rules |
//! | [`retry`] | what may be done about it |
//! | [`retry_after`], [`keep_alive`], [`proxy_status`] | what the peer says in its headers |
//! | [`options`] | what every transport is told |
//! | [`connection`] | what an adapter has to provide |
//!
//! Two rules hold everywhere: a failure is classified from its typed cause and its phase, never from the text of
//! a message; and a request that may have been sent is never treated like one that was not.

pub mod connection;
pub mod keep_alive;
pub mod message;
pub mod options;
pub mod outcome;
pub mod phase;
pub mod proxy_status;
pub mod retry;
pub mod retry_after;
pub mod transport;

pub use connection::{Base, BaseError, HttpConnection, Limits};
pub use message::{Request, RequestMeta, Response};
pub use options::{Probe, Profile, Protocol};
pub use outcome::{blame, outcome};
pub use phase::{Phase, TransportErrorKind};
pub use pool_core::{FaultClass, Outcome, Reuse, Safety, Sent};
pub use retry::RetryAction;
pub use transport::TransportError;
