//! What a lease lends: requests in, answers out, in the pool's own types or in reqwest's.

use std::future::{Future, pending};
use std::pin::pin;
use std::sync::Arc;

use http::Uri;
use pool_http::{Base, HttpConnection, Limits, Request, Response, TransportError};
use pool_hyper::{Info, Link};
use reqwest::Body;
use tokio::time::sleep;

use super::runtime::Tokio;
use crate::classify;

pub(super) type Wire = Arc<Link<Tokio, Body>>;

/// One connection of the [`DirectBackend`](super::DirectBackend).
///
/// There is no redirect, no retry, no proxy and no cookie: what is sent is what was asked for, once, on this socket.
#[derive(Debug)]
pub struct DirectConnection {
    link: Wire,
}

impl DirectConnection {
    pub(super) fn new(link: Wire) -> Self {
        DirectConnection { link }
    }

    pub(super) fn share(&self) -> Option<Self> {
        self.link.is_shared().then(|| DirectConnection::new(Arc::clone(&self.link)))
    }

    pub(super) fn link(&self) -> &Link<Tokio, Body> {
        &self.link
    }

    /// The socket and what is spoken over it.
    pub fn info(&self) -> &Info {
        self.link.info()
    }

    /// Sends a request made with reqwest's types, and returns the answer as soon as its head is there. Exactly one attempt.
    ///
    /// Its URL has to lead to where the connection does. Its own timeout, if it has one, is for the time until the head has come.
    /// Read the body to its end before the lease goes back or the next request is made: a connection with half an answer
    /// on it is closed, not reused.
    ///
    /// # Errors
    ///
    /// With the phase in which it failed; every status is an `Ok`. An error while the body is read is reqwest's, and becomes ours by `?`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future abandons the request: the connection will be closed.
    pub async fn execute(&mut self, request: reqwest::Request) -> Result<reqwest::Response, TransportError> {
        let within = request.timeout().copied().map(sleep);
        let request = http::Request::<Body>::try_from(request).map_err(classify::reqwest)?;
        if !self.link.base().is_origin_of(request.uri()) {
            return Err(self.link.elsewhere(without_query(request.uri())));
        }
        let response = match within {
            Some(timer) => self.link.request(request, pin!(timer)).await?,
            None => self.link.request(request, pin!(pending::<()>())).await?,
        };
        Ok(response.map(Body::wrap).into())
    }
}

impl HttpConnection for DirectConnection {
    fn base(&self) -> &Base {
        self.link.base()
    }

    fn send(
        &mut self,
        request: Request,
        limits: Limits,
    ) -> impl Future<Output = Result<Response, TransportError>> + Send {
        self.link.exchange(request, limits)
    }
}

/// A URI as it is shown in errors: without its query, which may hold what is nobody's business.
fn without_query(uri: &Uri) -> String {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    format!("{}://{authority}{}", uri.scheme_str().unwrap_or_default(), uri.path())
}
