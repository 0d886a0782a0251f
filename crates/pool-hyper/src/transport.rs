//! What opens connections: a backend without its public types.

use std::sync::Arc;

use http::StatusCode;
use pool_async::Reporter;
use pool_http::{Base, Limits, TransportError};

use crate::body::RequestBody;
use crate::config::{PROBE_LIMIT, TransportConfig};
use crate::dial::dial;
use crate::link::Link;
use crate::runtime::Runtime;
use crate::tls::{SetupError, Tls};

/// Opens connections to one endpoint, on one runtime. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Transport<R> {
    config: Arc<TransportConfig>,
    base: Arc<Base>,
    tls: Option<Tls>,
    /// Where the connections live.
    pub runtime: R,
}

impl<R: Runtime> Transport<R> {
    /// Sets up TLS, and opens nothing yet; reads the system's roots if it needs them: files.
    ///
    /// # Errors
    ///
    /// When the base cannot be used, or TLS not be set up as `config` asks.
    pub fn new(config: TransportConfig, runtime: R) -> Result<Self, SetupError> {
        let tls = Tls::new(&config)?;
        let base = Arc::new(config.base.clone());
        Ok(Transport { config: Arc::new(config), base, tls, runtime })
    }

    /// Where the connections lead.
    pub fn base(&self) -> &Base {
        &self.base
    }

    /// Opens a connection. The second value is how many leases it carries.
    ///
    /// # Errors
    ///
    /// With the phase in which it failed, and the peer's name.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the socket.
    pub async fn connect<B: RequestBody>(
        &self,
        reporter: Reporter,
    ) -> Result<(Arc<Link<R, B>>, u32), TransportError> {
        let named = |error: TransportError| error.at(self.config.peer());
        let begun = R::now();
        let dialled = dial(&self.runtime, &self.config, self.tls.as_ref()).await.map_err(named)?;
        let base = Arc::clone(&self.base);
        let opened = Link::open(&self.runtime, base, dialled, reporter, self.config.streams_max()).await;
        let (mut link, leases_max) = opened.map_err(named)?;
        link.took(R::now().saturating_duration_since(begun));
        Ok((Arc::new(link), leases_max))
    }

    /// Asks for a sign of life: a connection that carries requests whether it lives, which is known soon; any other whether it serves, for
    /// as long as the caller is patient. Only of the latter is there a status.
    ///
    /// # Errors
    ///
    /// When there was no whole answer, or no sign of life. Whether the status proves anything is [`proves_life`](crate::proves_life)'s to say.
    pub async fn probe<B: RequestBody>(
        &self,
        link: &Link<R, B>,
    ) -> Result<Option<StatusCode>, TransportError> {
        if link.is_shared() && link.usage.is_under_way() {
            return link.lives().await.map(|()| None);
        }
        let answer = link.exchange(self.config.probe.request(), Limits::within(PROBE_LIMIT)).await?;
        Ok(Some(answer.status))
    }
}
