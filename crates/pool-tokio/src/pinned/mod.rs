//! One `reqwest::Client` per connection, pinned to one socket: for code that wants reqwest's own client.
//!
//! What it cannot see, and the [direct](crate::direct) transport can: that an idle socket was closed (the next request finds out),
//! whether a request that met a dying socket had been put on it (it is taken for sent, so a write is not tried again),
//! `Connection: close`, GOAWAY, the peer's stream limit, and the end of a close, which reqwest does on its own after its client is
//! dropped: for that moment one more socket may be open than the pool counts. A request taken in just as its connection ends
//! can hang: give each a time limit.

mod connection;
mod gate;
mod resolve;

use std::sync::Arc;
use std::time::Duration;

use http::Version;
use pool_async::pool_core::{Config, ConfigError};
use pool_async::{Backend, ConnectContext, Connected, Fault, Pool, Reporter, TokioClock};
use pool_http::{Base, Limits, Protocol};
use pool_hyper::{PROBE_LIMIT, Tls, without_roots};
use rustls::ClientConfig;
use tokio::time::timeout;

pub use connection::PinnedConnection;
use connection::ask;
use resolve::Named;

use crate::error::{HttpError, proves_life};
use crate::{SetupError, TransportConfig};

/// A connection that carries several leases is pinged when nothing has come on it for this long while a request is under way.
const PING_AFTER: Duration = Duration::from_millis(250);

/// And is at its end when that has not been answered within this: long enough for a peer far away and a packet that was lost.
const PING_LIMIT: Duration = Duration::from_millis(500);

/// How long after that it is known that reqwest has not ended it.
const MARGIN: Duration = Duration::from_millis(50);

/// A pool of [`PinnedConnection`]s on tokio.
pub type PinnedPool = Pool<PinnedBackend, TokioClock>;

/// Opens connections that are reqwest clients.
///
/// Each client is told: one socket, no proxy (the environment's included), no redirects, no retries, no referer. All share one
/// TLS configuration, so that sessions resume from one to the next.
#[derive(Clone, Debug)]
pub struct PinnedBackend {
    config: Arc<TransportConfig>,
    base: Arc<Base>,
    tls: Arc<ClientConfig>,
}

impl PinnedBackend {
    /// A backend for one endpoint. It opens nothing yet.
    ///
    /// # Errors
    ///
    /// When TLS or a client cannot be set up as `config` asks.
    pub fn new(config: TransportConfig) -> Result<Self, SetupError> {
        let tls = match Tls::new(&config)? {
            Some(tls) => tls.config,
            None => Arc::new(without_roots()?),
        };
        let backend = PinnedBackend { base: Arc::new(config.base.clone()), config: Arc::new(config), tls };
        // What is wrong with a client is wrong with all of them: say it now.
        backend.client(Duration::from_secs(1), None).map_err(|error| SetupError::Client(error.into()))?;
        Ok(backend)
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
    pub fn open(self, config: Config) -> Result<PinnedPool, ConfigError> {
        let (pool, driver) = Pool::builder(self, TokioClock::new()).config(config).build()?;
        tokio::spawn(driver.run());
        Ok(pool)
    }

    fn client(
        &self,
        connect_timeout: Duration,
        reporter: Option<Reporter>,
    ) -> reqwest::Result<reqwest::Client> {
        let builder = reqwest::Client::builder()
            .connector_layer(gate::Gate::new(reporter))
            .connect_timeout(connect_timeout)
            // The one socket stays: it is the pool that ends it.
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(None)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .tcp_nodelay(true)
            // Also without TLS: reqwest would make a configuration of its own, and wants a provider installed for that.
            .tls_backend_preconfigured(ClientConfig::clone(&self.tls));
        let builder = match &self.config.resolver {
            system if system.is_system() => builder,
            resolver => builder.dns_resolver(Named { resolver: resolver.clone(), port: self.base.port() }),
        };
        let builder = match self.config.streams_max() {
            // It is reqwest that has the socket: it pings, and ends what is under way on a connection that does not answer.
            Some(_) => builder
                .http2_keep_alive_interval(PING_AFTER)
                .http2_keep_alive_timeout(PING_LIMIT)
                .http2_keep_alive_while_idle(false),
            None => builder,
        };
        match self.config.protocol {
            Protocol::Negotiated => builder,
            Protocol::Http1 => builder.http1_only(),
            Protocol::Http2 => builder.http2_prior_knowledge(),
        }
        .build()
    }
}

impl Backend for PinnedBackend {
    type Conn = PinnedConnection;
    type Error = HttpError;

    /// Sends the probe's request: a client opens its socket when it has something to send. Whatever the answer is, the connection is open.
    async fn connect(&self, cx: ConnectContext) -> Result<Connected<PinnedConnection>, HttpError> {
        let client = self.client(cx.timeout, Some(cx.reporter))?;
        let asked = ask(&client, &self.base, self.config.probe.request(), Limits::within(cx.timeout)).await;
        let (_, peer) = asked.map_err(|error| error.at(self.config.peer()))?;
        let streams = self.config.streams_max().filter(|_| peer.version == Version::HTTP_2);
        let conn = PinnedConnection::new(client, self.base.clone(), peer, streams.is_some());
        Ok(Connected::shared(conn, streams.unwrap_or(1)))
    }

    async fn probe(&self, conn: &mut PinnedConnection) -> Result<(), HttpError> {
        let asked = conn.exchange(self.config.probe.request(), Limits::within(PROBE_LIMIT));
        let answer = if conn.is_lent() {
            // Whether it lives is the question: as long as pings are answered, reqwest does not end this request.
            match timeout(PING_AFTER + PING_LIMIT + MARGIN, asked).await {
                Ok(answer) => answer?,
                Err(_) => return Ok(()),
            }
        } else {
            asked.await?
        };
        proves_life(answer.status)
    }

    fn is_broken(&self, conn: &PinnedConnection) -> bool {
        conn.is_broken()
    }

    async fn close(&self, conn: PinnedConnection) {
        drop(conn);
    }

    fn classify(&self, error: &HttpError) -> Fault {
        error.fault()
    }

    fn share(&self, conn: &PinnedConnection) -> Option<PinnedConnection> {
        conn.share()
    }
    fn label(&self, conn: &PinnedConnection) -> Option<Arc<str>> {
        Some(conn.label().into())
    }
}
