//! TLS towards one host: one rustls configuration for all connections of a backend, so that sessions resume from one to the next.
//!
//! Rules: built once, before anything is dialled, since reading the system's roots reads files; the provider is ring, said
//! explicitly, so that no feature of another crate can change it; ALPN offers what was asked for and nothing else.

use std::error::Error;
use std::sync::Arc;

use http::uri::Scheme;
use pool_http::Protocol;
use rustls::pki_types::{InvalidDnsNameError, ServerName};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore};

use crate::config::{Roots, TransportConfig};
use crate::info::Session;

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
    /// The base is no URL in the eyes of the library whose types the transport lends.
    #[error("the base {base:?} is not a URL that the HTTP client can use")]
    Base {
        /// That base.
        base: String,
        /// What is wrong with it.
        source: Box<dyn Error + Send + Sync>,
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
    /// The library whose client the transport lends refuses what was given.
    #[error("the HTTP client cannot be built")]
    Client(#[source] Box<dyn Error + Send + Sync>),
}

/// TLS towards one host.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The same for all connections.
    pub config: Arc<ClientConfig>,
    /// What the certificate has to be for.
    pub name: ServerName<'static>,
}

/// What a TLS handshake has agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Whether HTTP/2 is spoken; `None` if the peer knows no ALPN.
    pub http2: Option<bool>,
    /// How it began.
    pub session: Session,
}

impl From<&ClientConnection> for Agreed {
    fn from(connection: &ClientConnection) -> Self {
        let session = match connection.handshake_kind() {
            Some(HandshakeKind::Resumed) => Session::Resumed,
            Some(HandshakeKind::Full | HandshakeKind::FullWithHelloRetryRequest) | None => Session::New,
        };
        Agreed { http2: connection.alpn_protocol().map(|protocol| protocol == b"h2"), session }
    }
}

impl Tls {
    /// What `config` asks for; `None` without TLS.
    ///
    /// # Errors
    ///
    /// When the scheme, the host or the roots cannot be used.
    pub fn new(config: &TransportConfig) -> Result<Option<Self>, SetupError> {
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
        Ok(Some(Tls { config: Arc::new(client_config(&config.roots, config.protocol)?), name }))
    }
}

/// What a client is told that will use no TLS, and takes a configuration all the same: it trusts nobody.
///
/// # Errors
///
/// When rustls and its provider do not fit each other.
pub fn without_roots() -> Result<ClientConfig, SetupError> {
    client_config(&Roots::Only(Vec::new()), Protocol::default())
}

fn client_config(roots: &Roots, protocol: Protocol) -> Result<ClientConfig, SetupError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(root_store(roots)?)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpn_offers_what_was_asked_for() {
        let offered = |protocol| client_config(&Roots::Only(Vec::new()), protocol).unwrap().alpn_protocols;
        assert_eq!(offered(Protocol::Negotiated), [b"h2".to_vec(), b"http/1.1".to_vec()]);
        assert_eq!(offered(Protocol::Http1), [b"http/1.1".to_vec()]);
        assert_eq!(offered(Protocol::Http2), [b"h2".to_vec()]);
    }
}
