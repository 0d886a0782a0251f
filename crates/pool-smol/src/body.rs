//! Bodies between hyper and surf: one that is sent, and one that somebody else reads.
//!
//! Rules: what the peer has not been told to expect is not sent; a limit of time or size holds to the last byte.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures::io::{AsyncBufRead, AsyncRead};
use http_body::{Body, Frame, SizeHint};
use pool_http::{Phase, TransportError, TransportErrorKind};
use smol::Timer;

use crate::runtime::Smol;

/// The most that is copied out of a reader at once.
const PIECE: usize = 16 << 10;

/// A body to send.
pub(crate) enum Outgoing {
    /// It is there already.
    Whole(Bytes),
    /// surf's: read while it is sent.
    Streamed(surf::Body),
}

impl From<Bytes> for Outgoing {
    fn from(bytes: Bytes) -> Self {
        Outgoing::Whole(bytes)
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Outgoing::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Outgoing::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Outgoing::Streamed(body) => {
                let mut body = Pin::new(body);
                let available = match ready!(body.as_mut().poll_fill_buf(cx)) {
                    Ok(available) => &available[..available.len().min(PIECE)],
                    Err(error) => return Poll::Ready(Some(Err(error))),
                };
                if available.is_empty() {
                    return Poll::Ready(None);
                }
                let piece = Bytes::copy_from_slice(available);
                body.consume(piece.len());
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Outgoing::Whole(bytes) => bytes.is_empty(),
            Outgoing::Streamed(body) => body.len() == Some(0),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Outgoing::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Outgoing::Streamed(body) => {
                body.len().map_or_else(SizeHint::new, |len| SizeHint::with_exact(len as u64))
            }
        }
    }
}

/// The body of an answer on its way to somebody who reads it through surf. It keeps its connection alive.
pub(crate) struct Arriving {
    body: pool_hyper::Arriving<Smol, Outgoing>,
    timer: Timer,
    /// Bytes that may still come.
    left: usize,
    piece: Bytes,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Reading,
    Ended,
    Failed(Phase, TransportErrorKind),
}

impl Arriving {
    pub(crate) fn new(body: pool_hyper::Arriving<Smol, Outgoing>, timer: Timer, most: usize) -> Self {
        let state = if body.is_end_stream() { State::Ended } else { State::Reading };
        Arriving { body, timer, left: most, piece: Bytes::new(), state }
    }

    /// Waits for a piece; an empty one is the end.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, TransportError>> {
        loop {
            let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else { break };
            let Some(frame) = frame else { return Poll::Ready(Ok(Bytes::new())) };
            let frame = frame?;
            // Trailers are of no use to surf.
            let Ok(data) = frame.into_data() else { continue };
            let Some(left) = self.left.checked_sub(data.len()) else {
                return Poll::Ready(Err(TransportError::new(Phase::Body, TransportErrorKind::TooLarge)));
            };
            self.left = left;
            if !data.is_empty() {
                return Poll::Ready(Ok(data));
            }
        }
        ready!(Pin::new(&mut self.timer).poll(cx));
        Poll::Ready(Err(TransportError::new(Phase::Body, TransportErrorKind::TimedOut)))
    }
}

impl AsyncBufRead for Arriving {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        if let State::Failed(phase, kind) = this.state {
            return Poll::Ready(Err(io::Error::other(TransportError::new(phase, kind))));
        }
        if this.piece.is_empty() && matches!(this.state, State::Reading) {
            match ready!(this.poll_piece(cx)) {
                Ok(piece) if piece.is_empty() => this.state = State::Ended,
                Ok(piece) => this.piece = piece,
                Err(error) => {
                    this.state = State::Failed(error.phase(), error.kind());
                    return Poll::Ready(Err(io::Error::other(error)));
                }
            }
        }
        Poll::Ready(Ok(&this.piece))
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.get_mut().piece.advance(amount);
    }
}

impl AsyncRead for Arriving {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let available = ready!(self.as_mut().poll_fill_buf(cx))?;
        let amount = available.len().min(buf.len());
        buf[..amount].copy_from_slice(&available[..amount]);
        self.consume(amount);
        Poll::Ready(Ok(amount))
    }
}
