use std::sync::Arc;
use std::time::Duration;

use pool_tokio::{reqwest, rustls};

use super::{Ask, Caller, Failed, Target};

/// One `reqwest::Client` for all.
#[derive(Clone)]
pub struct Shared {
    client: reqwest::Client,
    url: reqwest::Url,
}

impl Shared {
    pub const NAME: &str = "reqwest, shared";

    pub fn new(target: &Target) -> Shared {
        Shared { client: client(target).build().expect("a client"), url: target.url() }
    }

    /// With HTTP/2's pings, as often as one would dare.
    pub fn with_pings(target: &Target) -> Shared {
        const EVERY: Duration = Duration::from_secs(1);
        let client = client(target)
            .http2_keep_alive_interval(EVERY)
            .http2_keep_alive_timeout(EVERY)
            .http2_keep_alive_while_idle(true);
        Shared { client: client.build().expect("a client"), url: target.url() }
    }
}

impl Caller for Shared {
    async fn call(&self, ask: Ask) -> Result<u16, Failed> {
        let answer = self.client.request(ask.method(), self.url.clone()).send().await;
        let answer = answer.and_then(reqwest::Response::error_for_status).map_err(failed)?;
        let status = answer.status().as_u16();
        answer.bytes().await.map_err(failed)?;
        Ok(status)
    }
}

fn failed(error: reqwest::Error) -> Failed {
    Failed::new(&error).status(error.status().map(|status| status.as_u16()))
}

/// A client with reqwest's defaults, but for a proxy of the environment, which nobody here has; and the roots, which it would otherwise read
/// from the system.
pub fn client(target: &Target) -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder()
        .no_proxy()
        .default_headers(target.headers.clone())
        .tls_backend_preconfigured(tls(target));
    let builder = match target.limit_of_try.or(target.limit) {
        Some(limit) => builder.timeout(limit),
        None => builder,
    };
    match (target.http2, &target.root) {
        (true, None) => builder.http2_prior_knowledge(),
        _ => builder,
    }
}

fn tls(target: &Target) -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    if let Some(root) = &target.root {
        roots.add(root.clone().into()).expect("a certificate");
    }
    let versions =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = versions.expect("TLS's versions").with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}
