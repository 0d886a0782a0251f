//! The Supabase pool on smol and surf.
//!
//! ```no_run
//! use pool_smol::SupabaseConfig;
//!
//! #[derive(serde::Deserialize)]
//! struct Blog {
//!     title: String,
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! smol::block_on(async {
//!     let db = pool_smol::connect(&SupabaseConfig::from_env()?)?;
//!     let query = db.from("blogs").select::<Blog>("title").eq("published", true);
//!     for blog in db.execute_with_connection(query).await? {
//!         println!("{}", blog.title);
//!     }
//!     Ok(())
//! })
//! # }
//! ```
//!
//! The names are those of `pool-tokio`: changing the crate's name in a program's imports is the whole port.
//!
//! What lies below can be used by itself: a [`SurfPool`] is a pool of HTTP connections to any server, and the crates it is made of are re-exported.
//!
//! ```
//! use pool_smol::pool_core::{Config, Safety};
//! use pool_smol::pool_http::Base;
//! use pool_smol::{Probe, SurfBackend, TransportConfig};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let transport = TransportConfig::new(Base::new(&"https://api.example".parse()?)?)
//!     .probe(Probe::get("/health".parse()?));
//! let pool = SurfBackend::new(transport)?.open(Config::default())?;
//! let things = pool
//!     .execute(Safety::Safe, async |conn| Ok(conn.client().get("/things").recv_string().await?))
//!     .await?;
//! # drop(things);
//! # Ok(()) }
//! ```
//!
//! # What is under it
//!
//! One pooled connection is one socket: smol's TCP, TLS by rustls (ring), HTTP/1.1 and HTTP/2 by hyper. There is no tokio
//! runtime in it; the tasks run on smol's global executor or [wherever you say](Spawner), with the feature `async-std`
//! and its module `async_std` on async-std's.
//!
//! For what the query builder has no words for, a lease lends a [`surf::Client`] that works on exactly its socket
//! ([`SurfConnection::client`]). surf comes without its own HTTP clients: they hand an answer that came too late to the next
//! caller, fail on statuses such as 520, take a 103 for the answer, and bring a TLS stack with open advisories. So `surf::Client::new()`
//! and `surf::get()` are not there, and a request that is awaited without a client panics, saying so.
//!
//! # Features
//!
//! | feature | default | what it adds | extra dependencies |
//! |---|---|---|---|
//! | `async-std` | no | the module `async_std`: the same names for programs on async-std | none: surf brings async-std |
//! | `monitor` | no | the module `monitor`: key figures over time, alerts, metrics for Prometheus, an admin panel | prometheus-client, subtle |
//!
//! # The files
//!
//! | file | what it knows |
//! |---|---|
//! | `runtime`, `io` | smol's sockets, timers and threads, under the transport that is [`pool_hyper`]'s |
//! | `connection`, `client`, `body` | what a lease lends: the pool's own types, and surf's |
//! | `error` | what a failure means |
//! | `spawner`, `clock` | where tasks run, and what time it is |
//! | `backend`, `supabase` | all of it as a pool |

#[cfg(feature = "async-std")]
pub mod async_std;
mod backend;
mod body;
mod client;
mod clock;
mod connection;
mod error;
mod io;
#[cfg(feature = "monitor")]
pub mod monitor;
mod runtime;
mod spawner;
mod supabase;

pub use http;
pub use pool_async::{self, pool_core};
pub use pool_http;
pub use pool_supabase;
pub use rustls;
pub use surf;

pub use backend::{SurfBackend, SurfPool};
pub use clock::SmolClock;
pub use connection::SurfConnection;
pub use error::HttpError;
pub use pool_core::Priority;
pub use pool_http::{Probe, Profile, Protocol};
pub use pool_hyper::{Info, Resolver, Roots, Session, SetupError, TransportConfig};
pub use pool_supabase::{
    ApiError, Call, Client, Count, Error, ErrorClass, Expr, Kpis, Operation, OperationStats, Order, Page,
    PoolSettings, PoolStatus, Query, SupabaseConfig,
};
pub use spawner::Spawner;
pub use supabase::{Builder, ConnectError, Service, SupabasePool, connect};
