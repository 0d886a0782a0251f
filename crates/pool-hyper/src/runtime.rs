//! What an adapter brings: sockets, TLS over them, timers, tasks, and threads that may block. Nothing here decides anything.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hyper::rt::{Read, Write};

use crate::tls::{Agreed, Tls};

/// A runtime's half of a transport.
pub trait Runtime: Clone + Send + Sync + Unpin + 'static {
    /// A connected socket.
    type Tcp: Send;
    /// The same, as hyper reads and writes it.
    type Plain: Read + Write + Send + Unpin + 'static;
    /// The same with TLS over it.
    type Encrypted: Read + Write + Send + Unpin + 'static;

    /// Connects. Dropping the future closes the socket.
    fn connect(&self, to: SocketAddr) -> impl Future<Output = io::Result<Self::Tcp>> + Send;

    /// Our end of the socket and the peer's, after it was told to send small writes at once (`TCP_NODELAY`).
    ///
    /// # Errors
    ///
    /// Those of the system, when the peer is gone already, for one.
    fn prepare(tcp: &Self::Tcp) -> io::Result<(SocketAddr, SocketAddr)>;

    /// The socket as it is.
    fn plain(tcp: Self::Tcp) -> Self::Plain;

    /// Whether the peer has closed its end, as the system knows it now, which may be before the runtime hears of it:
    /// [`peer_has_closed`](crate::peer_has_closed), of the socket within.
    fn plain_is_closed(stream: &Self::Plain) -> bool;

    /// The same of the socket under TLS.
    fn encrypted_is_closed(stream: &Self::Encrypted) -> bool;

    /// Sets up TLS. Dropping the future closes the socket.
    fn encrypt(
        &self,
        tls: &Tls,
        tcp: Self::Tcp,
    ) -> impl Future<Output = io::Result<(Self::Encrypted, Agreed)>> + Send;

    /// Runs `task` to its end, whoever else is gone. Called while connecting, and by hyper while a connection is driven.
    fn detach(&self, task: impl Future<Output = ()> + Send + 'static);

    /// Runs `work`, which may block, where it holds up nobody.
    fn unblock<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> impl Future<Output = io::Result<T>> + Send;

    /// Ends after `duration`.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;

    /// What time it is, by the clock that [`sleep`](Runtime::sleep) follows.
    fn now() -> Instant;
}
