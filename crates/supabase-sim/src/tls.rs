//! TLS with a certificate made at start: an authority that lives as long as the simulator, and a certificate for
//! `localhost` and `127.0.0.1` signed by it.

use std::io;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::TlsAcceptor;

use crate::server::Protocols;

/// The certificate that a client has to trust.
#[derive(Clone, Debug)]
pub struct RootCertificate {
    der: Vec<u8>,
    pem: String,
}

impl RootCertificate {
    /// In DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// In PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }
}

pub(crate) fn acceptor(protocols: Protocols) -> io::Result<(TlsAcceptor, RootCertificate)> {
    let mut root = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    let root = CertifiedIssuer::self_signed(root, KeyPair::generate().map_err(io::Error::other)?)
        .map_err(io::Error::other)?;
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let leaf_key = KeyPair::generate().map_err(io::Error::other)?;
    let leaf = CertificateParams::new(names)
        .and_then(|params| params.signed_by(&leaf_key, &root))
        .map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivatePkcs8KeyDer::from(leaf_key.serialize_der()).into())
        .map_err(io::Error::other)?;
    config.alpn_protocols = match protocols {
        Protocols::Both => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        Protocols::Http1 => vec![b"http/1.1".to_vec()],
        Protocols::Http2 => vec![b"h2".to_vec()],
    };
    let certificate = RootCertificate { der: root.der().to_vec(), pem: root.pem() };
    Ok((TlsAcceptor::from(Arc::new(config)), certificate))
}
