//! Servers and callers that do what nobody should: nothing hangs, nothing gets to the wrong caller, and the pool goes on.

use std::io::{self, Read};
use std::sync::{Mutex, mpsc};

use pool_smol::http::Method;
use pool_smol::pool_core::Outcome;
use pool_smol::pool_http::{HttpConnection, Limits, Phase, TransportErrorKind as Kind};
use pool_smol::surf::{self, Body};
use pool_smol::{HttpError, SurfBackend, SurfPool};
use supabase_sim::{Fault, Simulator};

use crate::support::*;

const PONG: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\npong";

fn pool(server: &Raw) -> SurfPool {
    SurfBackend::new(server.towards()).unwrap().open(stubborn(1)).unwrap()
}

async fn pong(pool: &SurfPool) {
    let mut lease = within(pool.acquire()).await.unwrap();
    let answer = within(send(&mut *lease, request(Method::GET, "/"))).await.unwrap();
    lease.release(Outcome::Success);
    assert_eq!(answer.body, "pong");
}

/// An answer that nobody asked for is nobody's: the connection on which it came is closed, idle as it is.
#[test]
fn what_an_idle_connection_says_unasked_is_not_the_answer_to_the_next_request() {
    let (speak, spoken) = mpsc::channel::<()>();
    let spoken = Mutex::new(spoken);
    let server = Raw::start(move |number, mut peer| {
        if number == 0 {
            spoken.lock().unwrap().recv_timeout(LONG).unwrap();
            peer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil");
            return peer.drain();
        }
        while peer.read_head().is_some() {
            peer.write(PONG);
        }
    });
    smol::block_on(async {
        let pool = pool(&server);
        proven(&pool).await;
        speak.send(()).unwrap();
        until_pool(&pool, none_open).await;
        pong(&pool).await;
    });
}

