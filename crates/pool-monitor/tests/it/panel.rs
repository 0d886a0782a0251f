//! Routes, methods, and what every answer has.

use std::fs;

use http::{Method, Request, StatusCode};
use pool_async::pool_core::{CONNECTIONS_LIMIT, Config, EndpointSpec};
use pool_monitor::{Operation, Panel};

use crate::fake::Mood;
use crate::world::{OPERATOR, SECOND, World, ask, error, get, lazy};

const FILES: [(&str, &str); 3] = [
    ("/", "text/html; charset=utf-8"),
    ("/panel.css", "text/css; charset=utf-8"),
    ("/panel.js", "text/javascript; charset=utf-8"),
];
const READ: [(&str, &str); 3] = [
    ("/api/status", "application/json"),
    ("/metrics", "application/openmetrics-text; version=1.0.0; charset=utf-8"),
    ("/health", "text/plain; charset=utf-8"),
];
const OPERATE: &str = "/api/pools/main/resume";

fn methods() -> impl Iterator<Item = Method> {
    ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "BREW"]
        .into_iter()
        .map(|method| method.parse().unwrap())
}

#[test]
fn every_route_answers_to_its_methods_only() {
    let mut world = World::new();
    let _pool = world.watched("main", lazy(1));
    let panel = world.panel();
    for method in methods() {
        let reads = method == Method::GET || method == Method::HEAD;
        for (path, kind) in FILES.into_iter().chain(READ) {
            let answer = ask(&panel, method.clone(), path, Some(OPERATOR), "");
            if reads {
                assert_eq!(
                    (answer.status(), &answer.headers()["content-type"]),
                    (StatusCode::OK, &kind.parse().unwrap()),
                    "{path}"
                );
                assert!(!answer.headers().contains_key("allow"));
                continue;
            }
            assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!(answer.headers()["allow"], "GET, HEAD");
            assert_eq!(error(&answer), "this method is not for here: GET, HEAD");
        }
        let answer = ask(&panel, method.clone(), OPERATE, Some(OPERATOR), "");
        if method == Method::POST {
            assert_eq!((answer.status(), &answer.body()[..]), (StatusCode::OK, &b"{}"[..]));
            continue;
        }
        assert_eq!(
            (answer.status(), &answer.headers()["allow"]),
            (StatusCode::METHOD_NOT_ALLOWED, &"POST".parse().unwrap())
        );
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    let panel = World::new().panel();
    for path in [
        "/panel",
        "/index.html",
        "/api",
        "/api/",
        "/api/status/",
        "/api/pools",
        "/metrics/",
        "/../panel.js",
        "/%2e%2e/panel.js",
        "/panel.js%00",
        "/PANEL.JS",
        "/panel.js/",
        "/page.html",
        "/%6detrics",
        "/x//metrics",
    ] {
        for method in methods() {
            let answer = ask(&panel, method, path, Some(OPERATOR), "");
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
            assert_eq!(error(&answer), "there is nothing here: the panel's page is at its root");
        }
    }
}

#[test]
fn every_file_of_the_page_is_served_as_what_it_is() {
    let panel = World::new().panel();
    let mut served = 0;
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/page")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let address = if name == "page.html" { "/".to_owned() } else { format!("/{name}") };
        let answer = ask(&panel, Method::GET, &address, None, "");
        assert_eq!(
            (answer.status(), &answer.body()[..]),
            (StatusCode::OK, &*fs::read(&path).unwrap()),
            "{name}"
        );
        let kind = match path.extension().unwrap().to_str().unwrap() {
            "html" => "text/html; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            other => panic!("no media type is known of .{other}"),
        };
        assert_eq!(answer.headers()["content-type"], kind, "{name}");
        served += 1;
    }
    assert!(served >= FILES.len());
}

#[test]
fn a_size_that_no_pool_may_have_is_not_sent() {
    let page = String::from_utf8(get(&World::new().panel(), "/").body().to_vec()).unwrap();
    let limit = format!("max=\"{CONNECTIONS_LIMIT}\"");
    assert_eq!(page.matches(&limit).count(), 2, "the least and the most connections");
}

