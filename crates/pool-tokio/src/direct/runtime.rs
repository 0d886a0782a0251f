//! tokio's half of the transport: its sockets, its timers, its tasks, its threads that may block.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hyper_util::rt::TokioIo;
use pool_hyper::{Agreed, Runtime, Tls, peer_has_closed};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The runtime that is current when it is asked for something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tokio;

impl Runtime for Tokio {
    type Tcp = TcpStream;
    type Plain = TokioIo<TcpStream>;
    type Encrypted = TokioIo<TlsStream<TcpStream>>;

    fn connect(&self, to: SocketAddr) -> impl Future<Output = io::Result<TcpStream>> + Send {
        TcpStream::connect(to)
    }

    fn prepare(tcp: &TcpStream) -> io::Result<(SocketAddr, SocketAddr)> {
        tcp.set_nodelay(true)?;
        Ok((tcp.local_addr()?, tcp.peer_addr()?))
    }

    fn plain(tcp: TcpStream) -> Self::Plain {
        TokioIo::new(tcp)
    }

    fn plain_is_closed(stream: &Self::Plain) -> bool {
        peer_has_closed(stream.inner())
    }

    fn encrypted_is_closed(stream: &Self::Encrypted) -> bool {
        peer_has_closed(stream.inner().get_ref().0)
    }

    async fn encrypt(&self, tls: &Tls, tcp: TcpStream) -> io::Result<(Self::Encrypted, Agreed)> {
        let stream = TlsConnector::from(tls.config.clone()).connect(tls.name.clone(), tcp).await?;
        let agreed = Agreed::from(stream.get_ref().1);
        Ok((TokioIo::new(stream), agreed))
    }

    fn detach(&self, task: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(task);
    }

    async fn unblock<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        tokio::task::spawn_blocking(work).await?
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(duration)
    }

    fn now() -> Instant {
        tokio::time::Instant::now().into_std()
    }
}
