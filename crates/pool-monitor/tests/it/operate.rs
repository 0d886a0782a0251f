//! Operations: from whom, on what, with which words.

use http::StatusCode;
use pool_async::pool_core::{Config, Phase};
use pool_monitor::{OperateError, Operation};

use crate::world::{World, error, get, lazy, post, read_json};

#[test]
fn operations_do_what_they_say_and_are_noted() {
    let mut world = World::new();
    let pool = world.watched("main", Config { min_connections: 1, ..lazy(2) });
    let panel = world.panel();
    let ok = |path: &str, body: &str| {
        let answer = post(&panel, &format!("/api/pools/main/{path}"), body);
        assert_eq!((answer.status(), &answer.body()[..]), (StatusCode::OK, &b"{}"[..]), "{path}");
    };
    ok("suspend", "");
    assert_eq!(pool.status().phase, Phase::Suspended);
    ok("resume", "garbage that nobody reads");
    assert_eq!(pool.status().phase, Phase::Running);
    ok("invalidate", "");
    assert_eq!(pool.status().generation, 1);
    ok("resize", r#" { "max" : 7 , "min" : 3 , "colour" : [[{}]] } "#);
    assert_eq!((pool.status().min, pool.status().max), (3, 7));
    let log = world.monitor.view("main").unwrap().log;
    let said: Vec<&str> = log.iter().map(|entry| &*entry.text).collect();
    assert_eq!(
        said,
        [
            "suspended by an operator",
            "resumed by an operator",
            "every connection is replaced: an operator asked for it",
            "resized by an operator: 3 to 7 connections",
        ]
    );
}

#[test]
fn a_resize_that_is_no_size_changes_nothing() {
    let mut world = World::new();
    let pool = world.watched("main", lazy(2));
    let panel = world.panel();
    let deep = "[".repeat(100_000);
    for body in [
        "",
        "null",
        "{}",
        "[]",
        "7",
        "{\"min\":1}",
        "{\"max\":2}",
        "{\"min\":\"1\",\"max\":2}",
        "{\"min\":-1,\"max\":2}",
        "{\"min\":1.5,\"max\":2}",
        "{\"min\":1e0,\"max\":2}",
        "{\"min\":1,\"max\":4294967296}",
        "{\"min\":1,\"max\":2",
        "{\"min\":1,\"max\":2}x",
        "{\"min\":1,\"max\":2,\"max\":3}",
        "{\"min\":null,\"max\":2}",
        "\u{0}",
        &deep,
    ] {
        let answer = post(&panel, "/api/pools/main/resize", body);
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{body}");
        let why = error(&answer);
        assert!(why.starts_with("a resize wants a body such as {\"min\":2,\"max\":10}: "), "{why}");
    }
    for (min, max) in [(3, 2), (0, 0), (0, u32::MAX), (u32::MAX, u32::MAX)] {
        let answer = post(&panel, "/api/pools/main/resize", &format!("{{\"min\":{min},\"max\":{max}}}"));
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{min} {max}");
        let why = error(&answer);
        assert!(why.starts_with("the pool's configuration is not valid: "), "{why}");
        let refused = world.monitor.operate("main", Operation::Resize { min, max }).unwrap_err();
        assert_eq!(refused.to_string(), why);
    }
    assert_eq!((pool.status().min, pool.status().max), (0, 2));
    assert_eq!(world.monitor.view("main").unwrap().log, [], "what was not done is not noted");
}

#[test]
fn a_name_may_be_any_text() {
    let names = [
        "a/b",
        "/",
        "//",
        "a/suspend",
        "50%",
        "%2F",
        "%",
        "a b",
        "a+b",
        "ü💧",
        "..",
        "?#&=",
        "\"\\\n\t\0",
        "<script>",
        "suspend",
        "api/pools/x/resume",
    ];
    let mut world = World::new();
    let pools = names.map(|name| world.watched(name, lazy(1)));
    let panel = world.panel();
    for (name, pool) in names.iter().zip(&pools) {
        let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
        let answer = post(&panel, &format!("/api/pools/{encoded}/suspend"), "");
        assert_eq!(answer.status(), StatusCode::OK, "{name}");
        let suspended = pools.iter().filter(|pool| pool.status().phase == Phase::Suspended).count();
        assert_eq!((suspended, pool.status().phase), (1, Phase::Suspended), "it and no other: {name}");
        pool.resume();
        let status = read_json(&get(&panel, &format!("/api/status?pool={encoded}")));
        for row in status["pools"].as_array().unwrap() {
            assert_eq!(row.get("detail").is_some(), row["name"] == **name, "{name}");
        }
    }
    let slashes = post(&panel, "/api/pools/a/b/suspend", "");
    assert_eq!(slashes.status(), StatusCode::OK, "a slash may come as it is");
    assert_eq!(pools[0].status().phase, Phase::Suspended);
}

#[test]
fn what_is_not_there_is_named() {
    let mut world = World::new();
    let _pool = world.watched("main", lazy(1));
    let panel = world.panel();
    let refused = |path: &str| {
        let answer = post(&panel, &format!("/api/pools/{path}"), "");
        (answer.status().as_u16(), error(&answer))
    };
    assert_eq!(refused("none/suspend"), (404, "no pool is named `none`".to_owned()));
    assert_eq!(refused("/suspend"), (404, "no pool is named ``".to_owned()));
    assert_eq!(refused("%FF/suspend"), (404, "no pool is named `\u{fffd}`".to_owned()));
    let unknown = "no operation is called `close`: there are suspend, resume, invalidate and resize";
    assert_eq!(refused("main/close"), (404, unknown.to_owned()));
    let unknown = "no operation is called `SUSPEND`: there are suspend, resume, invalidate and resize";
    assert_eq!(refused("main/SUSPEND"), (404, unknown.to_owned()));
    let unknown = "no operation is called ``: there are suspend, resume, invalidate and resize";
    assert_eq!(refused("main/"), (404, unknown.to_owned()));
    for path in ["", "suspend", "main%2Fsuspend"] {
        assert_eq!(refused(path), (404, "an operation is at api/pools/NAME/OPERATION".to_owned()), "{path}");
    }
    assert_eq!(
        world.monitor.operate("none", Operation::Resume),
        Err(OperateError::NoPool("none".to_owned()))
    );
}

#[test]
fn a_closed_pool_is_left_alone() {
    let mut world = World::new();
    let pool = world.watched("main", lazy(1));
    let panel = world.panel();
    drop(pool);
    world.settle();
    for operation in ["suspend", "resume", "invalidate"] {
        let answer = post(&panel, &format!("/api/pools/main/{operation}"), "");
        assert_eq!(
            (answer.status(), error(&answer)),
            (StatusCode::CONFLICT, "the pool `main` is closed".to_owned())
        );
    }
    let answer = post(&panel, "/api/pools/main/resize", "{\"min\":1,\"max\":1}");
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    assert_eq!(world.monitor.view("main").unwrap().log, []);
}
