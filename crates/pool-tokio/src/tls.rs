//! One TLS configuration for all connections of a backend: built once, and sessions resume from one connection to the next.

use std::sync::Arc;

use http::uri::Scheme;
use pool_http::Protocol;
use rustls::pki_types::{InvalidDnsNameError, ServerName};
use rustls::{ClientConfig, RootCertStore};

use crate::config::{Roots, TransportConfig};

/// Why a transport cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The base is neither `http` nor `https`.
    #[error("the base URI has the scheme {0:?}: use http or https")]
    Scheme(String),
    /// The base's host is no name that a certificate could have.
    #[error("the host {host:?} is neither a DNS name nor an IP address")]
    Host {
        /// That host.
        host: String,
        /// What is wrong with it.
        source: InvalidDnsNameError,
    },
    /// The system has no usable root certificate.
    #[error(
        "no root certificate was found on this system ({errors} could not be read): install its CA certificates, \
         or give the roots in the configuration"
    )]
    NoRoots {
        /// How many files could not be read or parsed.
        errors: usize,
    },
    /// rustls refuses what was given.
    #[error("the TLS configuration is not valid")]
    Tls(#[from] rustls::Error),
    /// reqwest refuses what was given.
    #[error("the HTTP client cannot be built")]
    Client(#[source] reqwest::Error),
}

/// TLS towards one host.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    pub(crate) config: Arc<ClientConfig>,
    #[cfg_attr(not(feature = "direct"), expect(dead_code, reason = "reqwest finds the name in the URL"))]
    pub(crate) name: ServerName<'static>,
}

impl Tls {
    /// What `config` asks for; `None` without TLS.
    pub(crate) fn new(config: &TransportConfig) -> Result<Option<Self>, SetupError> {
        let scheme = config.base.scheme();
        if *scheme == Scheme::HTTP {
            return Ok(None);
        }
        if *scheme != Scheme::HTTPS {
            return Err(SetupError::Scheme(scheme.to_string()));
        }
        let host = config.host();
        let name = ServerName::try_from(host.to_owned())
            .map_err(|source| SetupError::Host { host: host.to_owned(), source })?;
        Ok(Some(Tls { config: Arc::new(client_config(root_store(&config.roots)?, config.protocol)?), name }))
    }
}

/// A configuration that trusts nobody.
pub(crate) fn without_roots() -> Result<ClientConfig, SetupError> {
    client_config(RootCertStore::empty(), Protocol::default())
}

fn client_config(roots: RootCertStore, protocol: Protocol) -> Result<ClientConfig, SetupError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = match protocol {
        Protocol::Negotiated => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        Protocol::Http1 => vec![b"http/1.1".to_vec()],
        Protocol::Http2 => vec![b"h2".to_vec()],
    };
    Ok(config)
}

fn root_store(roots: &Roots) -> Result<RootCertStore, SetupError> {
    let mut store = RootCertStore::empty();
    match roots {
        Roots::Only(certificates) => {
            for certificate in certificates {
                store.add(certificate.clone())?;
            }
        }
        Roots::System => {
            let found = rustls_native_certs::load_native_certs();
            // Systems carry certificates that nobody can parse; one that works is enough.
            store.add_parsable_certificates(found.certs);
            if store.is_empty() {
                return Err(SetupError::NoRoots { errors: found.errors.len() });
            }
        }
    }
    Ok(store)
}
