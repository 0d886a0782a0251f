//! HTTP/2 over a socket: who runs hyper's tasks, and how it is noticed that the peer wants no more of them.
//!
//! Theory of operation: hyper splits an HTTP/2 connection into a task that owns the socket and a dispatcher that opens streams.
//! The dispatcher learns of a GOAWAY or of new settings only when it is polled, and nothing wakes it for them. So the task that
//! owns the socket pokes it each time something may have come in: it then ends at a GOAWAY, while the streams
//! under way go on, and tells the stream limit when that has changed.
//!
//! Rule: the handshake is over when the peer's settings are there. Until then the limit is nought, which no peer sends; so
//! what counts as open does speak HTTP/2, and its limit is known before the first lease.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures::task::AtomicWaker;
use hyper::client::conn::http2;
use hyper::rt::Executor;
use pool_http::{Phase, TransportError, TransportErrorKind};
use reqwest::Body;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::socket::{Signal, Socket};
use crate::classify;

type Connection = http2::Connection<Socket, Body, Spawner>;

/// Tasks that end with their owner.
pub(super) struct Tasks(Vec<AbortHandle>);

impl Tasks {
    pub(super) fn one(task: AbortHandle) -> Self {
        Tasks(vec![task])
    }

    pub(super) fn abort(&self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

impl Drop for Tasks {
    /// Works outside of any runtime: what a task holds is dropped when its runtime next looks at it.
    fn drop(&mut self) {
        self.abort();
    }
}

/// Spawns hyper's futures.
#[derive(Clone)]
struct Spawner {
    /// Those that belong to the connection itself: they are spawned during the handshake, all later ones belong to a stream.
    own: Arc<Mutex<Option<Tasks>>>,
    poke: Arc<AtomicWaker>,
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Spawner {
    fn execute(&self, future: F) {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(own) = own.as_mut() else {
            tokio::spawn(future);
            return;
        };
        let poke = self.poke.clone();
        let task = tokio::spawn(async move {
            let mut future = pin!(future);
            poll_fn(|cx| {
                let polled = future.as_mut().poll(cx);
                if polled.is_pending() {
                    poke.wake();
                }
                polled
            })
            .await;
        });
        own.0.push(task.abort_handle());
    }
}

/// Begins HTTP/2 on `socket`. Returns the sender, the tasks behind it, and the peer's stream limit. Changes of the limit are reported
/// if the connection may carry up to `streams_max` leases.
pub(super) async fn handshake(
    socket: Socket,
    signal: Arc<Signal>,
    streams_max: Option<u32>,
) -> Result<(http2::SendRequest<Body>, Tasks, u32), TransportError> {
    let own = Arc::new(Mutex::new(Some(Tasks(Vec::new()))));
    let spawner = Spawner { own: own.clone(), poke: Arc::default() };
    let poke = spawner.poke.clone();
    let begun = http2::Builder::new(spawner).initial_max_send_streams(0).handshake(socket).await;
    let (sender, connection) = begun.map_err(|error| classify::classify(error, Phase::Connect))?;
    let tasks = own.lock().unwrap_or_else(PoisonError::into_inner).take();
    let mut tasks = tasks.unwrap_or_else(|| Tasks(Vec::new()));
    let (settled, settings) = oneshot::channel();
    let dispatcher = Dispatcher { poke, signal, streams_max, limit: 0, settled: Some(settled) };
    tasks.0.push(tokio::spawn(dispatcher.run(connection)).abort_handle());
    match settings.await {
        Ok(Ok(limit)) => Ok((sender, tasks, limit)),
        Ok(Err(error)) => Err(classify::classify(error, Phase::Connect)),
        Err(_) => Err(TransportError::new(Phase::Connect, TransportErrorKind::Closed)),
    }
}

/// The half of a connection that opens streams.
struct Dispatcher {
    poke: Arc<AtomicWaker>,
    signal: Arc<Signal>,
    streams_max: Option<u32>,
    /// As last seen; nought before the peer's settings.
    limit: u32,
    settled: Option<oneshot::Sender<hyper::Result<u32>>>,
}

impl Dispatcher {
    /// Ends at a GOAWAY, at the end of the socket, or when the sender is gone: in each case it takes no further request.
    async fn run(mut self, connection: Connection) {
        let mut connection = pin!(connection);
        let ended = poll_fn(|cx| {
            self.poke.register(cx.waker());
            let polled = connection.as_mut().poll(cx);
            if polled.is_pending() {
                self.look(connection.current_max_send_streams());
            }
            polled
        })
        .await;
        match (self.settled.take(), ended) {
            (Some(settled), Err(error)) => drop(settled.send(Err(error))),
            (Some(_), Ok(())) | (None, _) => self.signal.reporter.retiring(),
        }
    }

    fn look(&mut self, limit: usize) {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        if limit == self.limit {
            return;
        }
        self.limit = limit;
        if let Some(settled) = self.settled.take() {
            // Nobody listens when the connect was given up.
            let _ = settled.send(Ok(limit));
        } else if let Some(most) = self.streams_max {
            self.signal.reporter.lease_limit(limit.min(most));
        }
    }
}
