//! Servers on plain sockets, byte by byte: what HTTP/1 allows and few expect, and what is not HTTP.

use std::sync::mpsc;

use pool_smol::http::Method;
use pool_smol::pool_core::{CloseReason, Outcome, Safety};
use pool_smol::pool_http::{Phase, Response, TransportErrorKind as Kind};
use pool_smol::{SurfBackend, SurfPool};

use crate::support::*;

const PONG: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\npong";

fn pool(server: &Raw, max: u32) -> SurfPool {
    SurfBackend::new(server.towards()).unwrap().open(stubborn(max)).unwrap()
}

/// One request on whatever connection there is.
async fn ask(pool: &SurfPool, method: Method, target: &str) -> Response {
    let work = async |conn: &mut _| Ok(send(conn, request(method.clone(), target)).await?);
    within(pool.execute(Safety::Safe, work)).await.unwrap()
}

#[test]
fn a_103_is_not_taken_for_the_answer() {
    let early = b"HTTP/1.1 103 Early Hints\r\nlink: </>; rel=preconnect\r\n\r\n";
    let server = Raw::answering([early, PONG].concat(), false);
    smol::block_on(async {
        let pool = pool(&server, 1);
        for _ in 0..3 {
            let answer = ask(&pool, Method::GET, "/").await;
            assert_eq!((answer.status.as_u16(), &*answer.body), (200, &b"pong"[..]));
        }
        let lease = pool.acquire().await.unwrap();
        let mut answer = lease.client().get("/").await.unwrap();
        assert_eq!((u16::from(answer.status()), answer.body_string().await.unwrap()), (200, "pong".into()));
        assert_eq!(pool.stats().opened, 1);
    });
}

#[test]
fn a_body_that_ends_with_its_connection_is_whole() {
    for head in
        ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"]
    {
        let body = "x".repeat(100_000);
        let server = Raw::answering(format!("{head}{body}"), true);
        smol::block_on(async {
            let pool = pool(&server, 1);
            for _ in 0..2 {
                assert!(ask(&pool, Method::GET, "/").await.body == body, "{head}");
            }
            let lease = pool.acquire().await.unwrap();
            let mut answer = lease.client().get("/").await.unwrap();
            assert!(answer.body_string().await.unwrap() == body, "{head}");
        });
    }
}

#[test]
fn a_body_of_http_1_0_with_a_length_is_whole_and_its_connection_not_reused() {
    let server = Raw::answering("HTTP/1.0 200 OK\r\ncontent-length: 4\r\n\r\npong", false);
    smol::block_on(async {
        let pool = pool(&server, 1);
        for _ in 0..3 {
            assert_eq!(ask(&pool, Method::GET, "/").await.body, "pong");
        }
        assert_eq!(pool.stats().opened, 3);
    });
}

/// The server announces the end and does not carry it out: the client has to.
#[test]
fn connection_close_is_honoured() {
    let (tell, told) = mpsc::channel();
    let server = Raw::start(move |number, mut peer| {
        while peer.read_head().is_some() {
            // Before the answer, so that it is told when the client goes on.
            tell.send(number).unwrap();
            peer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\npong");
        }
    });
    smol::block_on(async {
        let pool = pool(&server, 1);
        for _ in 0..3 {
            assert_eq!(ask(&pool, Method::GET, "/").await.body, "pong");
        }
        until_pool(&pool, none_open).await;
        // hyper closes on its own as soon as it has read the announcement, and that may be noticed before.
        assert_eq!(closed(&pool, CloseReason::Retired) + closed(&pool, CloseReason::Lost), 3);
    });
    drop(server);
    let numbers: Vec<usize> = told.try_iter().collect();
    assert_eq!(numbers, [0, 1, 2], "one request per connection");
}

#[test]
fn a_get_after_a_head_does_not_wait_for_the_body_that_the_head_announced() {
    let server = Raw::start(|_, mut peer| {
        while let Some(head) = peer.read_head() {
            let announced: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n";
            peer.write(if head.starts_with("HEAD") { announced } else { PONG });
        }
    });
    smol::block_on(async {
        let pool = pool(&server, 1);
        for _ in 0..3 {
            assert_eq!(ask(&pool, Method::HEAD, "/").await.body, "");
            assert_eq!(ask(&pool, Method::GET, "/").await.body, "pong");
        }
        let lease = pool.acquire().await.unwrap();
        drop(within(lease.client().head("/")).await.unwrap());
        let mut answer = within(lease.client().get("/")).await.unwrap();
        assert_eq!(answer.body_string().await.unwrap(), "pong");
        assert_eq!(pool.stats().opened, 1);
    });
}

#[test]
fn what_is_not_http_is_classified_by_what_it_is() {
    let table: &[(&str, Phase, Kind)] = &[
        ("", Phase::Sent, Kind::Closed),
        ("HTTP/1.1 200 OK\r\ncontent-le", Phase::Sent, Kind::Closed),
        ("what is this?\r\n\r\n", Phase::Sent, Kind::Protocol),
        ("HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", Phase::Sent, Kind::Protocol),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", Phase::Body, Kind::Truncated),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhalf", Phase::Body, Kind::Truncated),
    ];
    for &(bytes, phase, kind) in table {
        let server = Raw::answering(bytes, true);
        smol::block_on(async {
            let pool = SurfBackend::new(server.towards()).unwrap().open(at_most(1)).unwrap();
            let mut lease = pool.acquire().await.unwrap();
            let answer = send(&mut *lease, request(Method::GET, "/")).await;
            assert_eq!(failure(answer), (phase, kind), "{bytes}");
        });
    }
}

/// The next request never sees the answer of one that was given up, not even if the server sends it on the same connection when the
/// next request is on its way.
#[test]
fn an_answer_that_is_late_finds_its_connection_closed() {
    let (release, released) = mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let server = Raw::start(move |number, mut peer| {
        peer.read_head();
        if number == 0 {
            let _ = released.lock().unwrap().recv_timeout(LONG);
            peer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate");
            return peer.drain();
        }
        peer.write(PONG);
        peer.drain();
    });
    smol::block_on(async {
        let pool = SurfBackend::new(server.towards()).unwrap().open(at_most(1)).unwrap();
        let mut lease = pool.acquire().await.unwrap();
        let late = send_shortly(&mut *lease, request(Method::GET, "/")).await;
        assert_eq!(failure(late), (Phase::Sent, Kind::TimedOut));
        lease.release(Outcome::Success);
        release.send(()).unwrap();
        assert_eq!(ask(&pool, Method::GET, "/").await.body, "pong");
        assert_eq!(pool.stats().opened, 2);
    });
}

#[test]
fn more_bytes_than_were_announced_are_nobodys_answer() {
    let server = Raw::answering([PONG, b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil"].concat(), false);
    smol::block_on(async {
        let pool = pool(&server, 1);
        for _ in 0..5 {
            assert_eq!(ask(&pool, Method::GET, "/").await.body, "pong");
        }
    });
}
