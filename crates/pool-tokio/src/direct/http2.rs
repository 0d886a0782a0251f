//! HTTP/2 over a socket: who runs hyper's tasks, and how it is noticed that the peer wants no more of them.
//!
//! Theory of operation: hyper splits an HTTP/2 connection into a task that owns the socket and a dispatcher that opens streams.
//! The dispatcher learns of a GOAWAY or of new settings only when it is polled, and nothing wakes it for them. So the task that
//! owns the socket pokes it each time something may have come in: it then ends at a GOAWAY, while the streams
//! under way go on, and tells the stream limit when that has changed.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures::task::AtomicWaker;
use hyper::client::conn::http2;
use hyper::rt::Executor;
use reqwest::Body;
use tokio::task::AbortHandle;

use super::socket::{Signal, Socket};

type Connection = http2::Connection<Socket, Body, Tasks>;

/// Spawns hyper's futures.
#[derive(Clone)]
pub(super) struct Tasks {
    /// Those that belong to the connection itself: they are spawned during the handshake, all later ones belong to a stream.
    own: Arc<Mutex<Option<Vec<AbortHandle>>>>,
    poke: Arc<AtomicWaker>,
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Tasks {
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
                poke.wake();
                polled
            })
            .await;
        });
        own.push(task.abort_handle());
    }
}

/// Begins HTTP/2 on `socket`. Returns the sender, the tasks to abort should it have to end at once, and the peer's stream limit as
/// far as it is known; changes of the limit are reported, but no more than `streams_max`.
pub(super) async fn handshake(
    socket: Socket,
    signal: Arc<Signal>,
    streams_max: Option<u32>,
) -> hyper::Result<(http2::SendRequest<Body>, Vec<AbortHandle>, u32)> {
    let tasks = Tasks { own: Arc::new(Mutex::new(Some(Vec::new()))), poke: Arc::default() };
    let (own, poke) = (tasks.own.clone(), tasks.poke.clone());
    let (sender, connection) = http2::Builder::new(tasks).handshake(socket).await?;
    let mut tasks = own.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
    let limit = limit(&connection);
    tasks.push(tokio::spawn(dispatch(connection, poke, signal, streams_max, limit)).abort_handle());
    Ok((sender, tasks, limit))
}

async fn dispatch(
    connection: Connection,
    poke: Arc<AtomicWaker>,
    signal: Arc<Signal>,
    streams_max: Option<u32>,
    mut known: u32,
) {
    let mut connection = pin!(connection);
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
