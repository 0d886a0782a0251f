//! The backend: how connections are opened, probed and closed.

use std::sync::Arc;

use pool_async::pool_core::{Config, ConfigError};
use pool_async::{Backend, ConnectContext, Connected, Fault, Pool};
use pool_http::{FaultClass, Limits, Profile, TransportError, blame};

use crate::client::Origin;
use crate::clock::SmolClock;
use crate::config::{PROBE_LIMIT, TransportConfig};
use crate::connection::SurfConnection;
use crate::dial::dial;
use crate::error::HttpError;
use crate::link::Link;
use crate::socket::Signal;
use crate::spawner::Spawner;
use crate::tls::{SetupError, Tls};

/// A pool of [`SurfConnection`]s on smol.
pub type SurfPool = Pool<SurfBackend, SmolClock>;

/// Opens connections over hyper and smol's sockets, one socket each.
///
/// What it sees exactly, and reports at once: that a socket is closed, also while it is idle; that the peer wants no more
/// requests (`Connection: close`, GOAWAY); how long the peer keeps idle connections; how many streams it allows; and whether a
/// request that failed was ever handed to the socket.
#[derive(Clone, Debug)]
pub struct SurfBackend {
    config: Arc<TransportConfig>,
    origin: Arc<Origin>,
    tls: Option<Tls>,
    spawner: Spawner,
}

impl SurfBackend {
    /// A backend for one endpoint, on smol's global executor. It opens nothing yet, but reads the system's roots if it needs
    /// them: files.
    ///
    /// # Errors
    ///
    /// When the base cannot be used, or TLS not be set up as `config` asks.
    pub fn new(config: TransportConfig) -> Result<Self, SetupError> {
        let tls = Tls::new(&config)?;
        let origin = Arc::new(Origin::new(&config.base)?);
        Ok(SurfBackend { config: Arc::new(config), origin, tls, spawner: Spawner::default() })
    }

    /// Runs the connections' tasks, and the driver of a pool that [`open`](SurfBackend::open) makes, elsewhere than on smol's
    /// global executor.
    #[must_use]
    pub fn on(mut self, spawner: Spawner) -> Self {
        self.spawner = spawner;
        self
    }

    pub(crate) fn spawner(&self) -> &Spawner {
        &self.spawner
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
        let streams_max = match self.config.profile {
            Profile::Exclusive => None,
            Profile::Multiplexed { streams } => Some(streams.get()),
        };
        let named = |error: TransportError| error.at(self.config.peer());
        let dialled = dial(&self.config, self.tls.as_ref()).await.map_err(named)?;
        let signal = Signal::new(cx.reporter);
        let opened = Link::open(dialled, signal, &self.spawner, streams_max).await;
        let (link, leases_max) = opened.map_err(named)?;
        let conn = SurfConnection::new(Arc::clone(&self.origin), Arc::new(link));
        Ok(Connected::shared(conn, leases_max))
    }

    async fn probe(&self, conn: &mut SurfConnection) -> Result<(), HttpError> {
        let answer = conn.exchange(self.config.probe.request(), Limits::within(PROBE_LIMIT)).await?;
        match blame(answer.status) {
            None | Some(FaultClass::Application) => Ok(()),
            Some(_) => Err(HttpError::Status(answer.status)),
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
