//! The server's own pool, statement timeouts, and answers that come from somewhere else.

use std::time::Duration;

use supabase_sim::{CannedAnswer, Fault, Stage};

use crate::support::{Client, LIMIT, start};

const PING: &str = "/rest/v1/rpc/ping";
const RECORD: &str = "/rest/v1/rpc/record_blog_view";
const FOREVER: Duration = Duration::from_secs(3600);

#[test]
fn too_much_at_once_waits_and_then_fails_with_pgrst003() {
    let sim = start();
    sim.configure(|settings| {
        settings.database.connections = 2;
        settings.database.acquisition_timeout = Duration::from_millis(30);
    });
    sim.inject(Fault::slow_query(FOREVER).times(2));
    let mut holders = [Client::service(&sim), Client::service(&sim)];
    for holder in &mut holders {
        holder.send("GET", PING, &[], "");
    }
    assert!(sim.wait_until(|counters| counters.database_running == 2, LIMIT));
    let refused = Client::service(&sim).get(PING);
    assert_eq!(refused.error(), (504, "PGRST003".to_owned()));
    assert_eq!(sim.counters().database_running_max, 2);
    drop(holders);
    assert!(sim.wait_until(|counters| counters.open == 0, LIMIT));
    assert_eq!(sim.counters().database_running, 2, "a statement goes on when its client has gone");
}

#[test]
fn who_waits_gets_the_next_free_place() {
    let sim = start();
    sim.configure(|settings| settings.database.connections = 1);
    let mut first = Client::connect(&sim);
    let mut second = Client::connect(&sim);
    first.send("GET", "/rest/v1/rpc/slow?ms=40", &[], "");
    assert!(sim.wait_until(|counters| counters.database_running == 1, LIMIT));
    second.send("GET", PING, &[], "");
    assert!(sim.wait_until(|counters| counters.database_waiting == 1, LIMIT));
    assert_eq!((first.receive("GET").body.as_str(), second.receive("GET").body.as_str()), ("40", "1"));
    assert_eq!(sim.counters().database_running_max, 1);
}

#[test]
fn a_statement_has_the_time_its_role_has() {
    let sim = start();
    sim.configure(|settings| settings.database.anon_statement_timeout = Duration::from_millis(20));
    let slow = "/rest/v1/rpc/slow?ms=40";
    assert_eq!(Client::connect(&sim).get(slow).error(), (500, "57014".to_owned()));
    assert_eq!(Client::service(&sim).get(slow).body, "40", "the service has no limit");
    sim.inject(Fault::slow_query(FOREVER));
    let body = r#"{"blog_id":1,"viewer":"me","request_key":"late"}"#;
    assert_eq!(Client::connect(&sim).call("POST", RECORD, &[], body).error(), (500, "57014".to_owned()));
    assert_eq!(sim.counters().key("late").attempted, 0, "it was cancelled before it wrote");
}

#[test]
fn a_write_goes_on_when_its_client_gives_up() {
    let sim = start();
    sim.inject(Fault::slow_query(Duration::from_millis(30)));
    let mut client = Client::connect(&sim);
    client.send("POST", RECORD, &[], r#"{"blog_id":1,"viewer":"me","request_key":"orphan"}"#);
    assert!(sim.wait_until(|counters| counters.database_running == 1, LIMIT));
    drop(client);
    assert!(sim.wait_until(|counters| counters.key("orphan").applied == 1, LIMIT));
}

#[test]
fn canned_answers_are_sent_as_they_are_made() {
    let sim = start();
    let json = "application/json; charset=utf-8";
    let html = "text/html; charset=UTF-8";
    for (answer, status, content_type, part) in [
        (CannedAnswer::no_database(), 503, json, "PGRST000"),
        (CannedAnswer::lost_backend(), 503, json, "PGRST001"),
        (CannedAnswer::schema_cache_missing(), 503, json, "PGRST002"),
        (CannedAnswer::pool_timeout(), 504, json, "PGRST003"),
        (CannedAnswer::statement_timeout(), 500, json, "57014"),
        (CannedAnswer::jwt_expired(), 401, json, "PGRST303"),
        (CannedAnswer::jwt_expired_v12(), 401, json, "PGRST301"),
        (CannedAnswer::jwt_issued_at_future(), 401, json, "issued at future"),
        (CannedAnswer::too_many_requests(Duration::from_secs(2)), 429, json, "rate limit"),
        (CannedAnswer::edge(502), 502, html, "<h1>Error 502</h1>"),
        (CannedAnswer::edge(521), 521, html, "<h1>Error 521</h1>"),
        (CannedAnswer::envoy_unreachable(), 503, "text/plain", "upstream connect error"),
        (CannedAnswer::kong_bad_gateway(), 502, json, "invalid response"),
        (CannedAnswer::project_paused(), 540, json, "paused"),
        (CannedAnswer::gateway_timeout(), 544, json, "timeout"),
        (CannedAnswer::html_ok(), 200, html, "sign in"),
    ] {
        sim.inject(Fault::answer(answer).times(1));
        let received = Client::connect(&sim).get(PING);
        assert_eq!((received.status, received.header("content-type")), (status, Some(content_type)));
        assert!(received.body.contains(part), "{}", received.body);
    }
    assert!(sim.counters().executed.is_empty());
}

#[test]
fn retry_after_is_sent_as_oddly_as_wanted() {
    let sim = start();
    for value in ["0", "8", "0, 7", "Wed, 21 Oct 2026 07:28:00 GMT"] {
        sim.inject(Fault::answer(CannedAnswer::no_database().retry_after(value)).times(1));
        assert_eq!(Client::connect(&sim).get(PING).header("retry-after"), Some(value));
    }
}

#[test]
fn another_answer_may_hide_that_the_write_was_done() {
    let sim = start();
    sim.inject(Fault::Answer { answer: CannedAnswer::lost_backend(), stage: Stage::AfterExecution }.times(1));
    let mut client = Client::connect(&sim);
    let body = r#"{"blog_id":1,"viewer":"me","request_key":"hidden"}"#;
    assert_eq!(client.call("POST", RECORD, &[], body).error(), (503, "PGRST001".to_owned()));
    assert_eq!(sim.counters().key("hidden").applied, 1);
}
