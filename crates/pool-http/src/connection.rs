//! The seam: what an adapter provides for each of its pooled connections.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

use crate::{Request, Response, TransportError};

/// One physical HTTP connection, lent by the pool.
pub trait HttpConnection: Send {
    /// Where this connection leads.
    fn base(&self) -> &Base;

    /// Sends `request` and reads the answer to its end. Exactly one attempt on exactly this connection: no redirect, no
    /// retry, no reconnect. Every status is an `Ok`; an error says how far the request got.
    ///
    /// # Cancel safety
    /// Dropping the future abandons the request. Whether the peer has seen it is unknown, and the connection must then not
    /// be used again.
    fn send(
        &mut self,
        request: Request,
        limits: Limits,
    ) -> impl Future<Output = Result<Response, TransportError>> + Send;
}

/// What one exchange may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the first byte sent to the last byte received. What is left of the caller's deadline.
    pub time: Duration,
    /// Bytes of the body of the answer. Default 64 MiB: an answer is held in memory whole.
    pub response_bytes: usize,
}

impl Limits {
    /// At most `time`, with the default size.
    pub const fn within(time: Duration) -> Self {
        Limits { time, response_bytes: 64 << 20 }
    }
}

/// Scheme, authority and path prefix of an endpoint, to which requests are relative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    scheme: Scheme,
    authority: Authority,
    prefix: String,
}

impl Base {
    /// The base that `uri` names; a query is not allowed. The path becomes the prefix, without a trailing slash.
    pub fn new(uri: &Uri) -> Result<Self, BaseError> {
        let scheme = uri.scheme().ok_or(BaseError::NoScheme)?.clone();
        let authority = uri.authority().ok_or(BaseError::NoAuthority)?.clone();
        if uri.query().is_some() {
            return Err(BaseError::Query);
        }
        Ok(Base { scheme, authority, prefix: uri.path().trim_end_matches('/').to_owned() })
    }

    /// `http` or `https`.
    pub const fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Host and port.
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The port, also when the URI names none.
    pub fn port(&self) -> u16 {
        port(&self.scheme, &self.authority)
    }

    /// Whether `uri` names the same scheme, host and port.
    pub fn is_origin_of(&self, uri: &Uri) -> bool {
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else { return false };
        *scheme == self.scheme
            && authority.host().eq_ignore_ascii_case(self.authority.host())
            && port(scheme, authority) == self.port()
    }

    /// The path before every target; empty, or it starts with a slash and does not end with one.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The absolute URI of `target`.
    pub fn uri(&self, target: &PathAndQuery) -> Result<Uri, http::Error> {
        let target = format!("{}{target}", self.prefix);
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(target)
            .build()
    }
}

fn port(scheme: &Scheme, authority: &Authority) -> u16 {
    authority.port_u16().unwrap_or(if *scheme == Scheme::HTTPS { 443 } else { 80 })
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.prefix)
    }
}

/// Why a URI is not a [`Base`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseError {
    /// It does not start with `http://` or `https://`.
    #[error("the base URI has no scheme: start it with https://")]
    NoScheme,
    /// It names no host.
    #[error("the base URI names no host")]
    NoAuthority,
    /// It has a query.
    #[error("the base URI has a query: remove everything from the question mark on")]
    Query,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(uri: &'static str) -> Result<Base, BaseError> {
        Base::new(&Uri::from_static(uri))
    }

    #[test]
    fn a_target_is_put_behind_the_prefix() {
        let target = PathAndQuery::from_static("/rest/v1/blogs?id=eq.1");
        let uri = |uri| base(uri).unwrap().uri(&target).unwrap().to_string();
        assert_eq!(uri("https://a.example"), "https://a.example/rest/v1/blogs?id=eq.1");
        assert_eq!(uri("http://127.0.0.1:3000/"), "http://127.0.0.1:3000/rest/v1/blogs?id=eq.1");
        assert_eq!(uri("https://a.example/tenant/"), "https://a.example/tenant/rest/v1/blogs?id=eq.1");
    }

    #[test]
    fn an_origin_is_scheme_host_and_port_named_or_not() {
        let origin = base("https://A.example/tenant").unwrap();
        let same = |uri| origin.is_origin_of(&Uri::from_static(uri));
        assert!(same("https://a.example:443/elsewhere?x=1"));
        assert!(
            !same("http://a.example:443/") && !same("https://a.example:8443/") && !same("https://b.example/")
        );
        assert!(!same("/relative"));
    }

    #[test]
    fn what_is_no_base_is_refused_with_the_reason() {
        assert_eq!(base("/only/a/path").unwrap_err(), BaseError::NoScheme);
        assert_eq!(base("https://a.example/?x=1").unwrap_err(), BaseError::Query);
    }
}
