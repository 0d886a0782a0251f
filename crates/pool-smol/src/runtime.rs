//! smol's half of the transport: its sockets, its timers, its threads that may block; and the tasks, wherever they were told to run.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_rustls::TlsConnector;
use futures_rustls::client::TlsStream;
use pool_hyper::{Agreed, Runtime, Tls, peer_has_closed};
use smol::Timer;
use smol::net::TcpStream;

use crate::io::Io;
use crate::spawner::Spawner;

/// smol's reactor, and an executor.
#[derive(Clone, Debug, Default)]
pub(crate) struct Smol {
    pub(crate) spawner: Spawner,
}

impl Runtime for Smol {
    type Tcp = TcpStream;
    type Plain = Io<TcpStream>;
    type Encrypted = Io<TlsStream<TcpStream>>;

    fn connect(&self, to: SocketAddr) -> impl Future<Output = io::Result<TcpStream>> + Send {
        TcpStream::connect(to)
    }

    fn prepare(tcp: &TcpStream) -> io::Result<(SocketAddr, SocketAddr)> {
        tcp.set_nodelay(true)?;
        Ok((tcp.local_addr()?, tcp.peer_addr()?))
    }

    fn plain(tcp: TcpStream) -> Self::Plain {
        Io::new(tcp)
    }

    fn plain_is_closed(stream: &Self::Plain) -> bool {
        peer_has_closed(stream.get_ref())
    }

    fn encrypted_is_closed(stream: &Self::Encrypted) -> bool {
        peer_has_closed(stream.get_ref().get_ref().0)
    }

    async fn encrypt(&self, tls: &Tls, tcp: TcpStream) -> io::Result<(Self::Encrypted, Agreed)> {
        let stream = TlsConnector::from(tls.config.clone()).connect(tls.name.clone(), tcp).await?;
        let agreed = Agreed::from(stream.get_ref().1);
        Ok((Io::new(stream), agreed))
    }

    fn detach(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.spawner.detach(task);
    }

    fn unblock<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> impl Future<Output = io::Result<T>> + Send {
        smol::unblock(work)
    }

    async fn sleep(&self, duration: Duration) {
        Timer::after(duration).await;
    }

    fn now() -> Instant {
        Instant::now()
    }
}
