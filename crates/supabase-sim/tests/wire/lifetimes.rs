//! When the server ends a connection by itself.

use std::time::Duration;

use supabase_sim::Fault;

use crate::support::{Client, End, LIMIT, start};

const PING: &str = "/rest/v1/rpc/ping";
const SOON: Duration = Duration::from_millis(20);

#[test]
fn an_idle_connection_is_closed_without_a_word() {
    let sim = start();
    sim.configure(|settings| settings.keep_alive.idle = Some(SOON));
    assert_eq!(Client::connect(&sim).read_to_end(), (String::new(), End::Closed), "never used");
    let mut client = Client::connect(&sim);
    let answer = client.get("/rest/v1/rpc/slow?ms=60");
    assert_eq!(answer.body, "60", "a request in flight is not idle");
    assert_eq!(answer.header("connection"), None);
    assert_eq!(client.read_to_end(), (String::new(), End::Closed));
}

#[test]
fn a_connection_may_be_closed_at_a_fixed_time_after_an_answer_whatever_arrives() {
    let sim = start();
    sim.configure(|settings| settings.keep_alive.after_response = Some(SOON));
    let mut client = Client::service(&sim);
    assert_eq!(client.get(PING).body, "1");
    sim.inject(Fault::slow_query(Duration::from_secs(3600)));
    client.send("GET", PING, &[], "");
    assert_eq!(client.read_to_end(), (String::new(), End::Closed), "with a request on its way");
}

#[test]
fn only_a_head_brings_the_end_when_the_server_is_postgrest_12() {
    let sim = start();
    sim.configure(|settings| settings.keep_alive.after_head = Some(Duration::from_millis(7)));
    let mut client = Client::connect(&sim);
    assert_eq!(client.get(PING).body, "1");
    assert_eq!(client.get(PING).body, "1");
    let answer = client.call("HEAD", PING, &[], "");
    assert_eq!((answer.status, answer.header("connection")), (200, None));
    assert_eq!(client.read_to_end(), (String::new(), End::Closed));
}

#[test]
fn a_connection_may_be_used_up() {
    let sim = start();
    sim.configure(|settings| settings.keep_alive.max_requests = Some(3));
    let mut client = Client::connect(&sim);
    for _ in 0..3 {
        assert_eq!(client.get("/rest/v1/blogs").status, 200, "answered in full");
    }
    assert_eq!(client.read_to_end(), (String::new(), End::Closed));
    assert!(sim.wait_until(|counters| counters.open == 0, LIMIT));
    assert_eq!(sim.counters().connections[&1].requests, 3);
}

#[test]
fn killed_connections_are_closed_when_the_call_returns() {
    let sim = start();
    let mut clients: Vec<Client> = (0..5).map(|_| Client::connect(&sim)).collect();
    for client in &mut clients {
        assert_eq!(client.get(PING).body, "1");
    }
    assert_eq!(sim.kill_connections(), 5);
    assert_eq!(sim.counters().open, 0);
    for client in &mut clients {
        assert_eq!(client.read_to_end(), (String::new(), End::Reset));
    }
    assert_eq!(sim.kill_connections(), 0);
}

#[test]
fn a_drain_lets_the_answer_in_flight_finish() {
    let sim = start();
    let mut client = Client::connect(&sim);
    client.send("GET", "/rest/v1/rpc/slow?ms=50", &[], "");
    assert!(sim.wait_until(|counters| counters.in_flight == 1, LIMIT));
    assert_eq!(sim.drain_connections(), 1);
    let answer = client.receive("GET");
    assert_eq!((answer.body.as_str(), answer.header("connection")), ("50", Some("close")));
    assert_eq!(client.read_to_end(), (String::new(), End::Closed));
}

#[test]
fn dropping_the_simulator_closes_every_socket() {
    let sim = start();
    let mut client = Client::connect(&sim);
    assert_eq!(client.get(PING).body, "1");
    let address = sim.address();
    drop(sim);
    client.read_to_end();
    assert!(std::net::TcpStream::connect(address).is_err());
}
