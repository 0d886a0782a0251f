//! What the page is told.

use http::StatusCode;
use pool_async::pool_core::{Config, FaultClass, Outcome};
use pool_monitor::{Operation, Panel};
use serde_json::{Value, json};

use crate::fake::Mood;
use crate::world::{World, error, get, lazy, read_json};

#[track_caller]
fn status(panel: &Panel, query: &str) -> Value {
    let answer = get(panel, &format!("/api/status{query}"));
    assert_eq!(answer.status(), StatusCode::OK, "{query}");
    read_json(&answer)
}

fn seqs(rows: &Value) -> Vec<u64> {
    rows.as_array().unwrap().iter().map(|row| row["seq"].as_u64().unwrap()).collect()
}

/// The numbers of the points and of the notices that come with the first pool.
fn news(panel: &Panel, query: &str) -> (Vec<u64>, Vec<u64>) {
    let detail = &status(panel, query)["pools"][0]["detail"];
    (seqs(&detail["points"]), seqs(&detail["notices"]))
}

#[test]
fn the_page_is_told_what_it_does_not_have_yet() {
    let mut world = World::new();
    let _pool = world.watched("main", lazy(1));
    let panel = world.panel();
    for _ in 0..3 {
        world.interval();
        world.monitor.operate("main", Operation::Resume).unwrap();
    }
    let all = (vec![1, 2, 3], vec![1, 2, 3]);
    assert_eq!(news(&panel, ""), all);
    assert_eq!(news(&panel, "?after=2&notices=1"), (vec![3], vec![2, 3]));
    assert_eq!(news(&panel, "?after=3&notices=3&pool=main"), (vec![], vec![]));
    assert_eq!(news(&panel, "?after=0&notices=0&later=words&=&&x"), all);
    assert_eq!(news(&panel, "?after=3&notices=3&pool=another"), all, "of this one it has nothing");
}

#[test]
fn a_page_from_before_a_restart_is_told_everything() {
    let mut world = World::new();
    let _pool = world.watched("main", lazy(1));
    let panel = world.panel();
    assert_eq!(news(&panel, "?after=77&notices=88"), (vec![], vec![]));
    world.interval();
    world.monitor.operate("main", Operation::Resume).unwrap();
    let all = (vec![1], vec![1]);
    assert_eq!(news(&panel, "?after=77&notices=88"), all);
    let most = u64::MAX;
    assert_eq!(news(&panel, &format!("?after={most}&notices={most}")), all);
    assert_eq!(news(&panel, "?after=77&notices=1"), all, "numbers of one life belong together");
    assert_eq!(news(&panel, "?after=1&notices=88"), all);
}

#[test]
fn garbage_in_the_query_is_named() {
    let panel = World::new().panel();
    for (query, why) in [
        ("?after=x", "after is `x`, and a whole number is wanted"),
        ("?after=", "after is ``, and a whole number is wanted"),
        ("?after=-1", "after is `-1`, and a whole number is wanted"),
        ("?notices=1.5", "notices is `1.5`, and a whole number is wanted"),
        ("?notices=18446744073709551616", "notices is `18446744073709551616`, and a whole number is wanted"),
        ("?after=1&after=%31", "after is `%31`, and a whole number is wanted"),
    ] {
        let answer = get(&panel, &format!("/api/status{query}"));
        assert_eq!((answer.status(), error(&answer)), (StatusCode::BAD_REQUEST, why.to_owned()));
    }
    for query in ["?", "?after", "?pool=%FF%00%", "?pool", "?&&==&", "?pool=a&pool=b"] {
        assert_eq!(status(&panel, query)["pools"], json!([]), "{query}");
    }
}

#[test]
fn only_one_pool_is_told_in_detail() {
    let mut world = World::new();
    let _pools = ["one", "two", "a b"].map(|name| world.watched(name, lazy(1)));
    let panel = world.panel();
    for (query, place) in
        [("", 0), ("?pool=one", 0), ("?pool=two", 1), ("?pool=a+b", 2), ("?pool=a%20b", 2), ("?pool=x", 0)]
    {
        let rows = status(&panel, query);
        let detailed: Vec<bool> =
            rows["pools"].as_array().unwrap().iter().map(|row| row.get("detail").is_some()).collect();
        assert_eq!(detailed, [0, 1, 2].map(|n| n == place), "{query}");
    }
}

#[test]
fn what_is_not_known_is_null() {
    let mut world = World::new();
    let pool = world.watched("main", Config { min_connections: 1, ..lazy(1) });
    let panel = world.panel();
    world.monitor.sample();
    let row = &status(&panel, "")["pools"][0];
    for figure in ["response_p50_ms", "response_p95_ms", "response_p99_ms", "wait_p99_ms"] {
        assert_eq!(row["kpis"][figure], Value::Null, "{figure}");
    }
    assert_eq!(row["kpis"]["throughput"], 0.0);
    assert_eq!(row["status"]["oldest_wait_ms"], Value::Null);
    let point = &row["detail"]["points"][0];
    assert_eq!((&point["response_p50_ms"], &point["wait_p99_ms"]), (&Value::Null, &Value::Null));
    let connection = &row["detail"]["connections"][0];
    assert_eq!((&connection["label"], &connection["mark"]), (&json!("fake 1"), &Value::Null));
    assert_eq!((&connection["lifecycle"], &connection["in_use"]), (&json!("idle"), &json!(0)));
    let endpoint = &row["detail"]["endpoints"][0];
    assert_eq!((&endpoint["retry_in_ms"], &endpoint["error"]), (&Value::Null, &Value::Null));
    let _lease = world.lease(&pool);
    world.interval();
    let connection = &status(&panel, "")["pools"][0]["detail"]["connections"][0];
    assert_eq!((&connection["idle_ms"], &connection["lifecycle"]), (&json!(0.0), &json!("in use")));
}

