//! Faults of a request and of a new connection, as the socket shows them.

use std::io;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;
use supabase_sim::{AcceptFault, Ending, Fault, Framing, Rule, Stage};

use crate::support::{Client, End, LIMIT, start};

const PING: &str = "/rest/v1/rpc/ping";
const RECORD: &str = "/rest/v1/rpc/record_blog_view";
const BLOGS: &str = "/rest/v1/blogs?select=title&order=id&limit=2";

fn view(key: &str) -> String {
    json!({ "blog_id": 1, "viewer": "me", "request_key": key }).to_string()
}

#[test]
fn a_dropped_request_was_executed_or_not_as_said() {
    let sim = start();
    for (ending, seen) in [(Ending::Reset, End::Reset), (Ending::Close, End::Closed)] {
        for (stage, applied) in [(Stage::BeforeExecution, 0), (Stage::AfterExecution, 1)] {
            let key = format!("{ending:?}-{stage:?}");
            sim.inject(Fault::Drop { ending, stage }.times(1));
            let mut client = Client::connect(&sim);
            client.send("POST", RECORD, &[], &view(&key));
            assert_eq!(client.read_to_end(), (String::new(), seen));
            assert_eq!(sim.counters().key(&key).applied, applied, "{key}");
            assert_eq!(Client::connect(&sim).get(PING).body, "1", "the rule has struck once");
        }
    }
}

#[test]
fn a_hanging_request_keeps_its_connection() {
    let sim = start();
    sim.inject(Fault::black_hole().times(1));
    sim.inject(Fault::Hang { stage: Stage::AfterExecution }.times(1));
    let clients: Vec<Client> = ["hole", "late"]
        .map(|key| {
            let mut client = Client::connect(&sim);
            client.send("POST", RECORD, &[], &view(key));
            assert!(sim.wait_until(|counters| counters.requests == counters.opened, LIMIT));
            client
        })
        .into();
    assert!(sim.wait_until(|counters| counters.key("late").applied == 1, LIMIT));
    let counters = sim.counters();
    assert_eq!((counters.in_flight, counters.open, counters.key("hole").attempted), (2, 2, 0));
    drop(clients);
    assert!(
        sim.wait_until(|counters| counters.in_flight == 0 && counters.open == 0, LIMIT),
        "clients may leave"
    );
}

#[test]
fn latency_comes_before_execution_and_never_less_than_said() {
    let sim = start();
    sim.inject(Fault::Latency { min: Duration::from_millis(20), max: Duration::from_millis(40) });
    let begin = Instant::now();
    assert_eq!(Client::connect(&sim).get(PING).body, "1");
    assert!(begin.elapsed() >= Duration::from_millis(20));
    sim.heal();
    sim.inject(Fault::latency(Duration::from_secs(3600)));
    let mut client = Client::connect(&sim);
    client.send("GET", PING, &[], "");
    assert!(sim.wait_until(|counters| counters.in_flight == 1, LIMIT));
    assert_eq!(sim.counters().executed_count("GET", PING), 1, "only the first");
}

#[test]
fn a_head_may_come_alone() {
    let sim = start();
    for (ending, seen) in [(Ending::Reset, End::Reset), (Ending::Close, End::Closed)] {
        sim.inject(Fault::DropAfterHead(ending).times(1));
        let mut client = Client::connect(&sim);
        client.send("GET", BLOGS, &[], "");
        let head = client.read_head();
        assert!(head.starts_with("HTTP/1.1 200 OK") && !head.contains("connection: close"), "{head}");
        assert_eq!(client.read_to_end(), (String::new(), seen));
    }
}

#[test]
fn a_body_may_be_cut_in_half() {
    let sim = start();
    let whole = Client::connect(&sim).get(BLOGS).body;
    for (ending, seen) in [(Ending::Reset, End::Reset), (Ending::Close, End::Closed)] {
        sim.inject(Fault::CutBody { framing: Framing::Length, ending }.times(1));
        let mut client = Client::connect(&sim);
        client.send("GET", BLOGS, &[], "");
        let head = client.read_head();
        assert!(head.contains(&format!("content-length: {}", whole.len())), "{head}");
        assert_eq!(client.read_to_end(), (whole[..whole.len() / 2].to_owned(), seen));
    }
    sim.inject(Fault::CutBody { framing: Framing::Chunked, ending: Ending::Close }.times(1));
    let mut client = Client::connect(&sim);
    client.send("GET", BLOGS, &[], "");
    assert!(client.read_head().contains("transfer-encoding: chunked"));
    let half = &whole[..whole.len() / 2];
    let chunk = format!("{:X}\r\n{half}\r\n", half.len());
    assert_eq!(client.read_to_end(), (chunk, End::Closed), "the last chunk is missing");
}

#[test]
fn a_body_may_stall_or_drip() {
    let sim = start();
    let whole = Client::connect(&sim).get(BLOGS).body;
    sim.inject(Fault::StallBody.times(1));
    let mut client = Client::connect(&sim);
    client.send("GET", BLOGS, &[], "");
    client.read_head();
    assert_eq!(client.read_exactly(whole.len() / 2), whole.as_bytes()[..whole.len() / 2]);
    assert_eq!(sim.counters().in_flight, 1);
    sim.kill_connections();
    assert_eq!(client.read_to_end(), (String::new(), End::Reset), "nothing more had come");

    let every = Duration::from_millis(2);
    sim.inject(Fault::Drip { piece: 10, every }.times(1));
    let begin = Instant::now();
    assert_eq!(Client::connect(&sim).get(BLOGS).body, whole);
    let pieces = u32::try_from(whole.len().div_ceil(10)).expect("a short body");
    assert!(begin.elapsed() >= every * pieces);
}

