//! Servers that do not speak HTTP as they should, byte by byte.

use pool_tokio::pool_http::{HttpConnection, Limits, Phase, Request, TransportErrorKind as Kind};
use pool_tokio::{PinnedBackend, TransportConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::*;

/// Answers the first request of each connection with `pong` if it is for `/`, else with `bytes`, and then closes.
async fn server(bytes: &'static [u8]) -> TransportConfig {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = vec![0; 4096];
                while let Ok(length @ 1..) = socket.read(&mut head).await {
                    if head[..length].starts_with(b"GET / ") {
                        let pong = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\npong";
                        socket.write_all(pong).await.unwrap();
                    } else {
                        socket.write_all(bytes).await.unwrap();
                        return;
                    }
                }
            });
        }
    });
    TransportConfig::new(base(&url))
}

macro_rules! raw {
    ($module:ident, $backend:ty) => {
        mod $module {
            use super::*;

            #[tokio::test]
            async fn what_is_not_http_is_classified_by_what_it_is() {
                let table: &[(&'static [u8], Phase, Kind)] = &[
                    (b"", Phase::Sent, Kind::Closed),
                    (b"HTTP/1.1 200 OK\r\ncontent-le", Phase::Sent, Kind::Closed),
                    (b"what is this?\r\n\r\n", Phase::Sent, Kind::Protocol),
                    (b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", Phase::Sent, Kind::Protocol),
                    (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", Phase::Body, Kind::Truncated),
                    (
                        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhalf",
                        Phase::Body,
                        Kind::Truncated,
                    ),
                ];
                for &(bytes, phase, kind) in table {
                    let pool = <$backend>::new(server(bytes).await).unwrap().open(at_most(1)).unwrap();
                    let mut lease = pool.acquire().await.unwrap();
                    let request = Request::new(http::Method::GET, "/x".parse().unwrap(), "test");
                    let answer = lease.send(request, Limits::within(LONG)).await;
                    assert_eq!(failure(answer), (phase, kind), "{}", String::from_utf8_lossy(bytes));
                }
            }

            #[tokio::test]
            async fn a_body_that_ends_with_the_connection_is_whole() {
                let answer = b"HTTP/1.0 200 OK\r\n\r\nto the end";
                let pool = <$backend>::new(server(answer).await).unwrap().open(stubborn(1)).unwrap();
                for _ in 0..2 {
                    let request = Request::new(http::Method::GET, "/x".parse().unwrap(), "test");
                    let work = async |conn: &mut _| Ok(send(conn, request.clone()).await?);
                    let answer = pool.execute(pool_tokio::pool_core::Safety::Safe, work).await.unwrap();
                    assert_eq!(answer.body, "to the end");
                }
            }
        }
    };
}

/// A server that answers before it has read the request, and reads no more of it: the rest would be in the way of the next request.
#[cfg(feature = "direct")]
#[tokio::test]
async fn an_answer_that_comes_before_its_request_has_gone_costs_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = TransportConfig::new(base(&format!("http://{}", listener.local_addr().unwrap())));
    tokio::spawn(async move {
        let mut deaf = Vec::new();
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut head = vec![0; 4096];
            let _ = socket.read(&mut head).await.unwrap();
            socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\npong").await.unwrap();
            deaf.push(socket);
        }
    });
    let pool = pool_tokio::DirectBackend::new(config).unwrap().open(stubborn(1)).unwrap();
    for connection in 1..=2 {
        let mut lease = pool.acquire().await.unwrap();
        let mut early = Request::new(http::Method::POST, "/".parse().unwrap(), "test");
        early.body = vec![b'x'; 16 << 20].into();
        assert_eq!(send(&mut *lease, early).await.unwrap().body, "pong");
        lease.release(pool_tokio::pool_core::Outcome::Success);
        assert_eq!(pool.stats().opened, connection);
    }
}

#[cfg(feature = "direct")]
raw!(direct, pool_tokio::DirectBackend);
raw!(pinned, PinnedBackend);
