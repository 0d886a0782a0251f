//! What a lease lends: requests in, answers out, in the pool's own types or in reqwest's.

use std::future::Future;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{HOST, HeaderValue};
use http::uri::PathAndQuery;
use http::{Uri, Version};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use pool_http::{Base, HttpConnection, Limits, Phase, Request, Response, TransportError, TransportErrorKind};
use reqwest::Body;
use tokio::time::{Instant, timeout_at};

use super::Info;
use super::body::Arriving;
use super::link::Link;
use crate::classify;
use crate::usage::Flight;

/// One connection of the [`DirectBackend`](super::DirectBackend).
///
/// There is no redirect, no retry, no proxy and no cookie: what is sent is what was asked for, once, on this socket.
#[derive(Debug)]
pub struct DirectConnection {
    base: Arc<Base>,
    link: Arc<Link>,
}

/// A request to somewhere else than the connection leads to.
#[derive(Debug, thiserror::Error)]
#[error("the connection leads to {base}, and the request to {to}")]
struct Elsewhere {
    base: Base,
    to: String,
}

impl DirectConnection {
    pub(super) fn new(base: Arc<Base>, link: Arc<Link>) -> Self {
        DirectConnection { base, link }
    }

    pub(super) fn share(&self) -> Option<Self> {
        self.link.is_shared().then(|| DirectConnection::new(self.base.clone(), self.link.clone()))
    }

    pub(super) fn link(&self) -> &Link {
        &self.link
    }

    /// The socket and what is spoken over it.
    pub fn info(&self) -> &Info {
        &self.link.info
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
        let within = request.timeout().map(|&timeout| Instant::now() + timeout);
        let request = http::Request::<Body>::try_from(request).map_err(classify::reqwest)?;
        if !self.base.is_origin_of(request.uri()) {
            let to = without_query(request.uri());
            return Err(invalid(Elsewhere { base: (*self.base).clone(), to }));
        }
        let flight = self.link.usage.begin()?;
        let (response, flight) = self.head(request, flight, within).await?;
        let link = self.link.clone();
        Ok(response.map(|body| Body::wrap(Arriving::new(body, link, flight))).into())
    }

    /// Sends, and waits for the head of the answer.
    async fn head(
        &self,
        mut request: http::Request<Body>,
        mut flight: Flight,
        within: Option<Instant>,
    ) -> Result<(http::Response<Incoming>, Flight), TransportError> {
        if let Err(error) = self.address(&mut request) {
            flight.withdraw();
            return Err(error);
        }
        let response = in_time(within, Phase::Sent, self.link.send(request, &flight)).await??;
        Ok((response, flight))
    }

    /// Puts the request into the form in which it goes to a server, not to a proxy.
    fn address(&self, request: &mut http::Request<Body>) -> Result<(), TransportError> {
        if self.info().version == Version::HTTP_2 {
            *request.version_mut() = Version::HTTP_2;
            return Ok(());
        }
        if !request.headers().contains_key(HOST) {
            let host = HeaderValue::from_str(self.base.authority().as_str()).map_err(invalid)?;
            request.headers_mut().insert(HOST, host);
        }
        let target = request.uri().path_and_query().cloned();
        *request.uri_mut() = Uri::from(target.unwrap_or_else(|| PathAndQuery::from_static("/")));
        *request.version_mut() = Version::HTTP_11;
        Ok(())
    }

    pub(super) async fn exchange(
        &self,
        request: Request,
        limits: Limits,
    ) -> Result<Response, TransportError> {
        let within = Instant::now().checked_add(limits.time);
        let uri = self.base.uri(&request.target).map_err(invalid)?;
        let mut outgoing = http::Request::new(Body::from(request.body));
        *outgoing.method_mut() = request.method;
        *outgoing.uri_mut() = uri;
        *outgoing.headers_mut() = request.headers;
        let flight = self.link.usage.begin()?;
        let (response, mut flight) = self.head(outgoing, flight, within).await?;
        let (head, body) = response.into_parts();
        let body = collect(body, limits.response_bytes, within).await.map_err(|error| flight.blame(error))?;
        flight.done();
        self.link.progress();
        Ok(Response::new(head.status, head.headers, body))
    }
}

impl HttpConnection for DirectConnection {
    fn base(&self) -> &Base {
        &self.base
    }

    fn send(
        &mut self,
        request: Request,
        limits: Limits,
    ) -> impl Future<Output = Result<Response, TransportError>> + Send {
        self.exchange(request, limits)
    }
}

/// Reads a body to its end.
async fn collect(mut body: Incoming, most: usize, within: Option<Instant>) -> Result<Bytes, TransportError> {
    let too_large = || TransportError::new(Phase::Body, TransportErrorKind::TooLarge);
    let announced = body.size_hint().lower();
    if usize::try_from(announced).is_ok_and(|announced| announced > most) {
        return Err(too_large());
    }
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = in_time(within, Phase::Body, body.frame()).await? {
        let frame = frame.map_err(|error| classify::classify(error, Phase::Body))?;
        // Trailers are of no use to anybody here.
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + rest.len() + data.len() > most {
            return Err(too_large());
        }
        if first.is_empty() && rest.is_empty() {
            // Most answers come in one piece: that is passed on as it is.
            first = data;
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&std::mem::take(&mut first));
            }
            rest.extend_from_slice(&data);
        }
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

async fn in_time<T>(
    within: Option<Instant>,
    phase: Phase,
    future: impl Future<Output = T>,
) -> Result<T, TransportError> {
    match within {
        None => Ok(future.await),
        Some(deadline) => match timeout_at(deadline, future).await {
            Ok(value) => Ok(value),
            Err(_) => Err(TransportError::new(phase, TransportErrorKind::TimedOut)),
        },
    }
}

/// A URI as it is shown in errors: without its query, which may hold what is nobody's business.
fn without_query(uri: &Uri) -> String {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    format!("{}://{authority}{}", uri.scheme_str().unwrap_or_default(), uri.path())
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> TransportError {
    TransportError::new(Phase::NotSent, TransportErrorKind::Invalid).with_source(error)
}
