//! The server thread: its own runtime, the listener that opens and closes on one port, the tasks of the connections.
//!
//! Rules: the port stays the same for the life of the simulator; when the thread ends, its runtime goes with every
//! task and every socket.

use std::net::SocketAddr;
use std::sync::{Arc, mpsc as std_mpsc};
use std::thread::JoinHandle;
use std::{io, thread};

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime;
use tokio::sync::mpsc;

use crate::connection;
use crate::shared::Shared;

/// Connections that wait in the kernel to be accepted.
const BACKLOG: u32 = 1024;

/// Which versions of HTTP are spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocols {
    /// HTTP/1.1 and HTTP/2: by ALPN over TLS, by the first bytes without.
    #[default]
    Both,
    /// Only HTTP/1.1.
    Http1,
    /// Only HTTP/2.
    Http2,
}

/// What lies between the socket and HTTP.
pub(crate) struct Transport {
    pub(crate) protocols: Protocols,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<tokio_rustls::TlsAcceptor>,
}

#[cfg(feature = "tls")]
type Acceptor = tokio_rustls::TlsAcceptor;
#[cfg(not(feature = "tls"))]
type Acceptor = std::convert::Infallible;

impl Transport {
    pub(crate) fn protocols(&self) -> Protocols {
        self.protocols
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.acceptor().is_some()
    }

    pub(crate) fn acceptor(&self) -> Option<&Acceptor> {
        #[cfg(feature = "tls")]
        return self.tls.as_ref();
        #[cfg(not(feature = "tls"))]
        return None;
    }
}

/// What the handle tells the thread.
enum Command {
    Refuse(std_mpsc::SyncSender<io::Result<()>>),
    Listen(std_mpsc::SyncSender<io::Result<()>>),
}

/// The thread, seen from the handle. Dropping it stops the thread and waits for it.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    commands: Option<mpsc::UnboundedSender<Command>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(shared: Arc<Shared>, transport: Transport, port: u16) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        // Entered, not blocked on: the caller may be on a runtime of its own.
        let listener = {
            let _entered = runtime.enter();
            listen(SocketAddr::from(([127, 0, 0, 1], port)))?
        };
        let address = listener.local_addr()?;
        let (commands, receiver) = mpsc::unbounded_channel();
        let thread = thread::Builder::new().name("supabase-sim".to_owned()).spawn(move || {
            runtime.block_on(accept_loop(shared, Arc::new(transport), listener, address, receiver));
        })?;
        Ok(Self { address, commands: Some(commands), thread: Some(thread) })
    }

    /// Closes the listener: who connects from now on is refused.
    pub(crate) fn refuse(&self) -> io::Result<()> {
        self.command(Command::Refuse)
    }

    /// Opens the listener again, on the same port.
    pub(crate) fn listen(&self) -> io::Result<()> {
        self.command(Command::Listen)
    }

    fn command(&self, make: impl FnOnce(std_mpsc::SyncSender<io::Result<()>>) -> Command) -> io::Result<()> {
        let gone = || io::Error::other("the simulator's thread has ended; start another simulator");
        let (done, wait) = std_mpsc::sync_channel(1);
        let commands = self.commands.as_ref().ok_or_else(gone)?;
        commands.send(make(done)).map_err(|_| gone())?;
        wait.recv().map_err(|_| gone())?
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            // The thread's panic was reported on its own; a second one in a destructor would only abort.
            drop(thread.join());
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // The sockets of the listener before may linger; the port must open again all the same.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn accept_loop(
    shared: Arc<Shared>,
    transport: Arc<Transport>,
    listener: TcpListener,
    address: SocketAddr,
    mut commands: mpsc::UnboundedReceiver<Command>,
) {
    let mut listener = Some(listener);
    loop {
        tokio::select! {
            biased;
            command = commands.recv() => match command {
                None => return,
                Some(Command::Refuse(done)) => {
                    listener = None;
                    // Nobody waits when the handle was dropped meanwhile.
                    drop(done.send(Ok(())));
                }
                Some(Command::Listen(done)) => {
                    let opened = if listener.is_some() { Ok(()) } else { listen(address).map(|new| listener = Some(new)) };
                    drop(done.send(opened));
                }
            },
            stream = accept(listener.as_ref()) => {
                // Without this, small answers would wait for the client's delayed acknowledgement.
                drop(stream.set_nodelay(true));
                // Here and not in the task: what was accepted must be there for the next command.
                let link = shared.open_link(transport.is_tls());
                tokio::spawn(connection::serve(shared.clone(), transport.clone(), link, stream));
            }
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> TcpStream {
    let Some(listener) = listener else { return std::future::pending().await };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // Out of descriptors, or a client that gave up in the queue: others are still to be served.
            Err(_) => tokio::task::yield_now().await,
        }
    }
}
