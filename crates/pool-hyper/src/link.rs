//! One physical connection: its sender, the tasks behind it, and what it has told the pool.
//!
//! Rules: exactly one attempt of each request, on exactly this connection; what hyper hands back, or the socket took no byte of,
//! was never sent; what might not be sent twice is not put on a socket that the peer has closed; nothing that was noticed is kept from the pool, and nothing is reported twice.

use std::fmt;
use std::future::{Future, poll_fn};
use std::mem;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use futures::future::{Either, select};
use http::{HeaderMap, Request, Response, StatusCode, Version, header};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use pool_async::Reporter;
use pool_http::{Base, Phase, TransportError, TransportErrorKind, keep_alive};

use crate::body::RequestBody;
use crate::classify::classify;
use crate::dial::Dialled;
use crate::info::Info;
use crate::runtime::Runtime;
use crate::socket::{Signal, Socket};
use crate::tasks::Tasks;
use crate::upload::Leaving;
use crate::usage::{Flight, Usage};

/// One physical connection, over which bodies of type `B` are sent.
///
/// Dropped, it is closed: at once, if anything is under way on it.
pub struct Link<R, B> {
    pub(crate) runtime: R,
    pub(crate) base: Arc<Base>,
    pub(crate) info: Info,
    pub(crate) usage: Arc<Usage>,
    /// Gone when the connection is being closed.
    sender: Mutex<Option<Sender<B>>>,
    signal: Arc<Signal>,
    tasks: Tasks,
    /// The last `Keep-Alive: timeout` that was reported, in seconds.
    kept_alive: AtomicU64,
    /// Whether it may carry several leases.
    shared: bool,
    /// For how long, twice, a sign of life is waited for.
    patience: Duration,
}

/// The shortest time that the peer has for a sign of life, twice: long enough for the ping, and for the first repetition of a lost packet.
const PATIENCE: Duration = Duration::from_millis(250);

enum Sender<B> {
    Http1(http1::SendRequest<Leaving<B>>),
    Http2(http2::SendRequest<Leaving<B>>),
}

type Sent<B> = Result<Response<Incoming>, TrySendError<Request<Leaving<B>>>>;

impl<R: Runtime, B: RequestBody> Link<R, B> {
    /// Begins HTTP on a socket. Over HTTP/2 with `streams_max`, the connection may carry that many leases; the second value is how many
    /// the peer allows of these.
    pub(crate) async fn open(
        runtime: &R,
        base: Arc<Base>,
        dialled: Dialled<R>,
        reporter: Reporter,
        streams_max: Option<u32>,
    ) -> Result<(Self, u32), TransportError> {
        let Dialled { stream, local, remote, http2, tls } = dialled;
        let signal = Signal::new(reporter);
        let socket = Socket::new(stream, Arc::clone(&signal));
        let shared = http2 && streams_max.is_some();
        let (sender, tasks, leases_max) = if http2 {
            let begun = crate::http2::handshake(runtime, socket, Arc::clone(&signal), streams_max).await;
            let (sender, tasks, peer) = begun?;
            (Sender::Http2(sender), tasks, streams_max.map_or(1, |most| most.min(peer)))
        } else {
            let begun = http1::handshake(socket).await;
            let (sender, connection) = begun.map_err(|error| classify(error, Phase::Connect))?;
            let mut tasks = Tasks::default();
            tasks.spawn(runtime, async move {
                // How it ended is told to whoever waits for an answer; that it ended, by the socket.
                let _ = connection.await;
            });
            (Sender::Http1(sender), tasks, 1)
        };
        let version = if http2 { Version::HTTP_2 } else { Version::HTTP_11 };
        let link = Link {
            runtime: runtime.clone(),
            base,
            info: Info { version, local, remote, tls },
            usage: Usage::new(shared, R::now),
            sender: Mutex::new(Some(sender)),
            signal,
            tasks,
            kept_alive: AtomicU64::new(0),
            shared,
            patience: PATIENCE,
        };
        Ok((link, leases_max))
    }

    /// Where it leads.
    pub fn base(&self) -> &Base {
        &self.base
    }

    /// The socket and what is spoken over it.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// How long it took to open it: several round trips. A sign of life of a peer that is far away is waited for longer.
    pub(crate) fn took(&mut self, time: Duration) {
        self.patience = PATIENCE.max(time.saturating_mul(2));
    }

