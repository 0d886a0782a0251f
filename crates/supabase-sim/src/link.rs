//! One connection as the rest of the simulator sees it: its number, its timers, and the order to end it.
//!
//! Rules: any thread may give the order to end, only the connection's own task carries it out; the first order
//! stands, but a reset now overrules all others; a link never holds its socket, so nothing here can keep one open.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::fault::Ending;
use crate::settings::KeepAlive;

/// An order to end the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// At once; what was not sent is lost.
    Now(Ending),
    /// When what was handed to the connection is sent.
    Flushed(Ending),
    /// As HTTP wants it: announce, answer what is in flight, close.
    Gracefully,
}

#[derive(Debug, Default)]
struct State {
    order: Option<Order>,
    in_flight: usize,
    requests: u64,
    /// When to close for want of requests.
    idle_at: Option<Instant>,
    /// When to close whatever happens.
    close_at: Option<Instant>,
}

/// The shared half of a connection.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) id: u64,
    pub(crate) tls: bool,
    state: Mutex<State>,
    wake: Notify,
    reset: AtomicBool,
    lost: AtomicBool,
    preface: Mutex<Bytes>,
}

impl Link {
    pub(crate) fn new(id: u64, tls: bool, keep_alive: &KeepAlive) -> Self {
        let idle_at = keep_alive.idle.map(|idle| Instant::now() + idle);
        let state = Mutex::new(State { idle_at, ..State::default() });
        let (reset, lost) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { id, tls, state, wake: Notify::new(), reset, lost, preface: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the order to end.
    pub(crate) fn end(&self, order: Order) {
        let mut state = self.state();
        if state.order.is_none()
            || state.order == Some(Order::Gracefully)
            || order == Order::Now(Ending::Reset)
        {
            state.order = Some(order);
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Waits for the order to end, or until it is time to. A graceful order is given out once.
    pub(crate) async fn ended(&self) -> Order {
        loop {
            let (order, deadline) = {
                let mut state = self.state();
                let order = state.order;
                if order == Some(Order::Gracefully) {
                    state.order = None;
                }
                (order, [state.idle_at, state.close_at].into_iter().flatten().min())
            };
            if let Some(order) = order {
                return order;
            }
            let Some(deadline) = deadline else {
                self.wake.notified().await;
                continue;
            };
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep_until(deadline) => return Order::Flushed(Ending::Close),
            }
        }
    }

    pub(crate) fn request_began(&self) {
        let mut state = self.state();
        state.in_flight += 1;
        state.requests += 1;
        state.idle_at = None;
        drop(state);
        self.wake.notify_one();
    }

    /// Notes the end of an answer and sets the timers that run from it.
    pub(crate) fn request_ended(&self, keep_alive: &KeepAlive, head: bool) {
        let now = Instant::now();
        let mut state = self.state();
        state.in_flight -= 1;
        if state.in_flight == 0 {
            state.idle_at = keep_alive.idle.map(|idle| now + idle);
        }
        let after_head = if head { keep_alive.after_head } else { None };
        let after = [keep_alive.after_response, after_head].into_iter().flatten().min();
        if let Some(after) = after {
            state.close_at = Some(now + after);
        }
        let used_up = keep_alive.max_requests.is_some_and(|most| state.requests >= most);
        drop(state);
        self.wake.notify_one();
        if used_up {
            self.end(Order::Flushed(Ending::Close));
        }
    }

    /// Makes the socket end with a RST when it is dropped.
    pub(crate) fn reset_on_drop(&self) {
        self.reset.store(true, Ordering::Relaxed);
    }

    /// From now on nothing comes through, in either direction, and nobody is told.
    pub(crate) fn lose(&self) {
        self.lost.store(true, Ordering::Relaxed);
    }

    fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// Has these bytes written before whatever is written next.
    pub(crate) fn write_first(&self, bytes: Bytes) {
        *self.preface.lock().unwrap_or_else(PoisonError::into_inner) = bytes;
    }
}

/// The socket of a link.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    link: std::sync::Arc<Link>,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream, link: std::sync::Arc<Link>) -> Self {
        Self { stream, link }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.link.reset.load(Ordering::Relaxed) {
            // Fails only when the peer closed first, and then there is nothing left to reset.
            drop(self.stream.set_zero_linger());
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        loop {
            let before = buf.filled().len();
            ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
            if buf.filled().len() == before || !self.link.is_lost() {
                return Poll::Ready(Ok(()));
            }
            buf.set_filled(before);
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let link = self.link.clone();
        if link.is_lost() {
            return Poll::Ready(Ok(buf.len()));
        }
        let mut preface = link.preface.lock().unwrap_or_else(PoisonError::into_inner);
        while preface.has_remaining() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &preface))?;
            preface.advance(written);
        }
        drop(preface);
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
