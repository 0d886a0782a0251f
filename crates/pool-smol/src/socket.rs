//! The socket under a connection, and the one event that nobody can miss: its end.
//!
//! Rules: whoever owns the socket owns its end; when it is dropped, by hyper or by an abort, the file descriptor is closed
//! first and then the signal given. So "closed" is never said of a socket that is still open.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use event_listener::Event;
use futures::io::{AsyncRead, AsyncWrite};
use futures_rustls::client::TlsStream;
use pool_async::Reporter;
use smol::net::TcpStream;

/// A socket, with or without TLS.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A socket that says when it is closed.
pub(crate) struct Socket {
    // Before `end`: fields are dropped in this order.
    stream: Stream,
    _end: End,
}

/// Gives the signal when it is dropped.
struct End(Arc<Signal>);

/// What the socket and its connection both know.
pub(crate) struct Signal {
    closed: AtomicBool,
    ended: Event,
    pub(crate) reporter: Reporter,
}

impl Signal {
    pub(crate) fn new(reporter: Reporter) -> Arc<Self> {
        Arc::new(Signal { closed: AtomicBool::new(false), ended: Event::new(), reporter })
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Ends when the socket is closed.
    pub(crate) async fn closed(&self) {
        // Registered before the look, so that no end can fall between.
        let ended = self.ended.listen();
        if !self.is_closed() {
            ended.await;
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.0.closed.store(true, Ordering::Release);
        self.0.ended.notify(usize::MAX);
        self.0.reporter.lost();
    }
}

impl Socket {
    pub(crate) fn new(stream: Stream, signal: Arc<Signal>) -> Self {
        Socket { stream, _end: End(signal) }
    }
}

/// Calls a method of whichever stream there is.
macro_rules! either {
    ($socket:expr, $stream:ident => $call:expr) => {
        match &mut $socket.get_mut().stream {
            Stream::Plain($stream) => {
                let $stream = Pin::new($stream);
                $call
            }
            Stream::Tls($stream) => {
                let $stream = Pin::new(&mut **$stream);
                $call
            }
        }
    };
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_read(cx, buf))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write_vectored(cx, bufs))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_flush(cx))
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_close(cx))
    }
}
