//! What a transport is told once: where to, over which protocol, with which roots of trust, and how to ask for a sign of life.
//!
//! The names are those of `pool-tokio`, so that a program is ported by changing the crate's name. [`Resolver`] is only here: on
//! tokio the runtime brings its own.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use pool_http::{Base, Request};
use rustls::pki_types::CertificateDer;

/// How to reach an endpoint.
///
/// ```
/// use pool_smol::{Probe, Protocol, TransportConfig};
/// use pool_smol::pool_http::Base;
///
/// let base = Base::new(&"https://abcdefgh.supabase.co".parse()?)?;
/// let config = TransportConfig::new(base)
///     .protocol(Protocol::Http1)
///     .probe(Probe::get("/rest/v1/rpc/ping".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TransportConfig {
    pub(crate) base: Base,
    pub(crate) protocol: Protocol,
    pub(crate) profile: Profile,
    pub(crate) probe: Probe,
    pub(crate) roots: Roots,
    pub(crate) resolver: Resolver,
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

    /// Host and port, for messages.
    pub(crate) fn peer(&self) -> String {
        format!("{}:{}", self.base.authority().host(), self.base.port())
    }

    /// The host, without the brackets of an IPv6 address.
    pub(crate) fn host(&self) -> &str {
        self.base.authority().host().trim_start_matches('[').trim_end_matches(']')
    }
}

/// Which version of HTTP a connection speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Over TLS what the peer prefers, without TLS HTTP/1.1. The default.
    #[default]
    Negotiated,
    /// HTTP/1.1.
    Http1,
    /// HTTP/2, also without TLS ("prior knowledge").
    Http2,
}

/// How many leases a connection carries at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Profile {
    /// One, whatever the protocol. The default: the size of the pool is then the limit on requests in flight, and that is
    /// what a service with a small pool of its own needs.
    #[default]
    Exclusive,
    /// Over HTTP/2 up to `streams`, and never more than the peer allows; over HTTP/1.1 one. For a few connections
    /// to a gateway with much capacity behind it, or over a lossy line.
    Multiplexed {
        /// The most leases of a connection.
        streams: NonZeroU32,
    },
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

/// How the name of a host becomes addresses.
#[derive(Clone)]
pub struct Resolver {
    resolve: Arc<Resolve>,
}

type Resolve = dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync;

impl Resolver {
    /// A function from host and port to addresses, the preferred ones first. It may block: it runs on the pool of threads that smol has for
    /// that, never on the executor.
    pub fn new(resolve: impl Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static) -> Self {
        Resolver { resolve: Arc::new(resolve) }
    }

    pub(crate) fn blocking(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        (self.resolve)(host, port)
    }
}

/// The system's.
impl Default for Resolver {
    fn default() -> Self {
        Resolver::new(|host, port| (host, port).to_socket_addrs().map(Iterator::collect))
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}

/// The request that asks a peer for a sign of life: always a `GET`, since there are servers that close the socket after a `HEAD`.
///
/// Choose a target that is cheap and goes as far as the requests do. For PostgREST: a call of a function that does nothing, or
/// one row of one column of a small table; not `/`, which renders a description of the whole schema. Every answer proves the
/// connection alive, also 401 and 404; one that blames the endpoint ([`pool_http::blame`]) counts against the endpoint.
#[derive(Clone, Debug)]
#[must_use]
pub struct Probe {
    target: PathAndQuery,
    headers: HeaderMap,
}

impl Probe {
    /// A `GET` of `target`, which is relative to the base.
    pub fn get(target: PathAndQuery) -> Self {
        Probe { target, headers: HeaderMap::new() }
    }

    /// With a header. Mark the value sensitive if it is a credential.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// With these headers, in place of all others.
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        self.headers = headers;
        self
    }

    pub(crate) fn request(&self) -> Request {
        let mut request = Request::new(Method::GET, self.target.clone(), "probe");
        request.headers = self.headers.clone();
        request
    }
}

/// What the driver has for a probe is shorter than this in any sane configuration; it is the driver that ends a probe.
pub(crate) const PROBE_LIMIT: Duration = Duration::from_secs(3600);
