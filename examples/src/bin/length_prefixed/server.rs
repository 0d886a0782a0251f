//! The other side: a thread per connection, and a count of them.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::wire::check;

/// A server that ends with the process.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    open: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) fn start() -> io::Result<Server> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let server = Server { address: listener.local_addr()?, open: Arc::default(), most: Arc::default() };
        let host = server.clone();
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let host = host.clone();
                thread::spawn(move || host.serve(socket));
            }
        });
        Ok(server)
    }

    /// The most connections that were open at once.
    pub(crate) fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }

    fn serve(&self, mut socket: TcpStream) {
        self.most.fetch_max(self.open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        // An error here is a client that went away.
        let _ = answer_all(&mut socket);
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}

fn answer_all(socket: &mut TcpStream) -> io::Result<()> {
    loop {
        let request = read(socket)?;
        match request.split_once(' ').unwrap_or((&request, "")) {
            ("", _) => write(socket, "+")?,
            ("shout", what) => write(socket, &format!("+{}", what.to_uppercase()))?,
            ("bye", _) => return write(socket, "+bye"),
            ("silence", _) => silence(socket)?,
            (other, _) => write(socket, &format!("-there is no command {other:?}"))?,
        }
    }
}

/// Does not answer until the client has gone.
fn silence(socket: &mut TcpStream) -> io::Result<()> {
    while socket.read(&mut [0; 64])? > 0 {}
    Err(io::ErrorKind::UnexpectedEof.into())
}

fn read(socket: &mut TcpStream) -> io::Result<String> {
    let mut length = [0; 4];
    socket.read_exact(&mut length)?;
    let mut request = vec![0; check(u32::from_be_bytes(length))?];
    socket.read_exact(&mut request)?;
    String::from_utf8(request).map_err(io::Error::other)
}

fn write(socket: &mut TcpStream, answer: &str) -> io::Result<()> {
    socket.write_all(&[&(answer.len() as u32).to_be_bytes(), answer.as_bytes()].concat())
}
