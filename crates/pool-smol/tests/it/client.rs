//! The client of surf that a connection lends.

use std::io::Read;
use std::sync::mpsc;

use pool_smol::pool_http::{Limits, Phase, TransportErrorKind as Kind};
use pool_smol::surf::{self, http::auth};
use pool_smol::{HttpError, SurfBackend, SurfPool, http};
use serde_json::Value;
use smol::io::AsyncReadExt;
use supabase_sim::{Fault, Simulator};

use crate::support::*;

fn pool(sim: &Simulator) -> SurfPool {
    SurfBackend::new(towards(sim)).unwrap().open(at_most(1)).unwrap()
}

fn to(server: &Raw) -> SurfPool {
    SurfBackend::new(server.towards()).unwrap().open(at_most(1)).unwrap()
}

/// Phase and kind of what surf says.
fn what(error: surf::Error) -> (Phase, Kind) {
    let error = HttpError::from(error);
    (error.phase().expect("a phase"), error.kind().expect("a kind"))
}

#[test]
fn surf_works_on_the_connection_of_the_lease() {
    let sim = start(Simulator::builder());
    smol::block_on(async {
        let pool = pool(&sim);
        let mut lease = pool.acquire().await.unwrap();
        for id in 1..5 {
            let get = lease.client().get(blog_path(id)).header("apikey", sim.anon_key());
            let rows: Value = get.recv_json().await.unwrap();
            assert_eq!(rows[0]["id"], id);
        }
        let url = format!("{}{}", sim.url(), blog_path(7));
        let get = surf::RequestBuilder::new(surf::http::Method::Get, url.parse().unwrap());
        let mut answer = lease.execute(get.header("apikey", sim.anon_key()).build()).await.unwrap();
        assert_eq!(answer.len(), Some(10), "as its head says");
        assert_eq!(answer.body_string().await.unwrap(), r#"[{"id":7}]"#);
        assert_eq!((sim.counters().opened, sim.counters().requests), (1, 5));
    });
}

#[test]
fn a_body_is_sent_whole_whether_its_length_is_known_or_not() {
    let (tell, told) = mpsc::channel();
    let server = Raw::start(move |_, mut peer| {
        while let Some(head) = peer.read_head() {
            let head = head.to_ascii_lowercase();
            let mut body = vec![0; 50_000];
            if head.contains("content-length: 50000") {
                peer.0.read_exact(&mut body).unwrap();
            } else {
                // In chunks: to the last one, which is empty.
                body.clear();
                while !body.ends_with(b"\r\n0\r\n\r\n") {
                    let mut byte = [0];
                    peer.0.read_exact(&mut byte).unwrap();
                    body.push(byte[0]);
                }
            }
            tell.send((head, body)).unwrap();
            peer.write(b"HTTP/1.1 204 No Content\r\n\r\n");
        }
    });
    smol::block_on(async {
        let pool = to(&server);
        let lease = pool.acquire().await.unwrap();
        lease.client().post("/").body(vec![b'x'; 50_000]).await.unwrap();
        let (head, body) = told.recv_timeout(LONG).unwrap();
        assert!(
            head.contains("\r\ncontent-length: 50000\r\n") && !head.contains("transfer-encoding"),
            "{head}"
        );
        assert_eq!(body, [b'x'; 50_000]);
        let reader = smol::io::BufReader::new(smol::io::Cursor::new(vec![b'y'; 50_000]));
        lease.client().put("/").body(surf::Body::from_reader(reader, None)).await.unwrap();
        let (head, body) = told.recv_timeout(LONG).unwrap();
        assert!(
            head.contains("\r\ntransfer-encoding: chunked\r\n") && !head.contains("content-length"),
            "{head}"
        );
        assert_eq!(body.iter().filter(|byte| **byte == b'y').count(), 50_000);
        assert_eq!(pool.stats().opened, 1);
    });
}

#[test]
fn an_answer_is_streamed_as_it_comes() {
    let (go_on, told) = mpsc::channel::<()>();
    let told = std::sync::Mutex::new(told);
    let server = Raw::start(move |_, mut peer| {
        peer.read_head();
        peer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfirst");
        // The rest only when the first part has been read.
        told.lock().unwrap().recv_timeout(LONG).unwrap();
        peer.write(b"again");
        peer.drain();
    });
    smol::block_on(within(async {
        let pool = to(&server);
        let lease = pool.acquire().await.unwrap();
        let mut answer = lease.client().get("/").await.unwrap();
        let mut part = [0; 5];
        answer.read_exact(&mut part).await.unwrap();
        assert_eq!(&part, b"first");
        go_on.send(()).unwrap();
        assert_eq!(answer.body_string().await.unwrap(), "again");
    }));
}

#[test]
fn a_second_request_beside_an_unread_answer_is_an_error_and_not_a_mixture() {
    let sim = start(Simulator::builder());
    smol::block_on(async {
        let pool = pool(&sim);
        let lease = pool.acquire().await.unwrap();
        let mut first = lease.client().get(blog_path(1)).header("apikey", sim.anon_key()).await.unwrap();
        let second = lease.client().get(blog_path(2)).header("apikey", sim.anon_key()).await;
        assert_eq!(what(second.unwrap_err()), (Phase::NotSent, Kind::Invalid));
        assert_eq!(first.body_string().await.unwrap(), r#"[{"id":1}]"#);
        let mut third = lease.client().get(blog_path(3)).header("apikey", sim.anon_key()).await.unwrap();
        assert_eq!(third.body_string().await.unwrap(), r#"[{"id":3}]"#);
        assert_eq!(sim.counters().opened, 1);
    });
}

#[test]
fn a_request_to_elsewhere_is_refused_before_it_is_sent() {
    let sim = start(Simulator::builder());
    smol::block_on(async {
        let pool = pool(&sim);
        let lease = pool.acquire().await.unwrap();
        for url in ["http://example.com/?secret=1", "http://127.0.0.1:1/", "https://127.0.0.1/"] {
            let error = HttpError::from(lease.client().get(url).await.unwrap_err());
            assert_eq!((error.phase(), error.kind()), (Some(Phase::NotSent), Some(Kind::Invalid)), "{url}");
            let source = std::error::Error::source(error.transport().unwrap()).unwrap().to_string();
            assert!(source.contains("leads to") && !source.contains("secret"), "{source}");
        }
        drop(lease);
        assert!(pool.try_acquire().is_ok(), "the connection is as good as before");
        assert_eq!(sim.counters().requests, 0);
    });
}

#[test]
fn a_header_that_is_not_ascii_is_an_error_in_both_directions() {
    let server = Raw::answering(
        b"HTTP/1.1 200 OK\r\nx-name: J\xfcrgen\r\ncontent-length: 4\r\n\r\npong".to_vec(),
        false,
    );
    smol::block_on(async {
        let pool = to(&server);
        let mut lease = pool.acquire().await.unwrap();
        // One of surf's own types makes a value that is not ASCII without a check.
        let unchecked = auth::Authorization::new(auth::AuthenticationScheme::Bearer, "Jürgen".into());
        let sent = lease.client().get("/").header(unchecked.name(), unchecked.value()).await;
        assert_eq!(what(sent.unwrap_err()), (Phase::NotSent, Kind::Invalid));
        // In the pool's own types it is what it is: bytes.
        let answer = send(&mut *lease, request(http::Method::GET, "/")).await.unwrap();
        assert_eq!(answer.headers["x-name"].as_bytes(), b"J\xfcrgen");
        let received = lease.client().get("/").await;
        assert_eq!(what(received.unwrap_err()), (Phase::Body, Kind::Protocol));
    });
}

#[test]
fn an_answer_that_is_not_what_was_expected_is_not_the_connections_fault() {
    let sim = start(Simulator::builder());
    smol::block_on(async {
        let pool = pool(&sim);
        let lease = pool.acquire().await.unwrap();
        let get = lease.client().get(blog_path(1)).header("apikey", sim.anon_key());
        let error = HttpError::from(get.recv_json::<u64>().await.unwrap_err());
        assert!(matches!(error, HttpError::Content(_)), "{error:?}");
        assert_eq!(error.fault(), pool_smol::pool_async::Fault::application());
        drop(lease);
        drop(pool.acquire().await.unwrap());
        assert_eq!(sim.counters().opened, 1);
    });
}

#[test]
fn limits_hold_to_the_last_byte_of_a_streamed_answer() {
    let sim = start(Simulator::builder());
    let table = [
        (Fault::black_hole(), Limits::within(SHORT), (Phase::Sent, Kind::TimedOut)),
        (Fault::StallBody, Limits::within(HALT), (Phase::Body, Kind::TimedOut)),
        (
            Fault::latency(std::time::Duration::ZERO),
            Limits { response_bytes: 5, ..Limits::within(LONG) },
            (Phase::Body, Kind::TooLarge),
        ),
    ];
    smol::block_on(async {
        for (fault, limits, expected) in table {
            let pool = pool(&sim);
            let lease = pool.acquire().await.unwrap();
            let rule = sim.inject(fault);
            let mut get = lease.client().get(blog_path(1)).header("apikey", sim.anon_key()).build();
            get.set_ext(limits);
            let error = within(lease.client().recv_bytes(get)).await.unwrap_err();
            assert_eq!(what(error), expected);
            sim.remove(rule);
        }
    });
}

#[test]
fn an_answer_cut_in_surfs_hands_keeps_its_phase() {
    let server = Raw::answering("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", true);
    smol::block_on(async {
        let pool = to(&server);
        let lease = pool.acquire().await.unwrap();
        let mut answer = lease.client().get("/").await.unwrap();
        assert_eq!(what(answer.body_bytes().await.unwrap_err()), (Phase::Body, Kind::Truncated));
    });
}
