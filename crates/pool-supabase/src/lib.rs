//! Supabase over a pool: configuration and keys, the PostgREST query builder, error classes.
//!
//! Everything here is a value or a pure function; what does I/O is handed a [`pool_http::Request`] and hands back a
//! [`pool_http::Response`]:
//!
//! ```
//! use pool_http::Response;
//! use pool_supabase::{Client, Error, SupabaseConfig};
//!
//! # fn send(_: pool_http::Request) -> Response {
//! #     let mut headers = http::HeaderMap::new();
//! #     headers.insert("content-type", "application/json".parse().unwrap());
//! #     Response::new(http::StatusCode::OK, headers, r#"[{"title":"Pools"}]"#)
//! # }
//! #[derive(serde::Deserialize)]
//! struct Blog {
//!     title: String,
//! }
//!
//! let config = SupabaseConfig::builder().url("https://x.supabase.co").key("sb_publishable_x").build()?;
//! let query = Client::new(&config).from("blogs").select::<Blog>("title").eq("published", true);
//! let answer = send(query.build()?);
//! let blogs = query.decode(&answer)?;
//! assert_eq!(blogs[0].title, "Pools");
//! # Ok::<(), Error>(())
//! ```
//!
//! | module | what is in it |
//! |---|---|
//! | [`config`] | where the project is, with which key; checked, all problems at once |
//! | [`key`], [`token`] | credentials, never shown, sent only where they may be |
//! | [`pool`] | queries over a pool of connections: one deadline, retries, figures |
//! | [`service`] | an application's operations, with names, classes and figures |
//! | [`query`] | select, filters, insert, update, upsert, delete, rpc |
//! | [`error`] | what went wrong, whose fault it was, and what may be done |
//!
//! # Features
//!
//! | feature | adds | extra dependencies |
//! |---|---|---|
//! | `monitor` | `Service::watch`: the pool and its operations in a monitor, its panel and its metrics | `pool-monitor` |

pub mod config;
pub mod error;
pub mod key;
pub mod pool;
pub mod query;
pub mod service;
pub mod token;

mod client;
mod duration;
mod settings;

pub use client::Client;
pub use config::{ConfigError, SupabaseConfig, SupabaseConfigBuilder};
pub use error::{ApiError, Code, Error, ErrorClass};
pub use key::{ApiKey, KeyKind, Role};
pub use pool::{CallOptions, Kpis, PoolStatus, SupabasePool};
pub use query::{BuildError, Call, Count, Expr, FilterValue, Order, Page, Query};
pub use service::{Operation, OperationStats, Service};
pub use settings::PoolSettings;
pub use token::{Token, TokenSource};
