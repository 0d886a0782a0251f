//! The Supabase pool on tokio and reqwest: the one crate to depend on.
//!
//! [`connect`] makes a running pool of a configuration. What lies below can be used by itself: a [`DirectPool`] or a [`PinnedPool`] is a
//! pool of HTTP connections to any server, and the crates it is made of are re-exported.
//!
//! # Two transports
//!
//! | | [direct] (default) | [pinned] |
//! |---|---|---|
//! | a connection is | one socket of ours, driven by hyper | a `reqwest::Client` that can open one socket |
//! | code gets | [`DirectConnection::execute`]: reqwest's `Request` in, `Response` out | [`PinnedConnection::client`]: `&reqwest::Client` |
//! | an HTTP/1.1 request costs, of the processor | a sixth to a third less than with one shared `reqwest::Client` | up to two fifths more |
//!
//! The last row is measured by `cargo xtask bench http`, whose figures are in the project's `docs/benchmarks.md`. The direct transport is
//! the default because it sees what happens to its sockets, exactly; what the pinned one cannot see is said at [pinned]. That one is for
//! code that wants a `reqwest::Client`. What each can and cannot do, row by row, is a table in the project's README.
//!
//! ```
//! use pool_tokio::pool_core::{Config, Safety};
//! use pool_tokio::pool_http::Base;
//! use pool_tokio::{DirectBackend, Probe, TransportConfig, reqwest};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let transport = TransportConfig::new(Base::new(&"https://api.example".parse()?)?)
//!     .probe(Probe::get("/health".parse()?));
//! let pool = DirectBackend::new(transport)?.open(Config::default())?;
//! let url: reqwest::Url = "https://api.example/things".parse()?;
//! let things = pool
//!     .execute(Safety::Safe, async |conn| {
//!         let request = reqwest::Request::new(reqwest::Method::GET, url.clone());
//!         Ok(conn.execute(request).await?.error_for_status()?.text().await?)
//!     })
//!     .await?;
//! # drop(things);
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `direct` | yes | the direct transport, and what is built on it: [`connect`], [`SupabasePool`] |
//! | `monitor` | no | the module `monitor`: key figures over time, alerts, metrics for Prometheus, an admin panel |

mod classify;
#[cfg(feature = "direct")]
pub mod direct;
mod error;
#[cfg(feature = "monitor")]
pub mod monitor;
pub mod pinned;
#[cfg(all(doctest, feature = "direct"))]
mod readme;
#[cfg(feature = "direct")]
mod supabase;

pub use http;
pub use pool_async::{self, TokioClock, pool_core};
pub use pool_core::Priority;
pub use pool_http;
pub use pool_supabase;
pub use reqwest;
pub use rustls;

#[cfg(feature = "direct")]
pub use direct::{DirectBackend, DirectConnection, DirectPool, Info, Session};
pub use error::HttpError;
pub use pinned::{PinnedBackend, PinnedConnection, PinnedPool};
pub use pool_http::{Probe, Profile, Protocol};
pub use pool_hyper::{Resolver, Roots, SetupError, TransportConfig};
pub use pool_supabase::{
    ApiError, Call, Client, Count, Error, ErrorClass, Expr, Kpis, Operation, OperationStats, Order, Page,
    PoolSettings, PoolStatus, Query, SupabaseConfig,
};
#[cfg(feature = "direct")]
pub use supabase::{Builder, ConnectError, Service, SupabasePool, connect};
