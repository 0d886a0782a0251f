//! What a transport is told once: where to, over which protocol, with which roots of trust, and how to ask for a sign of life.

use std::fmt;
use std::time::Duration;

use http::uri::PathAndQuery;
use pool_http::{Base, Probe, Profile, Protocol};
use rustls::pki_types::CertificateDer;

/// How to reach an endpoint, for either transport.
///
/// ```
/// use pool_tokio::{Probe, Protocol, TransportConfig};
/// use pool_tokio::pool_http::Base;
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

    /// Host and port, for messages.
    pub(crate) fn peer(&self) -> String {
        format!("{}:{}", self.base.authority().host(), self.base.port())
    }

    /// The host, without the brackets of an IPv6 address.
    pub(crate) fn host(&self) -> &str {
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

/// What the driver has for a probe is shorter than this in any sane configuration; it is the driver that ends a probe.
pub(crate) const PROBE_LIMIT: Duration = Duration::from_secs(3600);
