//! The task of one connection: accept faults, TLS, HTTP, and the order to end.
//!
//! Rules: whatever happens, the socket is dropped before the connection is reported closed; an end after the answer
//! first lets HTTP write everything it was handed.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;

use crate::fault::{AcceptFault, Ending};
use crate::link::{Link, Order, Socket};
use crate::server::{Protocols, Transport};
use crate::service;
use crate::shared::Shared;

/// How often the connection is driven on between an order to end after the answer and the end.
const FLUSH_ROUNDS: usize = 16;

/// Serves a connection until it ends.
pub(crate) async fn serve(
    shared: Arc<Shared>,
    transport: Arc<Transport>,
    link: Arc<Link>,
    stream: TcpStream,
) {
    let fault = shared.faults().at_accept();
    run(&shared, &transport, &link, Socket::new(stream, link.clone()), fault).await;
    shared.close_link(link.id);
}

async fn run(
    shared: &Arc<Shared>,
    transport: &Transport,
    link: &Arc<Link>,
    mut socket: Socket,
    fault: Option<AcceptFault>,
) {
    match fault {
        Some(AcceptFault::Drop(ending)) => return mark(link, ending),
        Some(AcceptFault::Hang) => {
            let silence = read_to_end(&mut socket);
            tokio::select! { () = silence => {}, ending = hard_end(link) => mark(link, ending) }
            return;
        }
        Some(AcceptFault::Delay(delay)) => {
            let wait = tokio::time::sleep(delay);
            tokio::select! { () = wait => {}, ending = hard_end(link) => return mark(link, ending) }
        }
        None => {}
    }
    match transport.acceptor() {
        None => http(shared, transport.protocols(), link, socket).await,
        #[cfg(not(feature = "tls"))]
        Some(never) => match *never {},
        #[cfg(feature = "tls")]
        Some(acceptor) => {
            let accepted = tokio::select! {
                accepted = acceptor.accept(socket) => accepted,
                ending = hard_end(link) => return mark(link, ending),
            };
            // A handshake that fails is the client's to report; the socket is closed by now.
            if let Ok(stream) = accepted {
                http(shared, transport.protocols(), link, stream).await;
            }
        }
    }
}

async fn http(
    shared: &Arc<Shared>,
    protocols: Protocols,
    link: &Arc<Link>,
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(None);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(shared.settings().max_streams);
    let builder = match protocols {
        Protocols::Both => builder,
        Protocols::Http1 => builder.http1_only(),
        Protocols::Http2 => builder.http2_only(),
    };
    let service = service_fn(|request| service::handle(shared.clone(), link.clone(), request));
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    loop {
        tokio::select! {
            biased;
            order = link.ended() => match order {
                Order::Gracefully => connection.as_mut().graceful_shutdown(),
                Order::Now(ending) => return mark(link, ending),
                Order::Flushed(ending) => {
                    flush(connection).await;
                    return mark(link, ending);
                }
            },
            // An error here is a client that broke off or broke the protocol: the connection just ends.
            _ = connection.as_mut() => return,
        }
    }
}

/// Drives the connection on until it has written what it was handed, letting the tasks of its streams run between.
async fn flush<F: Future>(mut connection: Pin<&mut F>) {
    for _ in 0..FLUSH_ROUNDS {
        let finished = std::future::poll_fn(|cx| Poll::Ready(connection.as_mut().poll(cx).is_ready())).await;
        if finished {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// Waits for an order that does not ask for manners, on a connection that has no HTTP yet.
async fn hard_end(link: &Link) -> Ending {
    loop {
        match link.ended().await {
            Order::Now(ending) | Order::Flushed(ending) => return ending,
            Order::Gracefully => {}
        }
    }
}

fn mark(link: &Link, ending: Ending) {
    if ending == Ending::Reset {
        link.reset_on_drop();
    }
}

async fn read_to_end(socket: &mut Socket) {
    let mut sink = [0; 4096];
    while matches!(socket.read(&mut sink).await, Ok(read) if read > 0) {}
}