#[test]
fn callers_who_got_no_connection_are_among_the_failures() {
    let mut world = World::new();
    let pool = world.watched("main", lazy(1));
    for outcome in [Outcome::Success, Outcome::Success, Outcome::fault(FaultClass::Endpoint)] {
        world.use_once(&pool, outcome);
    }
    let lease = world.lease(&pool);
    world.acquire(&pool).unwrap_err();
    world.interval();
    assert_eq!(
        status(&world.panel(), "")["pools"][0]["kpis"]["failed"],
        0.5,
        "a fault and a refusal, of four"
    );
    drop(lease);
}

#[test]
fn an_endpoint_says_why_it_cannot_be_reached() {
    let mut world = World::new();
    let pool = world.watched("main", lazy(1));
    pool.backend().connects(Mood::Refuses("<b>down</b>"));
    world.acquire(&pool).unwrap_err();
    let detail = &status(&world.panel(), "")["pools"][0]["detail"];
    let endpoint = &detail["endpoints"][0];
    assert_eq!((&endpoint["error"], &endpoint["failures"]), (&json!("refused: <b>down</b>"), &json!(1)));
    assert!(endpoint["retry_in_ms"].as_f64().unwrap() > 0.0);
    assert_eq!(
        (&detail["totals"]["unavailable"], &detail["totals"]["connect_failures"]),
        (&json!(1), &json!(1))
    );
}

#[test]
fn an_error_is_shown_up_to_a_length() {
    let mut world = World::new();
    let pool = world.watched("main", lazy(1));
    let page: &'static str = Box::leak("<p>ü</p>".repeat(100_000).into_boxed_str());
    pool.backend().connects(Mood::Refuses(page));
    world.acquire(&pool).unwrap_err();
    let detail = &status(&world.panel(), "")["pools"][0]["detail"];
    let shown = detail["endpoints"][0]["error"].as_str().unwrap();
    assert_eq!(shown.chars().count(), 301);
    assert!(shown.starts_with("refused: <p>ü</p><p>") && shown.ends_with('…'), "{shown}");
}

#[test]
fn of_many_connections_some_are_listed_and_all_counted() {
    let mut world = World::new();
    let pool = world.watched("main", Config { connects_max: 250, ..lazy(250) });
    let leases: Vec<_> = (0..250).map(|_| world.lease(&pool)).collect();
    let detail = &status(&world.panel(), "")["pools"][0]["detail"];
    assert_eq!(detail["connections_total"], 250);
    assert_eq!(detail["connections"].as_array().unwrap().len(), 200);
    drop(leases);
}

/// Everything in it is finite and no time is negative: serde would write `null` for what is not.
fn numbers(value: &Value, name: &str, nulls: &mut Vec<String>) {
    match value {
        Value::Number(number) => assert!(number.as_f64().unwrap() >= 0.0, "{name} is {number}"),
        Value::Null => nulls.push(name.to_owned()),
        Value::Array(rows) => rows.iter().for_each(|row| numbers(row, name, nulls)),
        Value::Object(rows) => rows.iter().for_each(|(name, row)| numbers(row, name, nulls)),
        Value::Bool(_) | Value::String(_) => {}
    }
}

#[test]
fn every_number_is_one() {
    let mut world = World::new();
    let pool = world.watched("main", lazy(2));
    let panel = world.panel();
    let nullable =
        ["label", "mark", "idle_ms", "proven_ms", "retry_in_ms", "error", "oldest_wait_ms", "quiet_ms"];
    let may = |name: &String| nullable.contains(&&**name) || name.contains("_p");
    for step in 0..40_u32 {
        match step % 4 {
            0 => world.use_once(&pool, Outcome::fault(FaultClass::Saturation)),
            1 => world.interval(),
            // Twice at one moment, and after a year.
            2 => world.monitor.sample(),
            _ => world.clock.advance(step / 20 * pool_async::pool_core::DURATION_LIMIT),
        }
        world.settle();
        let mut nulls = Vec::new();
        numbers(&status(&panel, ""), "", &mut nulls);
        assert!(nulls.iter().all(may), "{nulls:?}");
    }
    assert_eq!(status(&panel, "")["interval_ms"], 1000.0);
}

#[test]
fn settings_are_told_in_words() {
    let mut world = World::new();
    let _pool = world.watched("main", lazy(3));
    let detail = &status(&world.panel(), "")["pools"][0]["detail"];
    let settings = detail["settings"].as_array().unwrap();
    let of = |name: &str| settings.iter().find(|row| row[0] == name).unwrap()[1].as_str().unwrap().to_owned();
    assert_eq!((of("max_connections"), of("acquire_timeout")), ("3".to_owned(), "10s".to_owned()));
    assert_eq!((of("waiters_max"), of("leak_after")), ("10 per connection".to_owned(), "off".to_owned()));
}
