//! From a checked configuration to a running pool: what is Supabase's and what is smol's meet here, and nothing is decided.

use std::hash::{BuildHasher, RandomState};

use pool_async::pool_core::{Config, ConfigError};
use pool_hyper::{SetupError, TransportConfig};
use pool_supabase::SupabaseConfig;

use crate::backend::SurfBackend;
use crate::clock::SmolClock;
use crate::spawner::Spawner;

/// A pool of connections to one Supabase project, on smol.
pub type SupabasePool = pool_supabase::SupabasePool<SurfBackend, SmolClock>;
/// An application's operations over a [`SupabasePool`].
pub type Service = pool_supabase::Service<SurfBackend, SmolClock>;

/// Opens a pool for the project of `config` and spawns its driver on smol's global executor. It does not wait: the first
/// connections are made in the background, and what is wrong with the address is told to whoever asks for one first.
///
/// ```no_run
/// # #[derive(serde::Deserialize)]
/// # struct Blog { id: i64, title: String }
/// use pool_smol::SupabaseConfig;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let db = pool_smol::connect(&SupabaseConfig::from_env()?)?;
/// let query = db.from("blogs").select::<Blog>("id,title").eq("published", true).limit(10);
/// let blogs = db.execute_with_connection(query).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// When a setting is out of its range, or TLS cannot be set up (no root certificates on this machine, for one).
pub fn connect(config: &SupabaseConfig) -> Result<SupabasePool, ConnectError> {
    Builder::new(config).connect()
}

/// Opens a pool with more than the nine settings: the transport's, all of the core's, and where its tasks run.
#[derive(Clone, Debug)]
#[must_use = "nothing is opened before connect()"]
pub struct Builder {
    config: SupabaseConfig,
    transport: TransportConfig,
    pool: Config,
    spawner: Spawner,
}

impl Builder {
    /// What [`connect`] would open.
    pub fn new(config: &SupabaseConfig) -> Self {
        let transport = TransportConfig::new(config.base().clone()).probe(config.probe());
        // Each process needs jitter of its own; the standard library's hasher is seeded by the system.
        let seed = RandomState::new().hash_one(());
        let pool = Config { seed, ..config.settings().into() };
        Builder { config: config.clone(), transport, pool, spawner: Spawner::default() }
    }

    /// Changes how a connection is made: protocol, leases per connection, roots of trust, resolver, probe.
    pub fn transport(mut self, change: impl FnOnce(TransportConfig) -> TransportConfig) -> Self {
        self.transport = change(self.transport);
        self
    }

    /// Changes how the pool behaves, beyond the nine settings: lifetime, backoff, freshness, thresholds, leak watch.
    pub fn pool(mut self, change: impl FnOnce(Config) -> Config) -> Self {
        self.pool = change(self.pool);
        self
    }

    /// Runs the pool's tasks elsewhere than on smol's global executor.
    pub fn on(mut self, spawner: Spawner) -> Self {
        self.spawner = spawner;
        self
    }

    /// Opens it; see [`connect`].
    ///
    /// # Errors
    ///
    /// As [`connect`].
    pub fn connect(self) -> Result<SupabasePool, ConnectError> {
        let (backend, pool, config) = self.parts()?;
        Ok(SupabasePool::new(backend.open(pool)?, &config))
    }

    pub(crate) fn parts(self) -> Result<(SurfBackend, Config, SupabaseConfig), SetupError> {
        let Builder { config, transport, pool, spawner } = self;
        Ok((SurfBackend::new(transport)?.on(spawner), pool, config))
    }
}

/// Why a pool could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// A setting of the pool is out of its range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] SetupError),
}
