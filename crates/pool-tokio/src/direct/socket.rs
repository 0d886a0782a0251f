//! The socket under a connection, and the one event that nobody can miss: its end.
//!
//! Rules: whoever owns the socket owns its end; when it is dropped, by hyper or by an abort, the file descriptor is closed
//! first and then the signal given. So "closed" is never said of a socket that is still open.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use pool_async::Reporter;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_rustls::client::TlsStream;

/// A socket, with or without TLS.
pub(super) enum Stream {
    Plain(TokioIo<TcpStream>),
    Tls(Box<TokioIo<TlsStream<TcpStream>>>),
}

/// A socket that says when it is closed.
pub(super) struct Socket {
    // Before `end`: fields are dropped in this order.
    stream: Stream,
    end: End,
}

/// Gives the signal when it is dropped.
struct End(Arc<Signal>);

/// What the socket and its connection both know.
pub(super) struct Signal {
    closed: AtomicBool,
    /// Bytes that the socket has taken, of whatever kind.
    written: AtomicU64,
    ended: Notify,
    pub(super) reporter: Reporter,
}

impl Signal {
    pub(super) fn new(reporter: Reporter) -> Arc<Self> {
        Arc::new(Signal {
            closed: AtomicBool::new(false),
            written: AtomicU64::new(0),
            ended: Notify::new(),
            reporter,
        })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// How many bytes the socket has taken so far. If it has taken none since a request was begun, that was not sent.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Ends when the socket is closed.
    pub(super) async fn closed(&self) {
        let mut ended = pin!(self.ended.notified());
        // Registered before the look, so that no end can fall between.
        ended.as_mut().enable();
        if !self.is_closed() {
            ended.await;
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.0.closed.store(true, Ordering::Release);
        self.0.ended.notify_waiters();
        self.0.reporter.lost();
    }
}

impl Socket {
    pub(super) fn new(stream: Stream, signal: Arc<Signal>) -> Self {
        Socket { stream, end: End(signal) }
    }

    /// Counts what a write was good for.
    fn count(&self, written: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(bytes)) = written {
            self.end.0.written.fetch_add(*bytes as u64, Ordering::AcqRel);
        }
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

impl Read for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_read(cx, buf))
    }
}

impl Write for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = either!(self.as_mut(), stream => stream.poll_write(cx, buf));
        self.count(&written);
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_shutdown(cx))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = either!(self.as_mut(), stream => stream.poll_write_vectored(cx, bufs));
        self.count(&written);
        written
    }
}
