//! The backend: how connections are opened, probed and closed.

use std::sync::Arc;

use pool_async::pool_core::{Config, ConfigError};
use pool_async::{Backend, ConnectContext, Connected, Fault, Pool};
use pool_hyper::{SetupError, Transport, TransportConfig, proves_life};

use crate::client::Origin;
use crate::clock::SmolClock;
use crate::connection::SurfConnection;
use crate::error::HttpError;
use crate::runtime::Smol;
use crate::spawner::Spawner;

/// A pool of [`SurfConnection`]s on smol.
pub type SurfPool = Pool<SurfBackend, SmolClock>;

/// Opens connections over hyper and smol's sockets, one socket each.
///
/// What it sees exactly, and reports at once: that a socket is closed, also while it is idle; that the peer wants no more
/// requests (`Connection: close`, GOAWAY); how long the peer keeps idle connections; how many streams it allows; and whether a
/// request that failed was ever handed to the socket.
#[derive(Clone, Debug)]
pub struct SurfBackend {
    transport: Transport<Smol>,
    origin: Arc<Origin>,
}

impl SurfBackend {
    /// A backend for one endpoint, on smol's global executor. It opens nothing yet, but reads the system's roots if it needs
    /// them: files.
    ///
    /// # Errors
    ///
    /// When the base cannot be used, or TLS not be set up as `config` asks.
    pub fn new(config: TransportConfig) -> Result<Self, SetupError> {
        let transport = Transport::new(config, Smol::default())?;
        let origin = Arc::new(Origin::new(transport.base())?);
        Ok(SurfBackend { transport, origin })
    }

    /// Runs the connections' tasks, and the driver of a pool that [`open`](SurfBackend::open) makes, elsewhere than on smol's
    /// global executor.
    #[must_use]
    pub fn on(mut self, spawner: Spawner) -> Self {
        self.transport.runtime = Smol { spawner };
        self
    }

    pub(crate) fn spawner(&self) -> &Spawner {
        &self.transport.runtime.spawner
    }

    /// Opens a pool of these connections, and spawns its driver. The driver runs until the pool is shut down, or its last handle
    /// dropped and its last connection closed.
    ///
    /// # Errors
    ///
    /// Every setting that is out of its range.
    pub fn open(self, config: Config) -> Result<SurfPool, ConfigError> {
        let spawner = self.spawner().clone();
        let (pool, driver) = Pool::builder(self, SmolClock::new()).config(config).build()?;
        spawner.detach(driver.run());
        Ok(pool)
    }
}

impl Backend for SurfBackend {
    type Conn = SurfConnection;
    type Error = HttpError;

    async fn connect(&self, cx: ConnectContext) -> Result<Connected<SurfConnection>, HttpError> {
        let (link, leases_max) = self.transport.connect(cx.reporter).await?;
        Ok(Connected::shared(SurfConnection::new(Arc::clone(&self.origin), link), leases_max))
    }

    async fn probe(&self, conn: &mut SurfConnection) -> Result<(), HttpError> {
        match self.transport.probe(conn.link()).await? {
            Some(status) if !proves_life(status) => Err(HttpError::Status(status)),
            Some(_) | None => Ok(()),
        }
    }

    fn is_broken(&self, conn: &SurfConnection) -> bool {
        conn.link().is_broken()
    }

    async fn close(&self, conn: SurfConnection) {
        conn.link().close().await;
    }

    fn classify(&self, error: &HttpError) -> Fault {
        error.fault()
    }

    fn share(&self, conn: &SurfConnection) -> Option<SurfConnection> {
        conn.share()
    }

    fn label(&self, conn: &SurfConnection) -> Option<Arc<str>> {
        Some(conn.info().to_string().into())
    }
}

const _: () = {
    const fn shareable<T: Send + Sync + 'static>() {}
    shareable::<SurfBackend>();
    shareable::<SurfConnection>();
    shareable::<SurfPool>();
    shareable::<HttpError>();
};
