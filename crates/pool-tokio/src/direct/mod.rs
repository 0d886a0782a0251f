//! Connections of our own, under reqwest's request and response types: the default transport.
//!
//! | file | what it knows |
//! |---|---|
//! | `dial` | from a name to a socket: resolve, connect, TLS |
//! | `socket` | the socket, and its end as an event |
//! | `link` | HTTP on that socket: send once, tell the pool everything |
//! | `http2` | hyper's tasks for HTTP/2, GOAWAY and stream limits |
//! | `body` | a body that is read by somebody else |
//! | `connection` | what a lease lends |

mod body;
mod connection;
mod dial;
mod http2;
mod link;
mod socket;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use http::Version;
use pool_async::pool_core::{Config, ConfigError};
use pool_async::{Backend, ConnectContext, Connected, Fault, Pool};
use pool_http::{Base, Limits, Profile, TransportError};
use rustls::HandshakeKind;

pub use connection::DirectConnection;

use crate::clock::TokioClock;
use crate::config::{PROBE_LIMIT, TransportConfig};
use crate::error::{HttpError, proves_life};
use crate::tls::{SetupError, Tls};

/// A pool of [`DirectConnection`]s on tokio.
pub type DirectPool = Pool<DirectBackend, TokioClock>;

/// Opens connections over hyper, one socket each.
///
/// What it sees exactly, and reports at once: that a socket is closed, also while it is idle; that the peer wants no more
/// requests (`Connection: close`, GOAWAY); how long the peer keeps idle connections; how many streams it allows; and whether a
/// request that failed was ever handed to the socket.
#[derive(Clone, Debug)]
pub struct DirectBackend {
    config: Arc<TransportConfig>,
    base: Arc<Base>,
    tls: Option<Tls>,
}

impl DirectBackend {
    /// A backend for one endpoint. It opens nothing yet.
    ///
    /// # Errors
    ///
    /// When TLS cannot be set up as `config` asks.
    pub fn new(config: TransportConfig) -> Result<Self, SetupError> {
        let tls = Tls::new(&config)?;
        Ok(DirectBackend { base: Arc::new(config.base.clone()), config: Arc::new(config), tls })
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
        let streams_max = match self.config.profile {
            Profile::Exclusive => None,
            Profile::Multiplexed { streams } => Some(streams.get()),
        };
        let named = |error: TransportError| error.at(self.config.peer());
        let dialled = dial::dial(&self.config, self.tls.as_ref()).await.map_err(named)?;
        let signal = socket::Signal::new(cx.reporter);
        let (link, leases_max) = link::Link::open(dialled, signal, streams_max).await.map_err(named)?;
        let conn = DirectConnection::new(self.base.clone(), Arc::new(link));
        Ok(Connected::shared(conn, leases_max))
    }

    async fn probe(&self, conn: &mut DirectConnection) -> Result<(), HttpError> {
        let answer = conn.exchange(self.config.probe.request(), Limits::within(PROBE_LIMIT)).await?;
        proves_life(answer.status)
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

/// A socket and what is spoken over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// The version of HTTP.
    pub version: Version,
    /// Our end.
    pub local: SocketAddr,
    /// The peer's end.
    pub remote: SocketAddr,
    /// How TLS began, if it is used.
    pub tls: Option<Session>,
}

/// How TLS began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Session {
    /// With a full handshake.
    New,
    /// With the session of an earlier connection: one round trip and most of the arithmetic less.
    Resumed,
}

impl From<HandshakeKind> for Session {
    fn from(kind: HandshakeKind) -> Self {
        if kind == HandshakeKind::Resumed { Session::Resumed } else { Session::New }
    }
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tls = match self.tls {
            None => "",
            Some(Session::New) => " TLS",
            Some(Session::Resumed) => " TLS (resumed)",
        };
        write!(f, "{} -> {} {:?}{tls}", self.local, self.remote, self.version)
    }
}

const _: () = {
    const fn shareable<T: Send + Sync + 'static>() {}
    shareable::<DirectBackend>();
    shareable::<DirectConnection>();
    shareable::<TransportError>();
};
