//! HTTP/2 over a socket: who runs hyper's tasks, and how it is noticed what the peer allows and when it wants no more.
//!
//! Theory of operation: hyper splits an HTTP/2 connection into a task that owns the socket and a dispatcher that opens streams.
//! The dispatcher learns of a GOAWAY or of new settings only when it is polled, and nothing wakes it for them. So the task that
//! owns the socket pokes it each time something may have come in: it then ends at a GOAWAY, while the streams
//! under way go on, and tells the stream limit when that has changed.
//!
//! A connection is open when the peer's SETTINGS have arrived. Until then hyper is told that no stream is allowed, which no
//! peer means that wants to serve: so the first limit above none is the peer's own, and nothing is ever sent beyond it.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures::future::AbortHandle;
use futures::task::AtomicWaker;
use hyper::client::conn::http2;
use hyper::rt::Executor;
use pool_http::{Phase, TransportError, TransportErrorKind};
use smol_hyper::rt::FuturesIo;

use crate::body::Outgoing;
use crate::classify::classify;
use crate::socket::{Signal, Socket};
use crate::spawner::Spawner;

pub(crate) type Sender = http2::SendRequest<Outgoing>;
type Connection = http2::Connection<FuturesIo<Socket>, Outgoing, Tasks>;

/// Spawns hyper's futures.
#[derive(Clone)]
pub(crate) struct Tasks {
    spawner: Spawner,
    /// Those that belong to the connection itself: they are spawned during the handshake, all later ones belong to a stream.
    own: Arc<Mutex<Option<Own>>>,
    poke: Arc<AtomicWaker>,
}

/// The tasks of a connection. Dropped, it aborts them: a handshake that is given up leaves nothing behind.
#[derive(Default)]
pub(crate) struct Own(Vec<AbortHandle>);

impl Own {
    pub(crate) fn push(&mut self, task: AbortHandle) {
        self.0.push(task);
    }

    pub(crate) fn abort(&self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.abort();
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Tasks {
    fn execute(&self, future: F) {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(own) = own.as_mut() else { return self.spawner.detach(future) };
        let poke = Arc::clone(&self.poke);
        own.push(self.spawner.spawn(async move {
            let mut future = pin!(future);
            poll_fn(|cx| {
                let polled = future.as_mut().poll(cx);
                poke.wake();
                polled
            })
            .await;
        }));
    }
}

/// Begins HTTP/2 on `socket`, and waits for the peer's settings. Returns the sender, the connection's tasks, and how many streams the
/// peer allows at once; changes of that are reported if there is a `streams_max`, and never more than that.
pub(crate) async fn handshake(
    socket: Socket,
    signal: Arc<Signal>,
    spawner: Spawner,
    streams_max: Option<u32>,
) -> Result<(Sender, Own, u32), TransportError> {
    let own = Arc::new(Mutex::new(Some(Own::default())));
    let tasks = Tasks { spawner: spawner.clone(), own: Arc::clone(&own), poke: Arc::default() };
    let poke = Arc::clone(&tasks.poke);
    let mut builder = http2::Builder::new(tasks);
    let begun = builder.initial_max_send_streams(0).handshake(FuturesIo::new(socket)).await;
    let (sender, connection) = begun.map_err(|error| classify(error, Phase::Connect))?;
    let mut tasks = own.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
    let mut connection = Box::pin(connection);
    poll_fn(|cx| settled(connection.as_mut(), &poke, cx)).await?;
    let limit = limit(&connection);
    tasks.push(spawner.spawn(dispatch(connection, poke, signal, streams_max, limit)));
    Ok((sender, tasks, limit))
}

/// Ready when the peer's settings are there, or never will be.
fn settled(
    mut connection: Pin<&mut Connection>,
    poke: &AtomicWaker,
    cx: &mut Context<'_>,
) -> Poll<Result<(), TransportError>> {
    poke.register(cx.waker());
    match connection.as_mut().poll(cx) {
        Poll::Ready(Ok(())) => {
            Poll::Ready(Err(TransportError::new(Phase::Connect, TransportErrorKind::Closed)))
        }
        Poll::Ready(Err(error)) => Poll::Ready(Err(classify(error, Phase::Connect))),
        Poll::Pending if limit(&connection) > 0 => Poll::Ready(Ok(())),
        Poll::Pending => Poll::Pending,
    }
}

async fn dispatch(
    mut connection: Pin<Box<Connection>>,
    poke: Arc<AtomicWaker>,
    signal: Arc<Signal>,
    streams_max: Option<u32>,
    mut known: u32,
) {
    // Ends at a GOAWAY, at the end of the socket, or when the sender is gone: in each case it takes no further request.
    let _ = poll_fn(|cx| {
        poke.register(cx.waker());
        let polled = connection.as_mut().poll(cx);
        if let (true, Some(most)) = (polled.is_pending(), streams_max) {
            let limit = limit(&connection);
            if limit != known {
                known = limit;
                signal.reporter.lease_limit(limit.min(most));
            }
        }
        polled
    })
    .await;
    signal.reporter.retiring();
}

fn limit(connection: &Connection) -> u32 {
    u32::try_from(connection.current_max_send_streams()).unwrap_or(u32::MAX)
}
