//! What a transport is told once: where to, over which protocol, with which roots of trust, and how to ask for a sign of life.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use http::uri::PathAndQuery;
use pool_http::{Base, Probe, Profile, Protocol};
use rustls::pki_types::CertificateDer;

/// How to reach an endpoint.
///
/// ```
/// use pool_hyper::TransportConfig;
/// use pool_http::{Base, Probe, Protocol};
///
/// let base = Base::new(&"https://abcdefgh.supabase.co".parse()?)?;
/// let config = TransportConfig::new(base)
///     .protocol(Protocol::Http1)
///     .probe(Probe::get("/rest/v1/rpc/ping".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
#[non_exhaustive]
pub struct TransportConfig {
    /// Where all connections lead.
    pub base: Base,
    /// The version of HTTP.
    pub protocol: Protocol,
    /// How many leases a connection carries.
    pub profile: Profile,
    /// How to ask for a sign of life.
    pub probe: Probe,
    /// Whom to trust.
    pub roots: Roots,
    /// How names become addresses.
    pub resolver: Resolver,
}

impl TransportConfig {
    /// The defaults for `base`: the protocol negotiated, one lease per connection, the system's roots, and the base itself as
    /// the probe's target. Give a cheaper one: see [`Probe`].
    pub fn new(base: Base) -> Self {
        let root = PathAndQuery::from_static("/");
        TransportConfig {
            base,
            protocol: Protocol::default(),
            profile: Profile::default(),
            probe: Probe::get(root),
            roots: Roots::default(),
            resolver: Resolver::default(),
        }
    }

    /// The version of HTTP. Default: negotiated.
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// How many leases a connection carries. Default: one.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// How to ask for a sign of life. Default: `GET` of the base.
    pub fn probe(mut self, probe: Probe) -> Self {
        self.probe = probe;
        self
    }

    /// Whom to trust. Default: the system's roots.
    pub fn roots(mut self, roots: Roots) -> Self {
        self.roots = roots;
        self
    }

    /// How names become addresses. Default: the system's resolver.
    pub fn resolver(mut self, resolver: Resolver) -> Self {
        self.resolver = resolver;
        self
    }

    /// The most leases of a connection over HTTP/2; `None` if it carries one, whatever the protocol.
    pub fn streams_max(&self) -> Option<u32> {
        match self.profile {
            Profile::Exclusive => None,
            Profile::Multiplexed { streams } => Some(streams.get()),
        }
    }

    /// Host and port, for messages.
    pub fn peer(&self) -> String {
        format!("{}:{}", self.base.authority().host(), self.base.port())
    }

    /// The host, without the brackets of an IPv6 address.
    pub fn host(&self) -> &str {
        self.base.authority().host().trim_start_matches('[').trim_end_matches(']')
    }
}

/// The certificates of the authorities to trust.
#[derive(Clone, Default)]
pub enum Roots {
    /// Those of the system. The default.
    #[default]
    System,
    /// These, and no others.
    Only(Vec<CertificateDer<'static>>),
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Roots::System => f.write_str("System"),
            Roots::Only(certificates) => write!(f, "Only({} certificates)", certificates.len()),
        }
    }
}

/// How the name of a host becomes addresses. The default is the system's way.
#[derive(Clone, Default)]
pub struct Resolver {
    /// `None` is the system's.
    resolve: Option<Arc<Resolve>>,
}

type Resolve = dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync;

impl Resolver {
    /// A function from host and port to addresses, the preferred ones first. It may block: it runs on the threads that the runtime has for
    /// that, never on its executor. If it panics, the name counts as not found.
    pub fn new(resolve: impl Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static) -> Self {
        Resolver { resolve: Some(Arc::new(resolve)) }
    }

    /// Whether it is the system's way.
    pub fn is_system(&self) -> bool {
        self.resolve.is_none()
    }

    /// Asks; it may block.
    ///
    /// # Errors
    ///
    /// Those of the system, or of the function it was made of.
    pub fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        match &self.resolve {
            Some(resolve) => resolve(host, port),
            None => (host, port).to_socket_addrs().map(Iterator::collect),
        }
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}

/// What the driver has for a probe is shorter than this in any sane configuration; it is the driver that ends a probe.
pub const PROBE_LIMIT: Duration = Duration::from_secs(3600);
