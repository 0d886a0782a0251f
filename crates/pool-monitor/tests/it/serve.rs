//! The panel on sockets: whatever one client does, the others are served.

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use futures::stream;
use pool_async::pool_core::Phase;
use pool_monitor::{Panel, serve};

use crate::wire::{Listener, Socket};
use crate::world::{OPERATOR, Pool, SECOND, World, lazy};

/// Sockets that are served at once.
const SOCKETS: usize = 128;
/// When a client that says nothing has certainly been let go.
const LONG: u32 = 20;

const GET: &str = "GET /health HTTP/1.1\r\nhost: x\r\n\r\n";

fn open() -> (World, Pool, Listener) {
    let mut world = World::new();
    let pool = world.watched("main", lazy(1));
    let panel = Panel::new(world.monitor.clone()).operators(OPERATOR).unwrap();
    let (listener, incoming) = Listener::new();
    let timer = world.timer();
    world.spawn(serve(panel, incoming, timer));
    (world, pool, listener)
}

fn post(operation: &str, length: usize, body: &str) -> String {
    format!(
        "POST /api/pools/main/{operation} HTTP/1.1\r\nhost: x\r\nauthorization: bearer {OPERATOR}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// Somebody comes, asks, and is answered at once.
#[track_caller]
fn is_served(world: &mut World, listener: &Listener) {
    let client = listener.connect();
    client.send(GET);
    world.settle();
    assert_eq!(client.answer().map(|answer| answer.status), Some(200));
    drop(client);
    world.settle();
}

#[test]
fn one_socket_carries_many_requests() {
    let (mut world, pool, listener) = open();
    let client = listener.connect();
    world.advance(SECOND);
    for second in 0..90 {
        client.send(GET);
        world.advance(SECOND);
        assert_eq!(client.answer().unwrap().body, "every pool serves\n", "in second {second}");
    }
    client.send(&post("suspend", 0, ""));
    client.send(&post("resize", 17, "{\"min\":1,\"max\":5}"));
    world.settle();
    assert_eq!(
        (client.answer().unwrap().body, client.answer().unwrap().body),
        ("{}".to_owned(), "{}".to_owned())
    );
    assert_eq!((pool.status().phase, pool.status().max), (Phase::Suspended, 5));
    client.send("HEAD /metrics HTTP/1.1\r\nhost: x\r\n\r\n");
    client.send("GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    world.settle();
    let head = client.head().unwrap();
    assert!(head.status == 200 && head.head.contains("content-length: "), "{head:?}");
    assert_eq!(client.answer().unwrap().status, 503, "no body was between the two");
    assert!(client.is_cut());
}

#[test]
fn a_body_has_its_limit() {
    let (mut world, pool, listener) = open();
    let padded = format!("{{\"min\":1,\"max\":5}}{}", " ".repeat(1024 - 17));
    let client = listener.connect();
    client.send(&post("resize", 1024, &padded));
    world.settle();
    assert_eq!((client.answer().unwrap().status, pool.status().max), (200, 5));
    let chunk = format!("400\r\n{padded}\r\n");
    let chunked = post("resize", 0, &chunk).replace("content-length: 0", "transfer-encoding: chunked");
    for long in [
        post("resize", 1025, &format!("{padded} ")),
        post("resize", usize::MAX / 2, &padded),
        chunked + &chunk,
    ] {
        let client = listener.connect();
        client.send(&long);
        world.settle();
        // Of one whose length is told, what is too much need not come first.
        client.send(&" ".repeat(2000));
        world.settle();
        let answer = client.answer().unwrap();
        assert_eq!(answer.status, 413, "{answer:?}");
        assert_eq!(
            answer.body,
            r#"{"error":"the body has more than 1024 bytes, and no operation wants so many"}"#
        );
        assert!(answer.head.contains("x-content-type-options: nosniff"), "{answer:?}");
        is_served(&mut world, &listener);
    }
    assert_eq!(pool.status().max, 5);
}

#[test]
fn whoever_hangs_up_half_way_leaves_its_place() {
    let (mut world, pool, listener) = open();
    let half = post("resize", 100, "{\"min\":1,");
    for part in ["", "GET", "GET / HTTP/1.1\r\nhost", &half, GET] {
        for _ in 0..SOCKETS {
            let client = listener.connect();
            client.send(part);
            world.settle();
            drop(client);
        }
        world.settle();
        is_served(&mut world, &listener);
    }
    assert_eq!(pool.status().max, 1, "half a request is none");
}

#[test]
fn what_is_no_http_is_refused() {
    let (mut world, _pool, listener) = open();
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(200));
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(1 << 20));
    for garbage in
        ["\0\0\0\0", "\u{16}\u{3}\u{1}\u{2}\0\u{1}", "GET\r\n\r\n", "nonsense\r\n\r\n", &many, &long]
    {
        let client = listener.connect();
        client.send(garbage);
        world.settle();
        assert!(client.answer().is_none_or(|answer| (400..500).contains(&answer.status)));
        assert!(client.is_cut());
        is_served(&mut world, &listener);
    }
}

#[test]
fn who_comes_when_all_places_are_taken_waits_for_one() {
    let (mut world, _pool, listener) = open();
    let mut clients: Vec<_> = (0..SOCKETS).map(|_| listener.connect()).collect();
    let late = listener.connect();
    for client in clients.iter().chain([&late]) {
        client.send(GET);
    }
    world.settle();
    assert!(clients.iter().all(|client| client.answer().is_some()) && late.answer().is_none());
    clients.pop();
    world.settle();
    assert_eq!(late.answer().unwrap().status, 200);
    assert!(clients.iter().all(|client| !client.is_cut()));
}

/// Everybody who is woken looks at once, each browser takes six sockets for the page's files, and the scraper comes after them.
#[test]
fn twenty_browsers_leave_room_for_a_scraper() {
    let (mut world, _pool, listener) = open();
    let sockets: Vec<_> = (0..20 * 6).map(|_| listener.connect()).collect();
    sockets.iter().for_each(|socket| socket.send(GET));
    world.settle();
    is_served(&mut world, &listener);
}

#[test]
fn a_head_has_its_limit() {
    let (mut world, _pool, listener) = open();
    let get =
        |size: usize| format!("GET /health HTTP/1.1\r\nhost: x\r\ncookie: {}\r\n\r\n", "x".repeat(size));
    for (size, status) in [(8 * 1024, 200), (64 * 1024, 431)] {
        let client = listener.connect();
        client.send(&get(size));
        world.settle();
        assert_eq!(client.answer().map(|answer| answer.status), Some(status), "{size}");
    }
}

/// Every place is taken by somebody who says this and no more; they are let go, and others served.
#[track_caller]
fn are_let_go(text: &str, room: usize) {
    let (mut world, _pool, listener) = open();
    let clients: Vec<_> = (0..SOCKETS).map(|_| listener.connect_with(room)).collect();
    clients.iter().for_each(|client| client.send(text));
    world.advance(LONG * SECOND);
    assert!(clients.iter().all(|client| client.is_cut()), "{text}");
    is_served(&mut world, &listener);
}

#[test]
fn whoever_dawdles_is_let_go() {
    are_let_go("", usize::MAX);
    are_let_go("GET / HTTP/1.1\r\nhost: ", usize::MAX);
    are_let_go(GET, usize::MAX);
    are_let_go(&post("resize", 100, "{\"min\":1,"), usize::MAX);
    are_let_go(GET, 10);
    are_let_go(&GET.repeat(100_000), 1000);
}

#[test]
fn a_request_that_comes_byte_by_byte_is_not_waited_for_for_ever() {
    let (mut world, _pool, listener) = open();
    let client = listener.connect();
    client.send("GET / HTTP/1.1\r\nx: ");
    for _ in 0..LONG {
        client.send("x");
        world.advance(SECOND);
    }
    assert!(client.is_cut());
}

#[test]
fn failures_to_accept_cost_a_pause_and_nobody_else() {
    let (mut world, _pool, listener) = open();
    listener.fail();
    is_served(&mut world, &listener);
    (0..10 * SOCKETS).for_each(|_| listener.fail());
    let client = listener.connect();
    client.send(GET);
    world.settle();
    assert!(client.answer().is_none(), "a flood of failures holds up who comes behind it");
    world.advance(6 * SECOND);
    assert_eq!(client.answer().unwrap().status, 200);
}

#[test]
fn failures_without_end_keep_no_processor_busy() {
    let mut world = World::new();
    let asked = Rc::new(Cell::new(0));
    let count = Rc::clone(&asked);
    let incoming = stream::iter(std::iter::from_fn(move || {
        count.set(count.get() + 1);
        Some(io::Result::<Socket>::Err(io::ErrorKind::Other.into()))
    }));
    let (panel, timer) = (Panel::new(world.monitor.clone()), world.timer());
    world.spawn(serve(panel, incoming, timer));
    world.advance(10 * SECOND);
    assert!(asked.get() <= 21 * SOCKETS, "{} times in ten seconds", asked.get());
}

#[test]
fn it_ends_when_nobody_can_come_any_more() {
    let mut world = World::new();
    let (listener, incoming) = Listener::new();
    let (panel, timer) = (Panel::new(world.monitor.clone()), world.timer());
    let (done, ended) = futures::channel::oneshot::channel();
    world.spawn(async move {
        serve(panel, incoming, timer).await;
        _ = done.send(());
    });
    let client = listener.connect();
    drop(listener);
    client.send(GET);
    world.settle();
    assert_eq!(client.answer().unwrap().status, 200, "who was there is served to the end");
    drop(client);
    world.run(ended).unwrap();
}