/// Heads that never end, chunks that are none, and interim answers without number end at a limit, of size or of time.
#[test]
fn an_answer_without_an_end_ends_at_a_limit() {
    let endless: [(&[u8], Kind, &[u8]); 4] = [
        (b"HTTP/1.1 200 OK\r\n", Kind::Protocol, b"x-more: and more and more and more and more\r\n"),
        (b"HTTP/1.1 200 OK\r\nx-long: ", Kind::Protocol, &[b'x'; 4096]),
        (b"", Kind::TimedOut, b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", Kind::TooLarge, b"1000\r\n"),
    ];
    for (first, kind, again) in endless {
        let server = Raw::start(move |_, mut peer| {
            peer.read_head();
            peer.write(first);
            let mut piece = again.to_vec();
            if kind == Kind::TooLarge {
                piece.extend([b'x'; 4096]);
                piece.extend(b"\r\n");
            }
            while io::Write::write_all(&mut peer.0, &piece).is_ok() {}
        });
        smol::block_on(async {
            let pool = SurfBackend::new(server.towards()).unwrap().open(at_most(1)).unwrap();
            let mut lease = pool.acquire().await.unwrap();
            let limits = Limits { response_bytes: 1 << 20, ..Limits::within(SHORT * 10) };
            let conn = &mut *lease;
            let answer = within(HttpConnection::send(conn, request(Method::GET, "/"), limits)).await;
            let error = answer.expect_err("no end");
            assert_eq!(error.kind(), kind, "{error:?}");
            lease.release(Outcome::BROKEN);
            until_pool(&pool, none_open).await;
        });
    }
}

/// The end of HTTP on this connection, as far as this side is concerned.
#[test]
fn a_peer_that_switches_protocols_gets_no_further_request() {
    let (tell, told) = mpsc::channel();
    let server = Raw::start(move |number, mut peer| {
        peer.read_head();
        if number == 0 {
            peer.write(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n");
            let mut rest = Vec::new();
            let _ = peer.0.read_to_end(&mut rest);
            return tell.send(rest).unwrap();
        }
        peer.write(PONG);
        peer.drain();
    });
    smol::block_on(async {
        let pool = pool(&server);
        let mut lease = pool.acquire().await.unwrap();
        let answer = within(send(&mut *lease, request(Method::GET, "/"))).await.unwrap();
        assert_eq!(answer.status, 101);
        lease.release(Outcome::Success);
        pong(&pool).await;
    });
    assert_eq!(told.recv_timeout(LONG).unwrap(), b"");
}

/// It would take the connection from the pool.
#[test]
fn a_tunnel_is_refused_before_it_is_asked_for() {
    let server = Raw::answering(PONG, false);
    smol::block_on(async {
        let pool = pool(&server);
        let mut lease = pool.acquire().await.unwrap();
        let tunnel = send(&mut *lease, request(Method::CONNECT, "/")).await;
        assert_eq!(failure(tunnel), (Phase::NotSent, Kind::Invalid));
        let tunnel = HttpError::from(lease.client().connect("/").await.unwrap_err());
        assert_eq!((tunnel.phase(), tunnel.kind()), (Some(Phase::NotSent), Some(Kind::Invalid)));
        lease.release(Outcome::Success);
        pong(&pool).await;
        assert_eq!(pool.stats().opened, 1);
    });
}

/// A server that answers before it has read the request, and reads no more of it: the rest of the request is in the way of the next one.
#[test]
fn an_answer_that_comes_before_its_request_was_sent_costs_the_connection_and_nobody_else() {
    for surf in [false, true] {
        let server = Raw::start(|number, mut peer| {
            peer.read_head();
            peer.write(PONG);
            if number > 0 {
                return peer.drain();
            }
            // Open, and deaf.
            let (_keep, wait) = mpsc::channel::<()>();
            let _ = wait.recv_timeout(LONG * 2);
        });
        smol::block_on(async {
            let pool = pool(&server);
            let mut lease = pool.acquire().await.unwrap();
            let body = vec![b'x'; 16 << 20];
            if surf {
                let reader = Body::from_reader(smol::io::BufReader::new(smol::io::Cursor::new(body)), None);
                let mut answer = within(lease.client().post("/").body(reader)).await.unwrap();
                assert_eq!(answer.body_string().await.unwrap(), "pong");
            } else {
                let mut early = request(Method::POST, "/");
                early.body = body.into();
                assert_eq!(within(send(&mut *lease, early)).await.unwrap().body, "pong");
            }
            lease.release(Outcome::Success);
            let mut lease = within(pool.acquire()).await.unwrap();
            let answer = within(send(&mut *lease, request(Method::GET, "/"))).await;
            assert_eq!(answer.expect("an answer").body, "pong", "surf: {surf}");
            assert_eq!(pool.stats().opened, 2, "surf: {surf}");
        });
    }
}

/// What a caller promises of a body and does not keep is an error of that request alone.
#[test]
fn a_body_that_is_shorter_than_it_said_or_cannot_be_read_is_an_error_at_once() {
    struct Fails;
    impl smol::io::AsyncRead for Fails {
        fn poll_read(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            _: &mut [u8],
        ) -> std::task::Poll<io::Result<usize>> {
            std::task::Poll::Ready(Err(io::Error::other("no disk")))
        }
    }
    let server = Raw::start(|_, mut peer| {
        while let Some(head) = peer.read_head() {
            if head.starts_with("POST") {
                return peer.drain();
            }
            peer.write(PONG);
        }
    });
    smol::block_on(async {
        let pool = pool(&server);
        let short = || Body::from_reader(smol::io::BufReader::new(smol::io::Cursor::new(b"abc")), Some(100));
        let fails = || Body::from_reader(smol::io::BufReader::new(Fails), Some(100));
        for body in [short(), fails()] {
            let lease = within(pool.acquire()).await.unwrap();
            let error = within(lease.client().post("/").body(body)).await.expect_err("no whole body");
            let error = HttpError::from(error);
            assert_eq!(error.kind(), Some(Kind::Invalid), "{error:?}");
            drop(lease);
            pong(&pool).await;
        }
    });
}

/// An answer that is kept longer than its lease ends with the connection: its reader neither waits for ever nor reads on.
#[test]
fn an_answer_that_outlives_its_lease_is_cut() {
    let sim = start(Simulator::builder());
    smol::block_on(async {
        let pool = SurfBackend::new(towards(&sim)).unwrap().open(at_most(1)).unwrap();
        proven(&pool).await;
        sim.inject(Fault::StallBody.times(1));
        let lease = pool.acquire().await.unwrap();
        let mut answer = lease.client().get(blog_path(1)).header("apikey", sim.anon_key()).await.unwrap();
        drop(lease);
        assert!(within(answer.body_string()).await.is_err());
        let mut lease = within(pool.acquire()).await.unwrap();
        assert!(is_blog(&send(&mut *lease, blog(&sim, 2)).await.unwrap(), 2));
    });
}

/// No time at all is an answer too: at once, and never "not sent" of what may have been.
#[test]
fn no_time_is_a_timeout_and_no_panic() {
    let server = Raw::answering(PONG, false);
    smol::block_on(async {
        let pool = pool(&server);
        proven(&pool).await;
        let mut lease = pool.acquire().await.unwrap();
        let limits = Limits::within(std::time::Duration::ZERO);
        let answer = HttpConnection::send(&mut *lease, request(Method::GET, "/"), limits).await;
        assert_eq!(failure(answer), (Phase::Sent, Kind::TimedOut));
        drop(lease);
        pong(&pool).await;
    });
}

/// The caller's panic is the caller's: the connection on which a request was under way is closed, and the pool goes on.
#[test]
fn a_caller_that_panics_with_a_request_under_way_costs_one_connection() {
    let sim = start(Simulator::builder());
    smol::block_on(async {
        let pool = SurfBackend::new(towards(&sim)).unwrap().open(at_most(1)).unwrap();
        proven(&pool).await;
        let panicking = pool.clone();
        let get = blog_path(1);
        let key = sim.anon_key().to_owned();
        let caller = async move {
            let lease = panicking.acquire().await.unwrap();
            let _answer: surf::Response = lease.client().get(get).header("apikey", key).await.unwrap();
            panic!("a caller at fault");
        };
        let caller = std::panic::AssertUnwindSafe(caller);
        assert!(futures::FutureExt::catch_unwind(caller).await.is_err());
        let mut lease = within(pool.acquire()).await.unwrap();
        assert!(is_blog(&send(&mut *lease, blog(&sim, 2)).await.unwrap(), 2));
        until(&sim, |counters| counters.opened == 2 && counters.open == 1).await;
    });
}
