//! The socket under a connection, and the one event that nobody can miss: its end.
//!
//! Theory of operation: a runtime hears of the peer's close when it next asks the system for events, and until then a request would be
//! written to a socket that nobody reads: sent, for all that can be known. So a request that must not go twice asks the system first.
//! What is left is the time that the close itself is under way.
//!
//! Rules: whoever owns the socket owns its end; when it is dropped, by hyper or by an abort, the file descriptor is closed
//! first and then the signal given. So "closed" is never said of a socket that is still open. A peer that never stops talking holds up
//! nobody but its own connection, on any executor.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use event_listener::Event;
use hyper::rt::{Read, ReadBufCursor, Write};
use pool_async::Reporter;

use crate::runtime::Runtime;

/// How many reads in a row may find something before others have their turn: not every executor sees to that by itself, and hyper
/// reads on for as long as there is something to read.
const READS_IN_A_ROW: u8 = 64;

/// A socket, with or without TLS.
pub(crate) enum Stream<R: Runtime> {
    Plain(R::Plain),
    Encrypted(Box<R::Encrypted>),
}

/// A socket that says when it is closed.
pub(crate) struct Socket<R: Runtime> {
    // Before `end`: fields are dropped in this order.
    stream: Stream<R>,
    end: End,
    reads: u8,
}

/// Gives the signal when it is dropped.
struct End(Arc<Signal>);

/// What the socket and its connection both know.
pub(crate) struct Signal {
    closed: AtomicBool,
    /// Bytes that the socket has taken, of whatever kind.
    written: AtomicU64,
    /// The next write is to look first.
    careful: AtomicBool,
    ended: Event,
    /// Somebody wants to know whether anything comes in.
    asked: AtomicBool,
    came: Event,
    /// The pool has found the connection dead.
    given_up: AtomicBool,
    pub(crate) reporter: Reporter,
}

impl Signal {
    pub(crate) fn new(reporter: Reporter) -> Arc<Self> {
        let (no, never) = (|| AtomicBool::new(false), Event::new);
        let (closed, careful, asked, given_up) = (no(), no(), no(), no());
        let (written, ended, came) = (AtomicU64::new(0), never(), never());
        Arc::new(Signal { closed, written, careful, ended, asked, came, given_up, reporter })
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// How many bytes the socket has taken so far. If it has taken none since a request was begun, that was not sent.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Has the next write look whether the peer is still there. For HTTP/1.1, where it is that of the next request.
    pub(crate) fn look_first(&self) {
        self.careful.store(true, Ordering::Release);
    }

    /// Whether what was under way ended because the pool had found the connection dead.
    pub(crate) fn is_given_up(&self) -> bool {
        self.given_up.load(Ordering::Acquire)
    }

    /// The pool has found the connection dead.
    pub(crate) fn give_up(&self) {
        self.given_up.store(true, Ordering::Release);
    }

    /// Ends when something has come from the peer since.
    pub(crate) async fn heard(&self) {
        // In this order: whoever sees that it is asked for wakes whoever is registered.
        let came = self.came.listen();
        self.asked.store(true, Ordering::Release);
        came.await;
    }

    /// Something has come.
    fn hear(&self) {
        if self.asked.load(Ordering::Acquire) && self.asked.swap(false, Ordering::AcqRel) {
            self.came.notify(usize::MAX);
        }
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

impl<R: Runtime> Socket<R> {
    pub(crate) fn new(stream: Stream<R>, signal: Arc<Signal>) -> Self {
        Socket { stream, end: End(signal), reads: 0 }
    }

    /// Whether a write that is to look first would meet a socket that the peer has closed.
    fn is_in_vain(&self) -> bool {
        // Read before it is changed: most writes need not look.
        self.end.0.careful.load(Ordering::Acquire)
            && self.end.0.careful.swap(false, Ordering::AcqRel)
            && match &self.stream {
                Stream::Plain(stream) => R::plain_is_closed(stream),
                Stream::Encrypted(stream) => R::encrypted_is_closed(stream),
            }
    }

    /// Counts what a write was good for.
    fn count(&self, written: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(bytes)) = written {
            self.end.0.written.fetch_add(*bytes as u64, Ordering::AcqRel);
        }
    }
}

fn nobody_reads<T>() -> Poll<io::Result<T>> {
    Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
}

/// Whether the peer of this socket has closed its end, as the system knows it now; one call of the system. Where that is not one that
/// can tell without reading, it is `false`: its runtime will hear of it.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn peer_has_closed(socket: &impl std::os::fd::AsFd) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    // It is told also while there is something left to read, as TLS's good-bye.
    let mut looked = [PollFd::new(socket, PollFlags::RDHUP)];
    poll(&mut looked, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
}

/// Whether the peer of this socket has closed its end: this system cannot tell without reading, so it is `false`; its runtime will hear
/// of it.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn peer_has_closed<S>(_: &S) -> bool {
    false
}

/// Calls a method of whichever stream there is.
macro_rules! either {
    ($socket:expr, $stream:ident => $call:expr) => {
        match &mut $socket.get_mut().stream {
            Stream::Plain($stream) => {
                let $stream = Pin::new($stream);
                $call
            }
            Stream::Encrypted($stream) => {
                let $stream = Pin::new(&mut **$stream);
                $call
            }
        }
    };
}

impl<R: Runtime> Read for Socket<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.reads == READS_IN_A_ROW {
            self.reads = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let read = either!(self.as_mut(), stream => stream.poll_read(cx, buf));
        if read.is_ready() {
            self.end.0.hear();
        }
        self.reads = if read.is_ready() { self.reads + 1 } else { 0 };
        read
    }
}

impl<R: Runtime> Write for Socket<R> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_in_vain() {
            return nobody_reads();
        }
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
            Stream::Encrypted(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.is_in_vain() {
            return nobody_reads();
        }
        let written = either!(self.as_mut(), stream => stream.poll_write_vectored(cx, bufs));
        self.count(&written);
        written
    }
}

#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod tests {
    use std::io::Write as _;
    use std::net::{TcpListener, TcpStream};

    use super::peer_has_closed;

    #[test]
    fn a_peer_that_has_closed_is_seen_before_anything_is_read() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        assert!(!peer_has_closed(&ours));
        peer.write_all(b"good-bye").unwrap();
        assert!(!peer_has_closed(&ours), "there is something to read, and that is all");
        drop(peer);
        assert!(peer_has_closed(&ours), "with something still to read");
    }
}
