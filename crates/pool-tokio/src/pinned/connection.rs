//! What a lease lends: a client that has one socket.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::BytesMut;
use http::Version;
use pool_http::{
    Base, HttpConnection, Limits, Phase, Request, Response, Reuse, TransportError, TransportErrorKind,
};
use pool_hyper::{Usage, invalid};
use tokio::time::{Instant, timeout_at};

use crate::classify;

/// One connection of the [`PinnedBackend`](super::PinnedBackend).
pub struct PinnedConnection {
    client: reqwest::Client,
    base: Arc<Base>,
    usage: Arc<Usage>,
    shared: bool,
    peer: Peer,
}

/// Whom a client talks to, as its answers tell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    pub(super) version: Version,
    pub(super) address: Option<SocketAddr>,
}

impl PinnedConnection {
    pub(super) fn new(client: reqwest::Client, base: Arc<Base>, peer: Peer, shared: bool) -> Self {
        PinnedConnection { client, base, usage: Usage::new(shared, now), shared, peer }
    }

    pub(super) fn label(&self) -> String {
        match self.peer.address {
            Some(address) => format!("reqwest -> {address} {:?}", self.peer.version),
            None => format!("reqwest {:?}", self.peer.version),
        }
    }

    pub(super) fn share(&self) -> Option<Self> {
        self.shared.then(|| PinnedConnection {
            client: self.client.clone(),
            base: self.base.clone(),
            usage: self.usage.clone(),
            shared: true,
            peer: self.peer,
        })
    }

    /// Whether there are more handles than the pool's and this one.
    pub(super) fn is_lent(&self) -> bool {
        Arc::strong_count(&self.usage) > 2
    }

    pub(super) fn is_broken(&self) -> bool {
        self.usage.is_dirty()
    }

    /// The client. It has this connection's socket and can open no other: over HTTP/1.1, make one request at a time and read each
    /// answer to its end. A clone that outlives the lease shares the socket with whoever has the next lease, and keeps it open
    /// after the pool has closed it: do not keep one.
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    pub(super) async fn exchange(
        &self,
        request: Request,
        limits: Limits,
    ) -> Result<Response, TransportError> {
        let mut flight = self.usage.begin()?;
        let asked = ask(&self.client, &self.base, request, limits).await;
        match asked {
            Ok((answer, _)) => {
                flight.done();
                Ok(answer)
            }
            Err(error) if error.reuse() == Reuse::Keep => {
                flight.withdraw();
                Err(error)
            }
            Err(error) => Err(flight.blame(error)),
        }
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

/// Sends a request with `client` and reads the answer to its end.
pub(super) async fn ask(
    client: &reqwest::Client,
    base: &Base,
    request: Request,
    limits: Limits,
) -> Result<(Response, Peer), TransportError> {
    let uri = base.uri(&request.target).map_err(invalid)?;
    let mut outgoing = http::Request::new(request.body);
    *outgoing.method_mut() = request.method;
    *outgoing.uri_mut() = uri;
    *outgoing.headers_mut() = request.headers;
    let outgoing = reqwest::Request::try_from(outgoing).map_err(classify::reqwest)?;
    let mut phase = Phase::Sent;
    let exchange = async {
        let answer = client.execute(outgoing).await.map_err(classify::reqwest)?;
        phase = Phase::Body;
        let peer = Peer { version: answer.version(), address: answer.remote_addr() };
        Ok((collect(answer, limits.response_bytes).await?, peer))
    };
    let ended = match Instant::now().checked_add(limits.time) {
        Some(deadline) => timeout_at(deadline, exchange).await.ok(),
        None => Some(exchange.await),
    };
    ended.unwrap_or_else(|| Err(TransportError::new(phase, TransportErrorKind::TimedOut)))
}

/// Reads an answer to its end.
async fn collect(mut answer: reqwest::Response, most: usize) -> Result<Response, TransportError> {
    let mut body = BytesMut::new();
    while let Some(piece) = answer.chunk().await.map_err(classify::reqwest)? {
        if body.len() + piece.len() > most {
            return Err(TransportError::new(Phase::Body, TransportErrorKind::TooLarge));
        }
        body.extend_from_slice(&piece);
    }
    let headers = std::mem::take(answer.headers_mut());
    Ok(Response::new(answer.status(), headers, body))
}

impl HttpConnection for PinnedConnection {
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

impl fmt::Debug for PinnedConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PinnedConnection").field("base", &self.base).finish_non_exhaustive()
    }
}
