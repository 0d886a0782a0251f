//! Counters, and waiting for them.

use std::time::Duration;

use supabase_sim::{Fault, Role};

use crate::support::{Client, LIMIT, start};

#[test]
fn connections_and_requests_are_counted() {
    let sim = start();
    let mut first = Client::connect(&sim);
    let mut second = Client::service(&sim);
    for _ in 0..3 {
        first.get("/rest/v1/rpc/ping");
    }
    second.get("/rest/v1/blogs?limit=1");
    drop(first);
    assert!(sim.wait_until(|counters| counters.open == 1, LIMIT));
    let counters = sim.counters();
    assert_eq!((counters.opened, counters.open, counters.open_max), (2, 1, 2));
    assert_eq!((counters.requests, counters.in_flight, counters.in_flight_max), (4, 0, 1));
    let connections: Vec<(bool, u64)> =
        counters.connections.values().map(|own| (own.open, own.requests)).collect();
    assert_eq!(connections, [(false, 3), (true, 1)]);
}

#[test]
fn what_was_executed_is_logged() {
    let sim = start();
    let mut client = Client::service(&sim);
    client.post(
        "/rest/v1/blog_views",
        "",
        r#"[{"blog_id":1,"viewer":"v","request_key":"a"},{"blog_id":1,"viewer":"v","request_key":"b"}]"#,
    );
    client.post("/rest/v1/blog_views", "", r#"{"blog_id":1,"viewer":"v","request_key":"a"}"#);
    let counters = sim.counters();
    let log: Vec<(u16, &str)> = counters.executed.iter().map(|own| (own.status, own.path.as_str())).collect();
    assert_eq!(log, [(201, "/rest/v1/blog_views"), (409, "/rest/v1/blog_views")]);
    assert_eq!((counters.executed[0].role, counters.executed[0].connection), (Role::Service, 1));
    assert_eq!(counters.executed[0].keys, ["a", "b"]);
    assert_eq!((counters.key("a").attempted, counters.key("a").applied), (2, 1));
    assert_eq!((counters.key("never").attempted, counters.key("never").applied), (0, 0));
    client.call("PATCH", "/rest/v1/blog_views?request_key=eq.b", &[], r#"{"request_key":"a"}"#);
    assert!(sim.counters().keys_applied_twice().is_empty(), "it failed on the unique key");
    assert_eq!(sim.counters().executed_count("PATCH", "/rest/v1/blog_views"), 1);
}

#[test]
fn a_condition_can_be_awaited_without_any_runtime() {
    let sim = start();
    sim.inject(Fault::black_hole());
    let mut client = Client::connect(&sim);
    client.send("GET", "/rest/v1/rpc/ping", &[], "");
    let runtime =
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime without any driver");
    runtime.block_on(sim.until(|counters| counters.in_flight == 1));
    assert!(!sim.wait_until(|counters| counters.in_flight == 2, Duration::from_millis(1)));
}
