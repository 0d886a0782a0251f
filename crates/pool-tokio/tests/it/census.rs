//! A count of sockets that cannot err in our favour: a server that looks, at each accept, which of its sockets are still open.
//!
//! A FIN on loopback has arrived when `close` returns, so a socket that we closed before we connected the next is not counted.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use pool_tokio::pool_core::Outcome;
use pool_tokio::pool_http::{HttpConnection, Request};
use pool_tokio::{DirectBackend, TransportConfig};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::support::*;

/// Answers every request with its path; a path with `slow` in it never.
struct Census {
    address: SocketAddr,
    most: Arc<AtomicUsize>,
}

impl Census {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let most = Arc::new(AtomicUsize::new(0));
        let seen = most.clone();
        thread::spawn(move || {
            let mut open: Vec<TcpStream> = Vec::new();
            for socket in listener.incoming().map_while(Result::ok) {
                open.retain(is_open);
                open.push(socket.try_clone().unwrap());
                seen.fetch_max(open.len(), Ordering::Relaxed);
                thread::spawn(move || serve(socket));
            }
        });
        Census { address, most }
    }
}

/// Whether the peer has neither closed nor reset, also when it has sent something before that was not read yet.
fn is_open(socket: &TcpStream) -> bool {
    let over = PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR;
    let mut polled = [PollFd::new(socket, PollFlags::RDHUP)];
    poll(&mut polled, Some(&Timespec::default())).unwrap();
    !polled[0].revents().intersects(over)
}

fn serve(mut socket: TcpStream) {
    let (mut head, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = socket.read(&mut buffer) {
        head.extend_from_slice(&buffer[..length]);
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        let text = String::from_utf8(std::mem::take(&mut head)).unwrap();
        let path = text.split(' ').nth(1).unwrap();
        if !path.contains("slow") {
            let _ = write!(socket, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{path}", path.len());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_are_never_more_sockets_than_allowed_whatever_happens_to_them() {
    let census = Census::start();
    let config = TransportConfig::new(base(&format!("http://{}", census.address)));
    let pool = DirectBackend::new(config).unwrap().open(at_most(4)).unwrap();
    let ask = |path: String| Request::new(http::Method::GET, path.parse().unwrap(), "test");
    let work = (0..24).map(|task| {
        let pool = &pool;
        async move {
            for round in 0..40 {
                let mut lease = pool.acquire().await.unwrap();
                match (task + round) % 4 {
                    0 => lease.release(Outcome::BROKEN),
                    1 => {
                        let slow = ask("/slow".into());
                        let limits =
                            pool_tokio::pool_http::Limits::within(std::time::Duration::from_millis(2));
                        assert!(lease.send(slow, limits).await.is_err());
                    }
                    _ => {
                        let path = format!("/{task}/{round}");
                        let answer = send(&mut *lease, ask(path.clone())).await.unwrap();
                        assert_eq!(answer.body, path, "somebody else's answer");
                    }
                }
            }
        }
    });
    futures::future::join_all(work).await;
    let most = census.most.load(Ordering::Relaxed);
    assert!((1..=4).contains(&most), "{most} sockets at once");
    assert!(pool.stats().opened > 100, "there was no churn");
}
