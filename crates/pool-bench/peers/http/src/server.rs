//! The server of the measurements: this program once more, as a process of its own, so that what it costs is not counted with its
//! clients. It answers `GET /MICROSECONDS` with 1 KiB after that time.
//!
//! Rules: loopback only; it ends with its parent, whose end of its standard input it reads; a wait is as long as was asked for, which
//! tokio's timer, with its milliseconds, would not give: so it runs on smol.

use std::convert::Infallible;
use std::future::Future;
use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use smol::Timer;
use smol::net::{TcpListener, TcpStream};
use smol_hyper::rt::FuturesIo;

use ground::runtime::{Runtime, Smol};

/// The length of every answer.
pub const BODY: usize = 1024;

/// Streams that an HTTP/2 connection may have open at once: as Go's servers allow.
pub const STREAMS: u32 = 250;

/// The same, where the peer is one of those that allow few.
pub const FEW_STREAMS: u32 = 100;

/// Connections that wait in the kernel to be accepted: more than any contender opens at once.
const BACKLOG: i32 = 4096;

static ANSWER: [u8; BODY] = [b'x'; BODY];

/// What a listener speaks.
#[derive(Clone, Copy)]
enum Speaks {
    Http1,
    /// With so many streams at most.
    Http2(u32),
}

/// The process.
pub struct Server {
    child: Child,
    /// Kept open: its end tells the process to end.
    _alive: ChildStdin,
    pub http1: SocketAddr,
    pub http2: SocketAddr,
    /// HTTP/2 with few streams.
    pub narrow: SocketAddr,
}

impl Server {
    pub fn start() -> io::Result<Server> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = command.arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(alive), Some(told)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("a child without pipes"));
        };
        let mut lines = BufReader::new(told).lines();
        let mut address = || -> io::Result<SocketAddr> {
            let line =
                lines.next().ok_or_else(|| io::Error::other("the server ended before it listened"))??;
            line.parse().map_err(|_| io::Error::other(format!("the server said {line:?}, not an address")))
        };
        let (http1, http2, narrow) = (address()?, address()?, address()?);
        Ok(Server { child, _alive: alive, http1, http2, narrow })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already; then there is nothing left to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The process's own main function: prints its addresses, and serves until its parent is gone.
pub fn serve() -> io::Result<()> {
    for speaks in [Speaks::Http1, Speaks::Http2(STREAMS), Speaks::Http2(FEW_STREAMS)] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        // Once more, with a longer queue than the standard library asks for.
        rustix::net::listen(&listener, BACKLOG)?;
        println!("{}", listener.local_addr()?);
        let listener = TcpListener::try_from(listener)?;
        Smol::detach(async move {
            while let Ok((stream, _)) = listener.accept().await {
                Smol::detach(async move {
                    // How a connection ended, its client knows.
                    let _ = connection(stream, speaks).await;
                });
            }
        });
    }
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

async fn connection(stream: TcpStream, speaks: Speaks) -> Result<(), Box<dyn std::error::Error>> {
    stream.set_nodelay(true)?;
    let stream = FuturesIo::new(stream);
    match speaks {
        Speaks::Http1 => http1::Builder::new().serve_connection(stream, service_fn(answer)).await?,
        Speaks::Http2(streams) => {
            let mut builder = http2::Builder::new(Tasks);
            builder.max_concurrent_streams(streams);
            builder.serve_connection(stream, service_fn(answer)).await?;
        }
    }
    Ok(())
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let Ok(micros) = request.uri().path().trim_start_matches('/').parse() else {
        let mut answer = Response::new(Full::default());
        *answer.status_mut() = StatusCode::NOT_FOUND;
        return Ok(answer);
    };
    if micros > 0 {
        Timer::after(Duration::from_micros(micros)).await;
    }
    Ok(Response::new(Full::new(Bytes::from_static(&ANSWER))))
}

/// Where hyper's tasks run.
#[derive(Clone)]
struct Tasks;

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Tasks {
    fn execute(&self, task: F) {
        Smol::detach(task);
    }
}