    /// Whether the peer is there: whatever comes from it shows that, and over HTTP/2 it is pinged when nothing else comes (`http2`).
    /// Twice it has its time, the second time counted from the end of the first, as this program saw it: one that was held up itself
    /// must not blame its peer for what it had no time to read.
    pub(crate) async fn lives(&self) -> Result<(), TransportError> {
        /// Dropped in between, the pool has had no patience for the rest.
        struct Silence<'s>(&'s Signal);
        impl Drop for Silence<'_> {
            fn drop(&mut self) {
                self.0.give_up();
            }
        }
        let unheard = Silence(&self.signal);
        let mut heard = pin!(self.signal.heard());
        for _ in 0..2 {
            let silence = self.runtime.sleep(self.patience);
            if let Either::Left(_) = select(heard.as_mut(), pin!(silence)).await {
                mem::forget(unheard);
                return Ok(());
            }
        }
        Err(TransportError::new(Phase::Sent, TransportErrorKind::Dead))
    }

    /// `error`, unless it came about because the pool had found the connection dead: then that.
    pub(crate) fn explain(&self, error: TransportError) -> TransportError {
        if self.signal.is_given_up() {
            return TransportError::new(error.phase(), TransportErrorKind::Dead).with_source(error);
        }
        error
    }

    /// Whether it may carry several leases.
    pub fn is_shared(&self) -> bool {
        self.shared
    }

    /// Whether no further request may be put on it.
    pub fn is_broken(&self) -> bool {
        self.signal.is_closed() || self.usage.is_dirty()
    }

    /// Sends `request`, which `flight` stands for, and waits for the head of the answer.
    pub(crate) async fn send(
        &self,
        request: Request<B>,
        flight: &mut Flight,
    ) -> Result<Response<Incoming>, TransportError> {
        let ready = self.ready().await;
        if self.info.version < Version::HTTP_2 && !request.method().is_safe() {
            self.signal.look_first();
        }
        let written = self.signal.written();
        let request = if self.shared {
            Leaving::unwatched(request)
        } else {
            let (request, upload) = Leaving::watched(request, &self.signal);
            flight.sends(upload);
            request
        };
        let sent = match ready.and_then(|()| self.hand_over(request)) {
            Ok(sent) => self.answered(sent).await,
            Err(error) => return Err(flight.blame(error)),
        };
        match sent {
            Ok(response) => {
                self.hear(&response);
                Ok(response)
            }
            Err(error) => {
                let unsent = error.message().is_some() || self.signal.written() == written;
                let phase = if unsent { Phase::NotSent } else { Phase::Sent };
                Err(flight.blame(self.explain(classify(error.into_error(), phase))))
            }
        }
    }

    /// Waits until hyper has put the previous exchange away; the connection is idle, but its task may not have run since.
    async fn ready(&self) -> Result<(), TransportError> {
        poll_fn(|cx| match self.sender().as_mut() {
            Some(Sender::Http1(sender)) => sender.poll_ready(cx),
            Some(Sender::Http2(sender)) => sender.poll_ready(cx),
            // Closing: found out when it is handed over.
            None => Poll::Ready(Ok(())),
        })
        .await
        .map_err(|error| classify(error, Phase::NotSent))
    }

    fn hand_over(
        &self,
        request: Request<Leaving<B>>,
    ) -> Result<impl Future<Output = Sent<B>> + use<R, B>, TransportError> {
        match self.sender().as_mut() {
            Some(Sender::Http1(sender)) => Ok(Either::Left(sender.try_send_request(request))),
            Some(Sender::Http2(sender)) => Ok(Either::Right(sender.try_send_request(request))),
            None => Err(TransportError::new(Phase::NotSent, TransportErrorKind::Closed)),
        }
    }

    /// Waits for the head, but no longer than there is a connection.
    ///
    /// hyper's queue may take a request in at the very moment at which its reader goes away, and then keeps it for as long as there
    /// is a sender. Without one it hands it back.
    async fn answered(&self, sent: impl Future<Output = Sent<B>>) -> Sent<B> {
        match select(pin!(sent), pin!(self.signal.closed())).await {
            Either::Left((sent, _)) => sent,
            Either::Right(((), sent)) => {
                drop(self.sender().take());
                sent.await
            }
        }
    }

    /// Passes on what the head of an answer says about the connection.
    fn hear(&self, answer: &Response<Incoming>) {
        self.progress();
        if says_close(answer.version(), answer.headers()) || ends_with_it(answer) || is_no_longer_http(answer)
        {
            self.signal.reporter.retiring();
        }
        if let Some(timeout) = keep_alive::timeout(answer.headers())
            && self.kept_alive.swap(timeout.as_secs(), Ordering::Relaxed) != timeout.as_secs()
        {
            self.signal.reporter.keep_alive(timeout);
        }
    }

    /// Something came back.
    pub(crate) fn progress(&self) {
        if self.shared {
            self.signal.reporter.progress();
        }
    }

    /// Closes it, in good manners unless it is out of step or found dead, and ends when the socket is closed.
    pub async fn close(&self) {
        // Without its sender, hyper says good-bye (TLS and HTTP/2 have a word for it) and closes.
        drop(self.sender().take());
        if self.usage.is_dirty() || self.signal.is_given_up() {
            self.tasks.abort();
        }
        self.signal.closed().await;
    }

    fn sender(&self) -> MutexGuard<'_, Option<Sender<B>>> {
        // Only moves happen under this lock: after a panic elsewhere the sender is what it was.
        self.sender.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the peer closes the connection after this answer.
fn says_close(version: Version, headers: &HeaderMap) -> bool {
    let says = |wanted: &str| {
        let values = headers.get_all(header::CONNECTION).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|token| token.trim().eq_ignore_ascii_case(wanted))
    };
    says("close") || (version == Version::HTTP_10 && !says("keep-alive"))
}

/// Whether the end of the connection is what ends the body: it has neither a length nor chunks.
fn ends_with_it(answer: &Response<Incoming>) -> bool {
    let http1 = answer.version() < Version::HTTP_2;
    http1
        && answer.body().size_hint().exact().is_none()
        && !answer.headers().contains_key(header::TRANSFER_ENCODING)
}

/// Whether what follows this answer is another protocol.
fn is_no_longer_http(answer: &Response<Incoming>) -> bool {
    answer.status() == StatusCode::SWITCHING_PROTOCOLS
}

impl<R, B> fmt::Debug for Link<R, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("info", &self.info).field("usage", &self.usage).finish_non_exhaustive()
    }
}
