//! hyper's view of a socket of smol's.
//!
//! Rule: what a read costs depends on what it found, not on the room that hyper offers. hyper's memory is not initialised and smol's traits want it
//! to be: `smol-hyper` fills all of it with zeros each time, also when nothing is there to read.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::io::{AsyncRead, AsyncWrite};
use hyper::rt::{Read, ReadBufCursor, Write};
use smol_hyper::rt::FuturesIo;

/// The most that is read at once: a record of TLS.
const PIECE: usize = 16 << 10;

/// A stream, and the memory that it is read into first.
pub(crate) struct Io<S> {
    stream: FuturesIo<S>,
    piece: Box<[u8]>,
}

impl<S> Io<S> {
    pub(crate) fn new(stream: S) -> Self {
        Io { stream: FuturesIo::new(stream), piece: vec![0; PIECE].into() }
    }

    pub(crate) fn get_ref(&self) -> &S {
        self.stream.get_ref()
    }
}

impl<S: AsyncRead + Unpin> Read for Io<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let Io { stream, piece } = self.get_mut();
        let room = buf.remaining().min(PIECE);
        let length = ready!(Pin::new(stream.get_mut()).poll_read(cx, &mut piece[..room]))?;
        buf.put_slice(&piece[..length]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> Write for Io<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