#[test]
fn the_page_needs_no_token_and_is_the_same_for_everybody() {
    let panel = World::new().panel();
    for (path, _) in FILES {
        let [all, one] = [None, Some(OPERATOR)].map(|token| ask(&panel, Method::GET, path, token, ""));
        assert_eq!((all.status(), all.body()), (StatusCode::OK, one.body()), "{path}");
    }
}

#[test]
fn every_answer_is_closed_to_other_pages_and_kept_nowhere() {
    let mut world = World::new();
    let _pool = world.watched("main", lazy(1));
    let panel = world.panel();
    let paths = FILES.into_iter().chain(READ).map(|(path, _)| path);
    let paths = paths.chain([
        OPERATE,
        "/nothing",
        "/api/status?after=x",
        "/api/pools/none/resume",
        "/api/pools/main/resize",
    ]);
    for path in paths {
        for (token, method) in
            [None, Some(OPERATOR)].into_iter().flat_map(|token| methods().map(move |method| (token, method)))
        {
            let answer = ask(&panel, method, path, token, "");
            let headers = answer.headers();
            assert_eq!(headers["cache-control"], "no-store", "{path}");
            assert_eq!(headers["x-content-type-options"], "nosniff");
            assert_eq!(headers["referrer-policy"], "no-referrer");
            let policy = headers["content-security-policy"].to_str().unwrap();
            for part in
                ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"]
            {
                assert!(policy.split("; ").any(|have| have == part), "{policy}");
            }
            assert!(
                !policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"),
                "{policy}"
            );
            assert!(!headers.contains_key("access-control-allow-origin"));
            assert!(headers.contains_key("content-type"));
        }
    }
}

#[test]
fn an_address_may_be_whole_or_below_a_prefix_that_was_stripped() {
    let panel = World::new().panel();
    for path in ["metrics", "/metrics", "//metrics", "http://localhost:9090/metrics", "/metrics?a=b"] {
        // Behind a router that strips a prefix, the path may come without its slash.
        let Ok(request) = Request::get(path).header("authorization", format!("Bearer {OPERATOR}")).body("")
        else {
            panic!("{path}");
        };
        let found = panel.answer(&request).status();
        let host = request.uri().path().is_empty();
        assert!(found == StatusCode::OK || host, "{path}: {found}");
    }
}

#[test]
fn health_names_the_pools_that_do_not_serve() {
    let mut world = World::new();
    let panel = world.panel();
    let health = |panel: &Panel| {
        let answer = get(panel, "/health");
        (answer.status().as_u16(), String::from_utf8(answer.body().to_vec()).unwrap())
    };
    assert_eq!(health(&panel), (200, "every pool serves\n".to_owned()), "there is none that does not");
    let main = world.watched("main", lazy(1));
    let other = world.watched("other", Config { min_connections: 1, ..lazy(1) });
    assert_eq!(health(&panel).0, 200);
    main.suspend();
    let ill = (503, format!("main: {}\n", main.status()));
    assert_eq!(health(&panel), ill, "the other one serves");
    main.resume();
    assert_eq!(health(&panel).0, 200);
    main.backend().connects(Mood::Refuses("down"));
    world.acquire(&main).unwrap_err();
    assert_eq!(health(&panel).0, 503, "no endpoint, and nothing open");
    main.backend().connects(Mood::Answers);
    world.advance(60 * SECOND);
    drop(world.lease(&main));
    assert_eq!(health(&panel).0, 200);
    let held = world.lease(&main);
    world.monitor.operate("main", Operation::Resize { min: 0, max: 2 }).unwrap();
    main.backend().connects(Mood::Refuses("down"));
    world.acquire(&main).unwrap_err();
    assert_eq!(main.status().endpoints_up, 0);
    assert_eq!(health(&panel).0, 200, "what is open serves");
    drop(held);
    other.drain_endpoint(other.endpoints()[0].id);
    world.settle();
    assert_eq!(health(&panel), (503, format!("other: {}\n", other.status())), "it has nowhere to go");
    other.add_endpoint(EndpointSpec::default());
    let lease = world.lease(&other);
    drop(other);
    world.settle();
    assert_eq!(health(&panel).0, 503, "it is draining");
    drop(lease);
}
