//! What the pool pools: a way to connect, to ask for a sign of life, and to close.
//!
//! Who calls what, and where: `connect`, `probe` and `close` run inside the driver's future, and so do the questions about what they
//! made or met (`label`, `is_broken`, `share`, `classify`); on the task that acquires or gives back run `is_broken`, `share` and
//! `classify`. None of them ever runs under the pool's lock. `share` runs under a lock of its connection's own.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use pool_core::{ConnId, EndpointId, Event, FaultClass, Outcome, Reuse, Sent};

use crate::bell::Bell;
use crate::sync;

/// Something that can be connected to, probed and closed.
///
/// The trait asks for no `Send`, so that connections which stay on one thread can be pooled too. On a runtime with
/// several threads, the pool is `Send + Sync` if the backend is, its connections are `Send`, and its errors are both; the
/// driver's future is `Send` if the three futures below are as well. Write them as `async fn`.
pub trait Backend: 'static {
    /// One connection. With one lease at a time it is moved to the caller and back; see [`share`](Backend::share) for more.
    type Conn: 'static;

    /// Why a connect, a probe or a request failed. The last failed connect is kept, and shared with each caller that goes
    /// without a connection because of it.
    type Error: Error + 'static;

    /// Connects, up to and including the handshake: what counts as open must be able to carry a request.
    ///
    /// The driver drops the future when [`ConnectContext::timeout`] has passed or the pool shuts down; it must then leave nothing behind.
    fn connect(&self, cx: ConnectContext)
    -> impl Future<Output = Result<Connected<Self::Conn>, Self::Error>>;

    /// Asks the peer for a sign of life on this connection, as cheaply as the protocol allows.
    ///
    /// The driver drops the future after [`Config::probe_timeout`](pool_core::Config::probe_timeout) and then closes the connection.
    ///
    /// A [shared](Backend::share) connection is also asked while it is in use, when it has made no progress for a while. Then the question is
    /// whether it lives, not whether it serves: no answer in time, or an error of the class `Connection` that discards it, ends its leases.
    /// A peer that is slow must not be taken for dead: ask in a way that its load cannot hold up, as by HTTP/2's ping.
    fn probe(&self, conn: &mut Self::Conn) -> impl Future<Output = Result<(), Self::Error>>;

    /// Whether the connection is known to be dead, without asking the peer: a flag, a closed channel. Called at each
    /// hand-out and return, so it must be cheap.
    fn is_broken(&self, conn: &Self::Conn) -> bool;

    /// Closes the connection. A shared one that was found dead is closed under its leases: end what they have under way, with an error
    /// that says that it may have been sent. The driver drops the future after [`Config::release_timeout`](pool_core::Config::release_timeout).
    fn close(&self, conn: Self::Conn) -> impl Future<Output = ()>;

    /// Whose fault an error is, whether the connection can go on, and whether the peer may have seen the request.
    fn classify(&self, error: &Self::Error) -> Fault;

    /// A second handle to the same connection, for protocols that carry several requests at once; `None` (the default) for a
    /// connection that cannot be shared.
    ///
    /// Asked once after the connect: a connection that answers `None` carries one lease at a time, whatever
    /// [`Connected::leases_max`] says. Afterwards each lease gets a handle of its own.
    fn share(&self, conn: &Self::Conn) -> Option<Self::Conn> {
        let _ = conn;
        None
    }

    /// A word for people that tells this connection from others: an address, a protocol. Asked once after the connect,
    /// and shown by [`Pool::connections`](crate::Pool::connections); it must not hold a secret.
    fn label(&self, conn: &Self::Conn) -> Option<Arc<str>> {
        let _ = conn;
        None
    }
}

/// What a connect needs to know.
#[derive(Debug)]
#[non_exhaustive]
pub struct ConnectContext {
    /// The name that the connection will have.
    pub conn: ConnId,
    /// Where to connect to.
    pub endpoint: EndpointId,
    /// Connects to this endpoint that have failed in a row before this one.
    pub attempt: u32,
    /// After how long the driver gives up.
    pub timeout: Duration,
    /// How the connection tells the pool what it notices later. Keep it with the connection, or drop it.
    pub reporter: Reporter,
}

