//! HTTP/2 over a socket: how it is noticed what the peer allows, and when it wants no more.
//!
//! Theory of operation: hyper splits an HTTP/2 connection into a task that owns the socket and a dispatcher that opens streams.
//! The dispatcher learns of a GOAWAY or of new settings only when it is polled, and nothing wakes it for them. So the task that
//! owns the socket pokes it each time something may have come in: it then ends at a GOAWAY, while the streams
//! under way go on, and tells the stream limit when that has changed.
//!
//! Rule: a connection is open when the peer's SETTINGS have arrived. Until then hyper is told that no stream is allowed, which no
//! peer means that wants to serve: so the first limit above none is the peer's own, and nothing is ever sent beyond it.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::task::AtomicWaker;
use hyper::client::conn::http2;
use pool_http::{Phase, TransportError, TransportErrorKind};

use crate::body::RequestBody;
use crate::classify::classify;
use crate::naps::Naps;
use crate::runtime::Runtime;
use crate::socket::{Signal, Socket};
use crate::tasks::{Spawner, Tasks};
use crate::upload::Leaving;

type Connection<R, B> = http2::Connection<Socket<R>, Leaving<B>, Spawner<R>>;
type Sender<B> = http2::SendRequest<Leaving<B>>;

/// A connection with requests under way on which nothing comes is pinged after this: well before anybody asks whether it lives.
const PING_AFTER: Duration = Duration::from_millis(125);

/// A ping without an answer ends nothing by itself: what it means is the pool's to say.
const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// Begins HTTP/2 on `socket`, and waits for the peer's settings. Returns the sender, the connection's tasks, and how many streams the
/// peer allows at once; changes of that are reported if there is a `streams_max`, and never more than that.
pub(crate) async fn handshake<R: Runtime, B: RequestBody>(
    runtime: &R,
    socket: Socket<R>,
    signal: Arc<Signal>,
    streams_max: Option<u32>,
) -> Result<(Sender<B>, Tasks, u32), TransportError> {
    let spawner = Spawner::new(runtime.clone());
    let mut builder = http2::Builder::new(spawner.clone());
    if streams_max.is_some() {
        builder.timer(Naps(runtime.clone())).keep_alive_interval(PING_AFTER).keep_alive_timeout(FOR_EVER);
    }
    let begun = builder.initial_max_send_streams(0).handshake(socket).await;
    let (sender, connection) = begun.map_err(|error| classify(error, Phase::Connect))?;
    let (mut tasks, poke) = (spawner.take(), spawner.poke());
    let mut connection = Box::pin(connection);
    poll_fn(|cx| settled(connection.as_mut(), &poke, cx)).await?;
    let known = limit(&connection);
    tasks.spawn(runtime, dispatch(connection, poke, signal, streams_max, known));
    Ok((sender, tasks, known))
}

/// Ready when the peer's settings are there, or never will be.
fn settled<R: Runtime, B: RequestBody>(
    mut connection: Pin<&mut Connection<R, B>>,
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

/// The half of a connection that opens streams.
async fn dispatch<R: Runtime, B: RequestBody>(
    mut connection: Pin<Box<Connection<R, B>>>,
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

fn limit<R: Runtime, B: RequestBody>(connection: &Connection<R, B>) -> u32 {
    u32::try_from(connection.current_max_send_streams()).unwrap_or(u32::MAX)
}
