//! A relay for bytes between clients and a server, which can lose connections without a word, as a router does that has forgotten them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Dropped, it ends with all of its connections.
pub struct Relay {
    pub address: SocketAddr,
    counts: Arc<Counts>,
    _tasks: JoinSet<()>,
}

/// Connections are numbered as they come.
#[derive(Default)]
struct Counts {
    accepted: AtomicUsize,
    /// Those before this number are lost: what they bring is taken and goes nowhere.
    lost: AtomicUsize,
}

impl Relay {
    pub async fn start(to: SocketAddr) -> io::Result<Relay> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, counts) = (listener.local_addr()?, Arc::<Counts>::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, to, Arc::clone(&counts)));
        Ok(Relay { address, counts, _tasks: tasks })
    }

    /// Loses the first `count` connections of those that there have been; the ones after them are served.
    pub fn lose(&self, count: usize) {
        self.counts.lost.store(count.min(self.connections()), Ordering::Relaxed);
    }

    /// How many there have been.
    pub fn connections(&self) -> usize {
        self.counts.accepted.load(Ordering::Relaxed)
    }
}

async fn accept(listener: TcpListener, to: SocketAddr, counts: Arc<Counts>) {
    let mut open = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let number = counts.accepted.fetch_add(1, Ordering::Relaxed);
        open.spawn(connection(client, to, number, Arc::clone(&counts)));
    }
}

async fn connection(client: TcpStream, to: SocketAddr, number: usize, counts: Arc<Counts>) {
    let Ok(server) = TcpStream::connect(to).await else { return };
    if client.set_nodelay(true).is_err() || server.set_nodelay(true).is_err() {
        return;
    }
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    // When one way ends, the other does too: both sockets are closed.
    tokio::select! {
        _ = pass(from_client, to_server, number, &counts) => {}
        _ = pass(from_server, to_client, number, &counts) => {}
    }
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    number: usize,
    counts: &Counts,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 << 10];
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        if number >= counts.lost.load(Ordering::Relaxed) {
            to.write_all(&buffer[..length]).await?;
        }
    }
}
