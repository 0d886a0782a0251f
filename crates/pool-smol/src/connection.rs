//! What a lease lends: requests in, answers out, in the pool's own types or in surf's.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::future::{Either, select};
use http::header::{HOST, HeaderValue};
use http::uri::PathAndQuery;
use http::{Uri, Version};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use pool_http::{Base, HttpConnection, Limits, Phase, Request, Response, TransportError, TransportErrorKind};
use rustls::HandshakeKind;
use smol::Timer;

use crate::body::Outgoing;
use crate::classify::{classify, invalid};
use crate::client::{self, Origin};
use crate::link::Link;
use crate::usage::Flight;

/// One connection of the [`SurfBackend`](crate::SurfBackend).
///
/// There is no redirect, no retry, no proxy and no cookie: what is sent is what was asked for, once, on this socket.
#[derive(Debug)]
pub struct SurfConnection {
    origin: Arc<Origin>,
    link: Arc<Link>,
    client: surf::Client,
}

/// A socket and what is spoken over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// The version of HTTP.
    pub version: Version,
    /// Our end.
    pub local: SocketAddr,
    /// The peer's end.
    pub remote: SocketAddr,
    /// How TLS began, if it is used.
    pub tls: Option<Session>,
}

/// How TLS began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Session {
    /// With a full handshake.
    New,
    /// With the session of an earlier connection: one round trip and most of the arithmetic less.
    Resumed,
}

impl SurfConnection {
    pub(crate) fn new(origin: Arc<Origin>, link: Arc<Link>) -> Self {
        let client = client::lend(&origin, &link);
        SurfConnection { origin, link, client }
    }

    pub(crate) fn share(&self) -> Option<Self> {
        let share = || SurfConnection {
            origin: Arc::clone(&self.origin),
            link: Arc::clone(&self.link),
            client: self.client.clone(),
        };
        self.link.is_shared().then(share)
    }

    pub(crate) fn link(&self) -> &Link {
        &self.link
    }

    /// The socket and what is spoken over it.
    pub fn info(&self) -> &Info {
        &self.link.info
    }

    /// surf on exactly this socket: relative URLs lead to the connection's base, others must lead there too.
    ///
    /// Read the body of an answer to its end before the next request is made or the lease goes back: over HTTP/1.1 a second
    /// request beside it is an error, and a connection with half an answer on it is closed, not reused. A request may take
    /// 60 seconds with its answer, unless it brings [`Limits`] with [`surf::Request::set_ext`].
    ///
    /// surf's type for a status knows only the registered ones. A status such as 520 or 544 becomes the first of its class, 500; the one
    /// that was sent is `response.ext::<http::StatusCode>()`. A header of an answer that is not ASCII, which surf cannot hold either, is
    /// an error. A clone of the client that outlives its lease is of no use: it works on a connection that others lease.
    ///
    /// ```no_run
    /// # async fn example(conn: &pool_smol::SurfConnection) -> Result<(), pool_smol::HttpError> {
    /// let mut answer = conn.client().get("/rest/v1/blogs?select=title").header("apikey", "…").await?;
    /// let blogs = answer.body_string().await?;
    /// # Ok(()) }
    /// ```
    pub fn client(&self) -> &surf::Client {
        &self.client
    }

    /// Sends a request made with surf's types, and returns the answer as soon as its head is there. As
    /// [`client`](SurfConnection::client), with the error of this crate.
    ///
    /// # Errors
    ///
    /// With the phase in which it failed; every status is an `Ok`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future abandons the request: the connection will be closed.
    pub async fn execute(
        &mut self,
        request: impl Into<surf::Request>,
    ) -> Result<surf::Response, crate::HttpError> {
        Ok(self.client.send(request).await?)
    }

    pub(crate) async fn exchange(
        &self,
        request: Request,
        limits: Limits,
    ) -> Result<Response, TransportError> {
        let mut timer = Timer::after(limits.time);
        let uri = self.origin.base.uri(&request.target).map_err(invalid)?;
        let mut outgoing = http::Request::new(Outgoing::Whole(request.body));
        *outgoing.method_mut() = request.method;
        *outgoing.uri_mut() = uri;
        *outgoing.headers_mut() = request.headers;
        let flight = self.link.usage.begin()?;
        let (response, mut flight) =
            head(&self.origin.base, &self.link, outgoing, flight, &mut timer).await?;
        let (head, body) = response.into_parts();
        let body =
            collect(body, limits.response_bytes, &mut timer).await.map_err(|error| flight.blame(error))?;
        flight.done();
        self.link.progress();
        Ok(Response::new(head.status, head.headers, body))
    }
}

impl HttpConnection for SurfConnection {
    fn base(&self) -> &Base {
        &self.origin.base
    }

    fn send(
        &mut self,
        request: Request,
        limits: Limits,
    ) -> impl Future<Output = Result<Response, TransportError>> + Send {
        self.exchange(request, limits)
    }
}

/// Sends, and waits for the head of the answer.
pub(crate) async fn head(
    base: &Base,
    link: &Link,
    mut request: http::Request<Outgoing>,
    mut flight: Flight,
    timer: &mut Timer,
) -> Result<(http::Response<Incoming>, Flight), TransportError> {
    if let Err(error) = address(base, link.info.version, &mut request) {
        flight.withdraw();
        return Err(invalid(error));
    }
    let response = in_time(timer, Phase::Sent, link.send(request, &flight)).await??;
    Ok((response, flight))
}

/// Puts the request into the form in which it goes to a server, not to a proxy.
fn address(
    base: &Base,
    version: Version,
    request: &mut http::Request<Outgoing>,
) -> Result<(), Box<dyn StdError + Send + Sync>> {
    *request.version_mut() = version;
    if version == Version::HTTP_2 {
        return Ok(());
    }
    if !request.headers().contains_key(HOST) {
        let host = HeaderValue::from_str(base.authority().as_str())?;
        request.headers_mut().insert(HOST, host);
    }
    let target = request.uri().path_and_query().cloned();
    *request.uri_mut() = Uri::from(target.unwrap_or_else(|| PathAndQuery::from_static("/")));
    Ok(())
}

/// Reads a body to its end.
async fn collect(mut body: Incoming, most: usize, timer: &mut Timer) -> Result<Bytes, TransportError> {
    let too_large = || TransportError::new(Phase::Body, TransportErrorKind::TooLarge);
    if usize::try_from(body.size_hint().lower()).is_ok_and(|announced| announced > most) {
        return Err(too_large());
    }
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = in_time(timer, Phase::Body, body.frame()).await? {
        let frame = frame.map_err(|error| classify(error, Phase::Body))?;
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
    timer: &mut Timer,
    phase: Phase,
    future: impl Future<Output = T>,
) -> Result<T, TransportError> {
    match select(pin!(future), timer).await {
        Either::Left((value, _)) => Ok(value),
        Either::Right(_) => Err(TransportError::new(phase, TransportErrorKind::TimedOut)),
    }
}

impl From<HandshakeKind> for Session {
    fn from(kind: HandshakeKind) -> Self {
        match kind {
            HandshakeKind::Resumed => Session::Resumed,
            HandshakeKind::Full | HandshakeKind::FullWithHelloRetryRequest => Session::New,
        }
    }
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tls = match self.tls {
            None => "",
            Some(Session::New) => " TLS",
            Some(Session::Resumed) => " TLS (resumed)",
        };
        write!(f, "{} -> {} {:?}{tls}", self.local, self.remote, self.version)
    }
}
