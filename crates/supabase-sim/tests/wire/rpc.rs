//! Functions.

use serde_json::json;

use crate::support::{Client, start};

#[test]
fn ping_answers_one_to_every_verb_it_allows() {
    let sim = start();
    let mut client = Client::connect(&sim);
    for (method, body) in [("GET", ""), ("POST", ""), ("POST", "{}")] {
        let answer = client.call(method, "/rest/v1/rpc/ping", &[], body);
        assert_eq!((answer.status, answer.body.as_str()), (200, "1"), "{method} {body}");
    }
    assert_eq!(client.call("HEAD", "/rest/v1/rpc/ping", &[], "").status, 200);
    assert_eq!(client.call("PATCH", "/rest/v1/rpc/ping", &[], "{}").error(), (405, "PGRST101".to_owned()));
}

#[test]
fn a_view_is_recorded_once_per_key() {
    let sim = start();
    let mut client = Client::connect(&sim);
    let target = "/rest/v1/rpc/record_blog_view";
    let body = json!({ "blog_id": 9, "viewer": "me", "request_key": "k1" }).to_string();
    assert_eq!(client.call("POST", target, &[], &body).body, "1");
    assert_eq!(client.call("POST", target, &[], &body).body, "1", "the same key changes nothing");
    assert_eq!(client.call("POST", target, &[], r#"{"blog_id":9,"viewer":"me"}"#).body, "2");
    let key = sim.counters().key("k1");
    assert_eq!((key.attempted, key.applied), (2, 1));
    assert!(sim.counters().keys_applied_twice().is_empty());
    let nowhere = client.call("POST", target, &[], r#"{"blog_id":99,"viewer":"me","request_key":"k2"}"#);
    assert_eq!(nowhere.error(), (409, "23503".to_owned()));
    let key = sim.counters().key("k2");
    assert_eq!((key.attempted, key.applied), (1, 0));
    let by_get = client.get(&format!("{target}?blog_id=9&viewer=me"));
    assert_eq!(by_get.error(), (405, "25006".to_owned()));
}

#[test]
fn rows_of_a_function_are_read_like_a_table() {
    let sim = start();
    let mut client = Client::connect(&sim);
    let all = client.call(
        "POST",
        "/rest/v1/rpc/blog_analytics?limit=2",
        &[("prefer", "count=exact")],
        r#"{"days":1}"#,
    );
    let first = json!({
        "slug": "reading-a-query-plan", "title": "Reading a query plan", "views": 3, "unique_viewers": 3
    });
    assert_eq!((all.status, all.header("content-range"), &all.json()[0]), (206, Some("0-1/10"), &first));
    let filtered =
        client.get("/rest/v1/rpc/blog_analytics?days=1&select=slug,views&views=lt.3&order=slug.desc&limit=1");
    assert_eq!(filtered.column("slug"), "\"unicode-title\"");
    let hidden = client.get("/rest/v1/rpc/blog_analytics?days=1&select=slug&views=lt.3");
    assert_eq!(hidden.error(), (400, "42703".to_owned()), "only what is selected can be filtered by");
    let nothing = client.get("/rest/v1/rpc/blog_analytics?days=0&select=views&views=gt.0");
    assert_eq!(nothing.body, "[]");
}

#[test]
fn a_call_must_fit_a_function() {
    let sim = start();
    let mut client = Client::connect(&sim);
    for target in ["nope", "slow", "slow?ms=1&more=2", "ping?select=x", "blog_analytics?weeks=2"] {
        let answer = client.get(&format!("/rest/v1/rpc/{target}"));
        assert_eq!(answer.error(), (404, "PGRST202".to_owned()), "{target}");
    }
    let message = client.get("/rest/v1/rpc/nope?b=1&a=2").json()["message"].clone();
    assert_eq!(message, "Could not find the function public.nope(a, b) in the schema cache");
    assert_eq!(client.get("/rest/v1/rpc/slow?ms=soon").error(), (400, "22P02".to_owned()));
    assert_eq!(client.call("POST", "/rest/v1/rpc/ping", &[], "[]").error(), (400, "PGRST127".to_owned()));
    assert_eq!(client.call("POST", "/rest/v1/rpc/ping", &[], "{").error(), (400, "PGRST102".to_owned()));
    assert_eq!(client.get("/rest/v1/rpc/slow?ms=1").body, "1");
}
