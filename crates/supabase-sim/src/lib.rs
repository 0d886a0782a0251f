//! An in-process PostgREST look-alike with fault injection.
//!
//! It listens on loopback, speaks HTTP/1.1 and HTTP/2 (with TLS if wanted), and answers as a hosted project would:
//! the gateway's check of the key, PostgREST's dialect and errors, its own small pool of database connections, three
//! tables with rows. Every way in which such a server has been seen to fail can be made to happen on demand, and
//! everything that happened can be asked for.
//!
//! It runs on a thread of its own, so the caller may use any runtime, or none:
//!
//! ```
//! use std::io::{Read, Write};
//! use std::net::TcpStream;
//! use supabase_sim::{Fault, Simulator};
//!
//! let sim = Simulator::start()?;
//! sim.inject(Fault::reset().method("POST").times(1));
//!
//! let mut socket = TcpStream::connect(sim.address())?;
//! let key = sim.anon_key();
//! write!(socket, "GET /rest/v1/rpc/ping HTTP/1.1\r\nhost: sim\r\napikey: {key}\r\nconnection: close\r\n\r\n")?;
//! let mut answer = String::new();
//! socket.read_to_string(&mut answer)?;
//! assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("\r\n\r\n1"));
//! assert_eq!(sim.counters().executed_count("GET", "/rest/v1/rpc/ping"), 1);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # What it is not
//!
//! Not a database: one request is one statement, texts sort by their bytes, the tables are those of the schema below.
//! What PostgREST understands and this does not is answered with PGRST127, never guessed at: casts, JSON paths,
//! full-text and range operators, filters on embedded rows, PUT. It is stricter than the real server on purpose: an
//! unknown preference, a parameter given twice or without a meaning, a negative offset are errors here. Codes and
//! messages are those of PostgREST 13 where the versions differ. Planned and estimated counts are exact. Rows and the
//! counts per `request_key` stay in memory until the simulator is dropped.
//!
//! # Faults
//!
//! | what | how |
//! |---|---|
//! | of a request: delays, resets, cut and stalled bodies, other answers | [`Simulator::inject`] with a [`Fault`], or a [`Rule`] that says when |
//! | of a new connection: silence, reset, no handshake | [`Simulator::inject_at_accept`] with an [`AcceptFault`] |
//! | closing by the server's own rules: idle, used up, after a HEAD | [`Simulator::configure`] and [`KeepAlive`] |
//! | overload: PGRST003, statement timeouts | [`Simulator::configure`] and [`DatabasePool`] |
//! | refused connections, crash, restart, all sockets cut | [`Simulator::refuse`], [`Simulator::crash`], [`Simulator::restart`], [`Simulator::kill_connections`] |
//!
//! To see what came of it: [`Simulator::counters`], [`Simulator::wait_until`] for threads, [`Simulator::until`] for
//! futures.
//!
//! # The data
//!
//! | table | rows | who else than the service key |
//! |---|---|---|
//! | `blogs` | 12, the first 10 published | reads the published ones |
//! | `courses` | 12, the first 11 published | reads the published ones |
//! | `blog_views` | 12 | may insert, not read |
//!
//! Functions: `ping()`, `slow(ms)`, `record_blog_view(blog_id, viewer, request_key)`, `blog_analytics(days)`.
//! `blog_views.request_key` is unique: [`Counters::key`] tells how often each was attempted and applied, which is how
//! a test proves that no write was executed twice.

mod auth;
mod body;
mod canned;
mod connection;
mod data;
mod dialect;
mod engine;
mod errors;
mod fault;
mod link;
mod observe;
mod rng;
mod rule;
mod server;
mod service;
mod settings;
mod shared;
mod simulator;
#[cfg(feature = "tls")]
mod tls;

pub use canned::CannedAnswer;
pub use engine::Role;
pub use fault::{AcceptFault, Ending, Fault, Framing, Stage, StreamReset};
pub use observe::{CLOSED_KEPT, ConnectionCounters, Counters, EXECUTED_KEPT, Executed, KeyCount};
pub use rule::{Rule, RuleId};
pub use server::Protocols;
pub use settings::{DatabasePool, JwtErrors, KeepAlive, Settings};
pub use simulator::{Builder, Simulator};
#[cfg(feature = "tls")]
pub use tls::RootCertificate;