#[test]
fn the_end_may_be_announced() {
    let sim = start();
    sim.inject(Fault::AnnounceClose.times(1));
    let mut client = Client::connect(&sim);
    let answer = client.get(PING);
    assert_eq!((answer.body.as_str(), answer.header("connection")), ("1", Some("close")));
    assert_eq!(client.read_to_end(), (String::new(), End::Closed));
}

#[test]
fn early_hints_come_before_the_answer() {
    let sim = start();
    sim.inject(Fault::EarlyHints.times(1));
    let mut client = Client::connect(&sim);
    client.send("GET", PING, &[], "");
    assert_eq!(client.read_head(), "HTTP/1.1 103 Early Hints\r\nlink: </>; rel=preconnect");
    assert_eq!(client.receive("GET").body, "1");
    assert_eq!(client.get(PING).body, "1", "and then all is as before");
}

#[test]
fn rules_strike_where_they_are_sent() {
    let sim = start();
    let rule =
        sim.inject(Rule::new(Fault::reset()).method("POST").path("/rest/v1/rpc/record").after(1).times(1));
    let mut client = Client::connect(&sim);
    assert_eq!(client.get(PING).body, "1");
    assert_eq!(client.call("POST", PING, &[], "{}").body, "1");
    assert_eq!(client.call("POST", RECORD, &[], &view("a")).status, 200);
    client.send("POST", RECORD, &[], &view("b"));
    assert_eq!(client.read_to_end().1, End::Reset);
    assert_eq!(sim.hits(rule), 1);
    sim.inject(Fault::reset());
    sim.heal();
    assert_eq!(Client::connect(&sim).get(PING).body, "1");
}

#[test]
fn a_chance_strikes_the_same_requests_with_the_same_seed() {
    let draw = || {
        let sim = start();
        let rule = sim.inject(Fault::AnnounceClose.chance(0.5, 42));
        let struck = |_| Client::connect(&sim).get(PING).header("connection").is_some();
        let struck: Vec<bool> = (0..32).map(struck).collect();
        assert_eq!(sim.hits(rule), struck.iter().filter(|struck| **struck).count() as u64);
        struck
    };
    let first = draw();
    assert!(first.contains(&true) && first.contains(&false));
    assert_eq!(first, draw());
}

#[test]
fn a_new_connection_may_be_dropped_or_never_served() {
    let sim = start();
    for (ending, seen) in [(Ending::Reset, End::Reset), (Ending::Close, End::Closed)] {
        sim.inject_at_accept(Rule::new(AcceptFault::Drop(ending)).times(1));
        assert_eq!(Client::connect(&sim).read_to_end(), (String::new(), seen));
    }
    sim.inject_at_accept(Rule::new(AcceptFault::Hang).times(1));
    let mut silent = Client::connect(&sim);
    silent.send("GET", PING, &[], "");
    assert_eq!(Client::connect(&sim).get(PING).body, "1", "others are served");
    assert_eq!(sim.counters().executed_count("GET", PING), 1);
    assert!(sim.observe(|counters| counters.connections[&3].open));
    drop(silent);
    assert!(sim.wait_until(|counters| !counters.connections[&3].open, LIMIT));

    sim.inject_at_accept(Rule::new(AcceptFault::Delay(Duration::from_millis(20))).times(1));
    let begin = Instant::now();
    assert_eq!(Client::connect(&sim).get(PING).body, "1");
    assert!(begin.elapsed() >= Duration::from_millis(20));
}

#[test]
fn a_closed_listener_refuses_and_comes_back_on_its_port() -> io::Result<()> {
    let sim = start();
    let mut before = Client::connect(&sim);
    assert_eq!(before.get(PING).body, "1");
    sim.refuse()?;
    let refused = TcpStream::connect(sim.address()).map_err(|error| error.kind());
    assert_eq!(refused.map(drop), Err(io::ErrorKind::ConnectionRefused));
    assert_eq!(before.get(PING).body, "1", "open connections live on");
    sim.listen()?;
    sim.listen()?;
    assert_eq!(Client::connect(&sim).get(PING).body, "1");
    Ok(())
}

#[test]
fn a_restart_cuts_everything_and_keeps_port_and_data() -> io::Result<()> {
    let sim = start();
    let mut clients = [Client::connect(&sim), Client::connect(&sim)];
    for (client, key) in clients.iter_mut().zip(["a", "b"]) {
        client.call("POST", RECORD, &[], &view(key));
    }
    assert_eq!(sim.restart()?, 2);
    assert_eq!(sim.counters().open, 0);
    for client in &mut clients {
        assert_eq!(client.read_to_end(), (String::new(), End::Reset));
    }
    let mut after = Client::service(&sim);
    let views = after.get("/rest/v1/blog_views?select=request_key&id=gt.12&order=id");
    assert_eq!(views.column("request_key"), "\"a\" \"b\"");
    assert_eq!(sim.crash()?, 1);
    assert!(TcpStream::connect(sim.address()).is_err());
    Ok(())
}
