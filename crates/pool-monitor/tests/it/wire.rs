//! Sockets in memory, clients that use and misuse them, and hyper's timer on the clock of the test.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures::channel::mpsc;
use hyper::rt::{Read, ReadBufCursor, Sleep, Timer, Write};
use pool_async::{Clock, ManualClock};

use crate::world::World;

/// Bytes on their way in one direction.
#[derive(Default)]
struct Pipe {
    bytes: VecDeque<u8>,
    room: usize,
    is_closed: bool,
    waiting: Vec<Waker>,
}

type Shared = Rc<RefCell<Pipe>>;

fn pipe(room: usize) -> Shared {
    Rc::new(RefCell::new(Pipe { room, ..Pipe::default() }))
}

fn change<R>(pipe: &Shared, change: impl FnOnce(&mut Pipe) -> R) -> R {
    let mut pipe = pipe.borrow_mut();
    let result = change(&mut pipe);
    let waiting = std::mem::take(&mut pipe.waiting);
    drop(pipe);
    waiting.into_iter().for_each(Waker::wake);
    result
}

/// The server's end of a socket.
pub(crate) struct Socket {
    up: Shared,
    down: Shared,
}

/// The client's end; dropped, it hangs up.
pub(crate) struct Client {
    up: Shared,
    down: Shared,
}

/// An answer as it was on the wire.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Client {
    pub(crate) fn send(&self, text: &str) {
        change(&self.up, |up| up.bytes.extend(text.as_bytes()));
    }

    /// Whether the server has hung up.
    pub(crate) fn is_cut(&self) -> bool {
        self.down.borrow().is_closed
    }

    /// The next answer, if it has come.
    pub(crate) fn answer(&self) -> Option<Answer> {
        self.read(true)
    }

    /// The same to a request for its head only.
    pub(crate) fn head(&self) -> Option<Answer> {
        self.read(false)
    }

    fn read(&self, has_body: bool) -> Option<Answer> {
        change(&self.down, |down| {
            let text = String::from_utf8(down.bytes.iter().copied().collect()).unwrap();
            let (head, rest) = text.split_once("\r\n\r\n")?;
            let field = |name: &str| {
                head.lines()
                    .find_map(|line| line.to_lowercase().strip_prefix(name)?.trim().parse::<usize>().ok())
            };
            let length = if has_body { field("content-length:").unwrap_or(0) } else { 0 };
            let body = rest.get(..length)?.to_owned();
            let status = head.split(' ').nth(1)?.parse().unwrap();
            down.bytes.drain(..head.len() + 4 + length);
            Some(Answer { status, head: head.to_owned(), body })
        })
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        for pipe in [&self.up, &self.down] {
            change(pipe, |pipe| pipe.is_closed = true);
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        change(&self.down, |down| down.is_closed = true);
    }
}

impl Read for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut up = self.up.borrow_mut();
        if up.bytes.is_empty() && !up.is_closed {
            up.waiting.push(cx.waker().clone());
            return Poll::Pending;
        }
        let size = up.bytes.len().min(buf.remaining());
        let bytes: Vec<u8> = up.bytes.drain(..size).collect();
        buf.put_slice(&bytes);
        Poll::Ready(Ok(()))
    }
}

impl Write for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut down = self.down.borrow_mut();
        if down.is_closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let size = bytes.len().min(down.room - down.bytes.len());
        if size == 0 {
            down.waiting.push(cx.waker().clone());
            return Poll::Pending;
        }
        down.bytes.extend(&bytes[..size]);
        Poll::Ready(Ok(size))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        change(&self.down, |down| down.is_closed = true);
        Poll::Ready(Ok(()))
    }
}

/// hyper's timer on a clock that is moved by hand.
#[derive(Clone)]
pub(crate) struct ManualTimer {
    clock: ManualClock,
    began: Instant,
}

struct Slept(Pin<Box<dyn Future<Output = ()> + Send + Sync>>);

impl Future for Slept {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl Sleep for Slept {}

impl Timer for ManualTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        let clock = self.clock.clone();
        let until = clock.now() + duration;
        Box::pin(Slept(Box::pin(async move { clock.sleep(until.since(clock.now())).await })))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.sleep(deadline.saturating_duration_since(self.now()))
    }

    fn now(&self) -> Instant {
        self.began + self.clock.now().since(pool_async::pool_core::Time::ZERO)
    }
}

/// A listener in memory.
pub(crate) struct Listener(mpsc::UnboundedSender<io::Result<Socket>>);

impl Listener {
    /// The listener, and what comes in at it.
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<io::Result<Socket>>) {
        let (send, incoming) = mpsc::unbounded();
        (Listener(send), incoming)
    }

    pub(crate) fn connect(&self) -> Client {
        self.connect_with(usize::MAX)
    }

    /// A client that takes so many bytes before it must read.
    pub(crate) fn connect_with(&self, room: usize) -> Client {
        let (up, down) = (pipe(usize::MAX), pipe(room));
        let client = Client { up: Rc::clone(&up), down: Rc::clone(&down) };
        self.0.unbounded_send(Ok(Socket { up, down })).unwrap();
        client
    }

    pub(crate) fn fail(&self) {
        self.0.unbounded_send(Err(io::ErrorKind::Other.into())).unwrap();
    }
}

impl World {
    pub(crate) fn timer(&self) -> ManualTimer {
        ManualTimer { clock: self.clock.clone(), began: Instant::now() }
    }
}
