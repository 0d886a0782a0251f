//! Connections of our own, under reqwest's request and response types: the default transport.
//!
//! HTTP over a socket is [`pool_hyper`]'s; here is what makes it tokio's (`runtime`) and reqwest's (`connection`).

mod connection;
mod runtime;

use std::sync::Arc;

use pool_async::pool_core::{Config, ConfigError};
use pool_async::{Backend, ConnectContext, Connected, Fault, Pool, TokioClock};
use pool_http::TransportError;
use pool_hyper::Transport;

pub use connection::DirectConnection;
pub use pool_hyper::{Info, Session};
use runtime::Tokio;

use crate::error::{HttpError, proves_life};
use crate::{SetupError, TransportConfig};

/// A pool of [`DirectConnection`]s on tokio.
pub type DirectPool = Pool<DirectBackend, TokioClock>;

/// Opens connections over hyper, one socket each.
///
/// What it sees exactly, and reports at once: that a socket is closed, also while it is idle; that the peer wants no more
/// requests (`Connection: close`, GOAWAY); how long the peer keeps idle connections; how many streams it allows; and whether a
/// request that failed was ever handed to the socket.
#[derive(Clone, Debug)]
pub struct DirectBackend {
    transport: Transport<Tokio>,
}

impl DirectBackend {
    /// A backend for one endpoint. It opens nothing yet.
    ///
    /// # Errors
    ///
    /// When TLS cannot be set up as `config` asks.
    pub fn new(config: TransportConfig) -> Result<Self, SetupError> {
        Ok(DirectBackend { transport: Transport::new(config, Tokio)? })
    }

    /// Opens a pool of these connections, and spawns its driver on the current runtime. The driver runs until the pool is shut down,
    /// or its last handle dropped and its last connection closed.
    ///
    /// # Errors
    ///
    /// Every setting that is out of its range.
    ///
    /// # Panics
    ///
    /// When it is not called on a tokio runtime.
    pub fn open(self, config: Config) -> Result<DirectPool, ConfigError> {
        let (pool, driver) = Pool::builder(self, TokioClock::new()).config(config).build()?;
        tokio::spawn(driver.run());
        Ok(pool)
    }
}

impl Backend for DirectBackend {
    type Conn = DirectConnection;
    type Error = HttpError;

    async fn connect(&self, cx: ConnectContext) -> Result<Connected<DirectConnection>, HttpError> {
        let (link, leases_max) = self.transport.connect(cx.reporter).await?;
        Ok(Connected::shared(DirectConnection::new(link), leases_max))
    }

    async fn probe(&self, conn: &mut DirectConnection) -> Result<(), HttpError> {
        self.transport.probe(conn.link()).await?.map_or(Ok(()), proves_life)
    }

    fn is_broken(&self, conn: &DirectConnection) -> bool {
        conn.link().is_broken()
    }

    async fn close(&self, conn: DirectConnection) {
        conn.link().close().await;
    }

    fn classify(&self, error: &HttpError) -> Fault {
        error.fault()
    }

    fn share(&self, conn: &DirectConnection) -> Option<DirectConnection> {
        conn.share()
    }

    fn label(&self, conn: &DirectConnection) -> Option<Arc<str>> {
        Some(conn.info().to_string().into())
    }
}

const _: () = {
    const fn shareable<T: Send + Sync + 'static>() {}
    shareable::<DirectBackend>();
    shareable::<DirectConnection>();
    shareable::<TransportError>();
};
