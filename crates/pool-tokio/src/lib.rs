//! The Supabase pool on tokio and reqwest.

mod classify;
mod clock;
mod config;
#[cfg(feature = "direct")]
pub mod direct;
mod error;
pub mod pinned;
#[cfg(feature = "direct")]
mod supabase;
mod tls;
mod usage;

pub use pool_async::{self, pool_core};
pub use pool_http;
pub use pool_supabase;
pub use reqwest;
pub use rustls;

pub use clock::TokioClock;
pub use config::{Probe, Profile, Protocol, Roots, TransportConfig};
#[cfg(feature = "direct")]
pub use direct::{DirectBackend, DirectConnection, DirectPool};
pub use error::Error;
pub use pinned::{PinnedBackend, PinnedConnection, PinnedPool};
pub use pool_supabase::{
    ApiError, Client, Count, ErrorClass, Expr, Kpis, Operation, Order, Page, PoolSettings, PoolStatus, Query,
    SupabaseConfig,
};
#[cfg(feature = "direct")]
pub use supabase::{Builder, ConnectError, Service, SupabasePool, connect};
pub use tls::SetupError;
