//! A connection pool as a pure state machine.
//!
//! Every decision is a function of (state, input, time, seed): no I/O, no clock, no randomness source, no
//! dependency. So it can be property-tested, explored, fuzzed, replayed and simulated, and driven by any runtime or none.
//!
//! | kind | methods of [`Pool`] |
//! |---|---|
//! | callers | [`acquire`](Pool::acquire), [`claim`](Pool::claim), [`cancel`](Pool::cancel), [`release`](Pool::release), [`reject`](Pool::reject), [`detach`](Pool::detach), [`retry`](Pool::retry) |
//! | reports | [`handle`](Pool::handle), [`advance`](Pool::advance) |
//! | operations | [`resize`](Pool::resize), [`suspend`](Pool::suspend), [`resume`](Pool::resume), [`invalidate`](Pool::invalidate), [`drain`](Pool::drain), [`shutdown`](Pool::shutdown) |
//! | outputs | [`poll`](Pool::poll) |
//! | looking | [`status`](Pool::status), [`connections`](Pool::connections), [`endpoints`](Pool::endpoints), [`stats`](Pool::stats) |
//!
//! Three rules, and everything else is a type error, a [`Verdict`], or harmless:
//!
//! 1. call [`Pool::poll`] until it is idle when you are done with your inputs;
//! 2. wake up at its deadline and call [`Pool::advance`];
//! 3. give every [`Lease`] and [`Ticket`] back.
//!
//! A run in virtual time:
//!
//! ```
//! use pool_core::{Acquire, Action, Claim, Config, Event, Outcome, Output, Pool, Request, Time};
//!
//! let mut now = Time::from_millis(0);
//! let mut pool = Pool::new(Config { min_connections: 0, ..Config::default() }, now)?;
//!
//! // Nobody is connected yet: the caller gets a ticket, and the pool asks for a connect.
//! let Acquire::Queued(ticket) = pool.acquire(now, Request::default())? else { unreachable!() };
//! let Output::Do(Action::Connect { conn, .. }) = pool.poll() else { unreachable!() };
//!
//! // The driver dials, for 20 ms, and reports; the pool wakes the caller, who claims.
//! now = Time::from_millis(20);
//! let _ = pool.handle(now, Event::Connected { conn, leases_max: 1 });
//! assert_eq!(pool.poll(), Output::Do(Action::Wake { ticket: ticket.id() }));
//! let Claim::Ready(lease) = pool.claim(now, ticket) else { unreachable!() };
//! assert_eq!(pool.status().in_use, 1);
//!
//! // The query worked.
//! let _ = pool.release(now, lease, Outcome::Success);
//! assert_eq!(pool.status().available, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! | feature | adds | dependencies |
//! |---|---|---|
//! | `check` | `Pool::check`: every state invariant, recounted | none |
//! | `serde` | serde for the values of the interface | serde |
//! | `image` | `Image`: the whole state as bytes and back; what a restart of the process keeps | serde, postcard, crc32fast |
#![no_std]

extern crate alloc;

// First: its macro is for all the others.
#[macro_use]
mod planted;

mod acquire;
mod advice;
mod arena;
mod backoff;
#[cfg(feature = "check")]
mod check;
mod config;
mod conn;
mod endpoint;
mod error;
mod fault;
#[cfg(feature = "check")]
mod fingerprint;
mod fire;
mod health;
mod heap;
mod histogram;
mod id;
#[cfg(feature = "image")]
mod image;
mod input;
mod key;
mod lifecycle;
mod list;
mod operate;
mod output;
mod pool;
mod release;
mod report;
mod rest;
mod retry;
mod rng;
mod row;
mod settle;
mod short;
mod shrink;
mod state;
mod stats;
mod status;
#[cfg(test)]
mod tests;
mod time;
mod timers;
mod view;
mod waiter;
mod window;

pub use acquire::{Acquire, Claim};
pub use advice::Warning;
pub use backoff::Backoff;
pub use config::{CONNECTIONS_LIMIT, Config, ConfigError, DURATION_LIMIT, Problem, WAITERS_LIMIT, WhenDown};
pub use error::{AcquireError, AcquireErrorKind, Cause, Load};
pub use fault::{FaultClass, Outcome, Reuse, Safety, Sent};
pub use histogram::Histogram;
pub use id::{ConnId, EndpointId, LeaseId, TicketId};
#[cfg(feature = "image")]
pub use image::{Call, IMAGE_VERSION, Image, ImageError, Record, Standing};
pub use input::{EndpointSpec, Event, Lease, Patience, Place, Priority, Request, Ticket};
pub use output::{Action, Deadline, Notice, Output, Verdict, Wakeup};
#[cfg(planted)]
pub use planted::Bug;
pub use pool::Pool;
pub use retry::{Failure, Retry, RetryBudget, RetryPolicy, StopReason};
pub use state::{CloseReason, Lifecycle, health_transition, legal, markable, transition};
pub use stats::Stats;
pub use status::{ConnectionInfo, EndpointInfo, Health, Phase, Status};
pub use time::Time;
