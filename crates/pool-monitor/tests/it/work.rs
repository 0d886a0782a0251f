//! What is done over a pool is shown with it.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pool_async::pool_core::Histogram;
use pool_monitor::{Monitor, Work};
use serde_json::{Value, json};

use crate::openmetrics::read;
use crate::world::{World, get, lazy, read_json};

/// Work of this name, of which so many have succeeded.
fn work(name: &str, succeeded: u64) -> Work {
    Work { name: Cow::Owned(name.to_owned()), succeeded, ..Work::default() }
}

fn rows(world: &World) -> (Value, Value) {
    let mut answer = read_json(&get(&world.panel(), "/api/status"));
    let detail = &mut answer["pools"][0]["detail"];
    (detail["work"].take(), detail["work_total"].take())
}

#[test]
fn each_kind_of_work_is_a_row_with_its_times() {
    let mut world = World::new();
    let _pool = world.watched("main", lazy(1));
    assert_eq!(rows(&world), (json!([]), json!(0)), "nobody counts any");
    let mut time = Histogram::default();
    for ms in [10, 20, 30] {
        time.record(Duration::from_millis(ms));
    }
    let read = Work { in_flight: 4, failed: 3, dropped: 2, time, ..work("read", 7) };
    let all = vec![read, work("write", 0), work("read", 99)];
    world.monitor.watch_work("main", move || all.clone()).unwrap();
    let (rows, total) = rows(&world);
    let untimed = json!({
        "id": "write", "in_flight": 0, "succeeded": 0, "failed": 0, "dropped": 0,
        "time_p50_ms": null, "time_p95_ms": null, "time_p99_ms": null,
    });
    assert_eq!((&rows[1], &total), (&untimed, &json!(2)), "of one name there is one row");
    let row = &rows[0];
    assert_eq!(
        [&row["id"], &row["in_flight"], &row["succeeded"], &row["failed"], &row["dropped"]],
        [&json!("read"), &json!(4), &json!(7), &json!(3), &json!(2)]
    );
    let median = row["time_p50_ms"].as_f64().unwrap();
    assert!((20.0..25.0).contains(&median), "{median}");
    assert_eq!((&row["time_p95_ms"], &row["time_p99_ms"]), (&json!(30.0), &json!(30.0)));
}

#[test]
fn metrics_have_a_series_for_each_kind_of_work_and_end() {
    let mut world = World::new();
    let _pool = world.watched("main", lazy(1));
    let mut time = Histogram::default();
    time.record(Duration::from_millis(250));
    let all =
        vec![Work { in_flight: 4, failed: 3, dropped: 2, time, ..work("a \"read\"", 7) }, work("write", 1)];
    world.monitor.watch_work("main", move || all.clone()).unwrap();
    let text = world.monitor.metrics();
    let told = read(&text).unwrap_or_else(|why| panic!("{why}\n{text}"));
    let pool = ("db_client_connection_pool_name", "main");
    let of = ("work", "a \"read\"");
    for (word, count) in [("succeeded", 7.0), ("failed", 3.0), ("dropped", 2.0)] {
        assert_eq!(told.value("pool_work", "_total", &[pool, of, ("outcome", word)]), count, "{word}");
    }
    assert_eq!(told.value("pool_work_in_flight", "", &[pool, of]), 4.0);
    assert_eq!(told.value("pool_work_time_seconds", "_count", &[pool, of]), 1.0);
    assert_eq!(told.value("pool_work_time_seconds", "_sum", &[pool, of]), 0.25);
    assert_eq!(told.value("pool_work", "_total", &[pool, ("work", "write"), ("outcome", "succeeded")]), 1.0);
}

#[test]
fn work_over_a_pool_that_nobody_watches_is_refused() {
    let error = Monitor::new().watch_work("main", Vec::new).unwrap_err();
    assert_eq!(error.to_string(), "no pool named `main` is watched: watch it first");
}

#[test]
fn whoever_counts_anew_takes_the_place_of_the_former_and_both_are_let_go() {
    let mut world = World::new();
    let _pool = world.watched("main", lazy(1));
    let counted = Arc::new(());
    for succeeded in [1, 2] {
        let counted = Arc::clone(&counted);
        let count = move || {
            let _counted = &counted;
            vec![work("read", succeeded)]
        };
        world.monitor.watch_work("main", count).unwrap();
    }
    assert_eq!((rows(&world).0[0]["succeeded"].as_u64(), Arc::strong_count(&counted)), (Some(2), 2));
    world.monitor.unwatch("main");
    assert_eq!(Arc::strong_count(&counted), 1, "it ends with the watching");
}

#[test]
fn whoever_counts_may_call_the_monitor() {
    thread_local! { static ASKED: Cell<u32> = const { Cell::new(0) } }
    let mut world = World::new();
    let _pool = world.watched("main", lazy(1));
    let monitor = Mutex::new(Some(world.monitor.clone()));
    let count = move || {
        ASKED.set(ASKED.get() + 1);
        if let Some(monitor) = monitor.lock().unwrap().take() {
            monitor.view("main").unwrap();
            monitor.sample();
            monitor.watch_work("main", || vec![work("later", 1)]).unwrap();
        }
        vec![work("now", 1)]
    };
    world.monitor.watch_work("main", count).unwrap();
    assert_eq!(rows(&world).0[0]["id"], json!("now"));
    assert_eq!(rows(&world).0[0]["id"], json!("later"));
    assert_eq!(ASKED.get(), 1, "once per answer");
}
