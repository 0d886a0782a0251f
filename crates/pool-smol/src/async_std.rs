//! The same on async-std, under the same names: `use pool_smol::async_std as pool` in the place of `use pool_smol as pool` is the whole port,
//! and back again.
//!
//! async-std is discontinued in favour of smol, with which it shares the reactor under its sockets and timers. Programs that have not
//! moved yet are served by this module. It adds a clock, a spawner and no dependency: surf brings async-std in any case.
//!
//! ```no_run
//! use pool_smol::async_std as pool;
//!
//! # fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let db: pool::SupabasePool = pool::connect(&pool::SupabaseConfig::from_env()?)?;
//! # Ok(()) }
//! ```

use std::time::{Duration, Instant};

use pool_async::Clock;
use pool_async::Pool;
use pool_core::{Config, ConfigError, Time};

pub use crate::{
    ApiError, Call, Client, ConnectError, Count, Error, ErrorClass, Expr, HttpError, Info, Kpis, Operation,
    OperationStats, Order, Page, PoolSettings, PoolStatus, Priority, Probe, Profile, Protocol, Query,
    Resolver, Roots, Session, SetupError, Spawner, SupabaseConfig, SurfBackend, SurfConnection,
    TransportConfig, http, pool_async, pool_core, pool_http, pool_supabase, rustls, surf,
};

use crate::supabase;

/// A pool of connections to one Supabase project, on async-std.
pub type SupabasePool = pool_supabase::SupabasePool<SurfBackend, AsyncStdClock>;
/// An application's operations over a [`SupabasePool`].
pub type Service = pool_supabase::Service<SurfBackend, AsyncStdClock>;
/// A pool of [`SurfConnection`]s on async-std.
pub type SurfPool = Pool<SurfBackend, AsyncStdClock>;

/// The time since this clock was made, with async-std's sleep. Clones agree with each other.
#[derive(Clone, Copy, Debug)]
pub struct AsyncStdClock {
    epoch: Instant,
}

impl AsyncStdClock {
    /// A clock that starts now, at zero.
    pub fn new() -> Self {
        AsyncStdClock { epoch: Instant::now() }
    }
}

impl Default for AsyncStdClock {
    fn default() -> Self {
        AsyncStdClock::new()
    }
}

impl Clock for AsyncStdClock {
    fn now(&self) -> Time {
        Time::ZERO + self.epoch.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        ::async_std::task::sleep(duration).await;
    }
}

/// async-std's executor.
pub fn spawner() -> Spawner {
    Spawner::new("async-std", |task| drop(::async_std::task::spawn(task)))
}

/// Opens a pool of the connections of `backend`, with its tasks and its driver on async-std.
///
/// # Errors
///
/// Every setting that is out of its range.
pub fn open(backend: SurfBackend, config: Config) -> Result<SurfPool, ConfigError> {
    let (pool, driver) = Pool::builder(backend.on(spawner()), AsyncStdClock::new()).config(config).build()?;
    spawner().detach(driver.run());
    Ok(pool)
}

/// As [`connect`](crate::connect), on async-std.
///
/// # Errors
///
/// As [`connect`](crate::connect).
pub fn connect(config: &SupabaseConfig) -> Result<SupabasePool, ConnectError> {
    Builder::new(config).connect()
}

/// As [`Builder`](crate::Builder), on async-std.
#[derive(Clone, Debug)]
#[must_use = "nothing is opened before connect()"]
pub struct Builder {
    inner: supabase::Builder,
}

impl Builder {
    /// What [`connect`] would open.
    pub fn new(config: &SupabaseConfig) -> Self {
        Builder { inner: supabase::Builder::new(config) }
    }

    /// As [`Builder::transport`](crate::Builder::transport).
    pub fn transport(self, change: impl FnOnce(TransportConfig) -> TransportConfig) -> Self {
        Builder { inner: self.inner.transport(change) }
    }

    /// As [`Builder::pool`](crate::Builder::pool).
    pub fn pool(self, change: impl FnOnce(Config) -> Config) -> Self {
        Builder { inner: self.inner.pool(change) }
    }

    /// Opens it; see [`connect`].
    ///
    /// # Errors
    ///
    /// As [`connect`].
    pub fn connect(self) -> Result<SupabasePool, ConnectError> {
        let (backend, pool, config) = self.inner.parts()?;
        Ok(SupabasePool::new(open(backend, pool)?, &config))
    }
}
