//! What a lease lends: requests in, answers out, in the pool's own types or in surf's.

use std::future::Future;
use std::sync::Arc;

use pool_http::{Base, HttpConnection, Limits, Request, Response, TransportError};
use pool_hyper::{Info, Link};

use crate::body::Outgoing;
use crate::client::{self, Origin};
use crate::runtime::Smol;

/// A connection, as everybody here shares it.
pub(crate) type Wire = Arc<Link<Smol, Outgoing>>;

/// One connection of the [`SurfBackend`](crate::SurfBackend).
///
/// There is no redirect, no retry, no proxy and no cookie: what is sent is what was asked for, once, on this socket.
#[derive(Debug)]
pub struct SurfConnection {
    origin: Arc<Origin>,
    link: Wire,
    client: surf::Client,
}

impl SurfConnection {
    pub(crate) fn new(origin: Arc<Origin>, link: Wire) -> Self {
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

    pub(crate) fn link(&self) -> &Link<Smol, Outgoing> {
        &self.link
    }

    /// The socket and what is spoken over it.
    pub fn info(&self) -> &Info {
        self.link.info()
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
}

impl HttpConnection for SurfConnection {
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
