//! What every transport is told: which version of HTTP, how many leases a connection carries, and how to ask for a sign of life.

use std::num::NonZeroU32;

use http::Method;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::uri::PathAndQuery;

use crate::Request;

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

/// The request that asks a peer for a sign of life: always a `GET`, since there are servers that close the socket after a `HEAD`.
///
/// Choose a target that is cheap and goes as far as the requests do. For PostgREST: a call of a function that does nothing, or
/// one row of one column of a small table; not `/`, which renders a description of the whole schema. Every answer proves the
/// connection alive, also 401 and 404; one that blames the endpoint ([`blame`](crate::blame)) counts against the endpoint.
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

    /// The request.
    pub fn request(&self) -> Request {
        let mut request = Request::new(Method::GET, self.target.clone(), "probe");
        request.headers = self.headers.clone();
        request
    }
}