/// A connect that succeeded.
#[derive(Debug)]
#[non_exhaustive]
pub struct Connected<T> {
    /// The connection.
    pub conn: T,
    /// How many leases it can carry at once: 1 for HTTP/1.1, the peer's stream limit for HTTP/2.
    pub leases_max: u32,
}

impl<T> Connected<T> {
    /// A connection that carries one lease at a time.
    pub fn exclusive(conn: T) -> Self {
        Connected { conn, leases_max: 1 }
    }

    /// A connection that carries up to `leases_max` leases at once; the backend must [`share`](Backend::share) it.
    pub fn shared(conn: T, leases_max: u32) -> Self {
        Connected { conn, leases_max }
    }
}

/// A failure in the terms that the pool decides by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Fault {
    /// Whose fault it was.
    pub class: FaultClass,
    /// Whether the connection can carry another request.
    pub reuse: Reuse,
    /// Whether the peer can have seen the request. `Maybe` unless said otherwise.
    pub sent: Sent,
    /// The least wait before another try that the peer asked for (`Retry-After`).
    pub after: Option<Duration>,
}

impl Fault {
    /// A fault of which it is not known whether the peer has seen the request.
    pub const fn new(class: FaultClass, reuse: Reuse) -> Self {
        Fault { class, reuse, sent: Sent::Maybe, after: None }
    }

    /// The connection is dead or its stream out of step.
    pub const fn broken() -> Self {
        Fault::new(FaultClass::Connection, Reuse::Discard)
    }

    /// The request is at fault; connection and peer work as they should.
    pub const fn application() -> Self {
        Fault::new(FaultClass::Application, Reuse::Keep)
    }

    /// Says whether the peer can have seen the request.
    #[must_use]
    pub const fn sent(mut self, sent: Sent) -> Self {
        self.sent = sent;
        self
    }

    /// Says how long the peer asked to wait.
    #[must_use]
    pub const fn after(mut self, wait: Duration) -> Self {
        self.after = Some(wait);
        self
    }

    /// The fault as the end of a lease.
    pub const fn outcome(self) -> Outcome {
        Outcome::Failed { class: self.class, reuse: self.reuse }
    }
}

/// How a connection tells the pool what its transport notices. Cheap to clone; never blocks; may be used from any thread, also
/// when the pool is long gone.
#[derive(Clone)]
pub struct Reporter {
    conn: ConnId,
    bell: sync::Arc<Bell>,
}

impl Reporter {
    pub(crate) fn new(conn: ConnId, bell: sync::Arc<Bell>) -> Self {
        Reporter { conn, bell }
    }

    /// The connection that the reports are about.
    pub fn conn(&self) -> ConnId {
        self.conn
    }

    /// The peer has closed the connection, or it was found dead.
    pub fn lost(&self) {
        self.bell.report(Event::Lost { conn: self.conn });
    }

    /// The peer asks for no further requests on it (GOAWAY, `Connection: close`).
    pub fn retiring(&self) {
        self.bell.report(Event::Retiring { conn: self.conn });
    }

    /// Something came back on it: the head or the end of an answer. Only connections that carry several leases need this;
    /// it never wakes the driver.
    pub fn progress(&self) {
        self.bell.note(Event::Progress { conn: self.conn });
    }

    /// The peer has changed how many requests it takes at once.
    pub fn lease_limit(&self, leases_max: u32) {
        self.bell.report(Event::LeaseLimit { conn: self.conn, leases_max });
    }

    /// The peer has said for how long it keeps an idle connection (`Keep-Alive: timeout`).
    pub fn keep_alive(&self, timeout: Duration) {
        self.bell.report(Event::KeepAlive { conn: self.conn, timeout });
    }
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reporter").field("conn", &self.conn).finish_non_exhaustive()
    }
}
