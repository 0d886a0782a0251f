//! Who may read, who may operate, and that no token is ever shown.

use http::{Method, Request, StatusCode};
use pool_monitor::{Monitor, Panel, TOKEN_MIN};

use crate::world::{OPERATOR, READER, World, ask, error, lazy, read_json};

const WANTED: &str = "a token is wanted, or another one than this: send `Authorization: Bearer` with it";

/// What reading and operating answer to whoever sends this.
fn statuses(panel: &Panel, authorization: &[&str]) -> [u16; 2] {
    let ask = |method: Method, path: &str| {
        let mut request = Request::builder().method(method).uri(path);
        for value in authorization {
            request = request.header("authorization", *value);
        }
        let answer = panel.answer(&request.body("").unwrap());
        if answer.status() == StatusCode::UNAUTHORIZED {
            assert_eq!(answer.headers()["www-authenticate"], "Bearer");
            assert_eq!(error(&answer), WANTED);
        }
        answer.status().as_u16()
    };
    [ask(Method::GET, "/metrics"), ask(Method::POST, "/api/pools/main/suspend")]
}

#[test]
fn a_token_opens_what_it_is_for() {
    let mut world = World::new();
    let _pool = world.watched("main", lazy(1));
    let panel = world.panel();
    let bearer = |token: &str| format!("Bearer {token}");
    assert_eq!(statuses(&panel, &[]), [401, 401]);
    assert_eq!(statuses(&panel, &[&bearer(READER)]), [200, 401], "who reads does not operate");
    assert_eq!(statuses(&panel, &[&bearer(OPERATOR)]), [200, 200], "who operates reads");
    for scheme in ["bearer", "BEARER", "bEaReR"] {
        assert_eq!(statuses(&panel, &[&format!("{scheme} {OPERATOR}")]), [200, 200], "{scheme}");
    }
    assert_eq!(statuses(&panel, &[&format!("Bearer   {OPERATOR} ")]), [200, 200], "spaces around it");
    for wrong in [
        bearer(""),
        "Bearer".to_owned(),
        OPERATOR.to_owned(),
        format!("Basic {OPERATOR}"),
        format!("Token {OPERATOR}"),
        format!("Bearer{OPERATOR}"),
        format!("Bearer: {OPERATOR}"),
        bearer(&OPERATOR[1..]),
        bearer(&OPERATOR[..OPERATOR.len() - 1]),
        bearer(&OPERATOR.to_uppercase()),
        bearer(&format!("{OPERATOR}x")),
        bearer(&format!("{OPERATOR},{OPERATOR}")),
        bearer(&format!("{OPERATOR} {OPERATOR}")),
        bearer(&format!("{READER}{OPERATOR}")),
    ] {
        assert_eq!(statuses(&panel, &[&wrong]), [401, 401], "{wrong}");
    }
    let two = [bearer("another-token-another"), bearer(OPERATOR)];
    assert_eq!(statuses(&panel, &[&two[0], &two[1]]), [401, 401], "the first one counts");
}

#[test]
fn bytes_that_are_no_text_are_no_token() {
    let panel = World::new().panel();
    let value = http::HeaderValue::from_bytes(b"Bearer \xff\xfe").unwrap();
    let request = Request::get("/metrics").header("authorization", value).body("").unwrap();
    assert_eq!(panel.answer(&request).status(), StatusCode::UNAUTHORIZED);
}

#[test]
fn a_token_in_the_address_or_a_cookie_opens_nothing() {
    let panel = World::new().panel();
    for path in ["/metrics?token=", "/metrics?access_token=", "/api/status?authorization=Bearer%20"] {
        let request = Request::get(format!("{path}{OPERATOR}")).header("cookie", format!("token={OPERATOR}"));
        assert_eq!(panel.answer(&request.body("").unwrap()).status(), StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[test]
fn without_tokens_all_can_be_read_and_nothing_changed() {
    let mut world = World::new();
    let _pool = world.watched("main", lazy(1));
    let open = Panel::new(world.monitor.clone());
    let told = |panel: &Panel, token: Option<&str>| {
        read_json(&ask(panel, Method::GET, "/api/status", token, ""))["operations"].clone()
    };
    assert_eq!(told(&open, None), "off");
    for token in [None, Some(""), Some(OPERATOR)] {
        let refused = ask(&open, Method::POST, "/api/pools/main/suspend", token, "");
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
        let why = "nothing can be changed here: the panel was made without a token for operators";
        assert_eq!(error(&refused), why);
    }
    let readers = open.clone().readers(READER).unwrap();
    assert_eq!(told(&readers, Some(READER)), "off");
    let refused = ask(&readers, Method::POST, "/api/pools/main/suspend", Some(READER), "");
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let operators = open.operators(OPERATOR).unwrap();
    assert_eq!(told(&operators, None), "locked", "everybody reads");
    assert_eq!(told(&operators, Some(READER)), "locked");
    assert_eq!(told(&operators, Some(OPERATOR)), "open");
}

#[test]
fn who_may_not_operate_learns_nothing_of_the_pools() {
    let mut world = World::new();
    let _pool = world.watched("main", lazy(1));
    let panel = world.panel();
    let answers = ["main/suspend", "none/suspend", "main/explode", "", "main/resize"]
        .map(|path| ask(&panel, Method::POST, &format!("/api/pools/{path}"), Some(READER), "garbage"));
    for answer in &answers {
        assert_eq!((answer.status(), answer.body()), (answers[0].status(), answers[0].body()));
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    }
}

#[test]
fn tokens_that_can_be_guessed_or_not_sent_are_refused() {
    let refused = |token: &str| {
        let panel = || Panel::new(Monitor::new());
        let (reader, operator) = (panel().readers(token).unwrap_err(), panel().operators(token).unwrap_err());
        assert_eq!(reader, operator);
        reader.to_string()
    };
    let short = |length: usize| {
        format!(
            "the token has {length} characters, and at least 16 are wanted: take it from `openssl rand -hex 16`, for one"
        )
    };
    assert_eq!(refused(""), short(0));
    assert_eq!(refused("fifteen-letters"), short(15));
    let place = |place: usize| {
        format!(
            "the token has a character at place {place} that cannot be sent in a header: use visible ASCII"
        )
    };
    assert_eq!(refused("a token of sixteen or more"), place(2));
    assert_eq!(refused("sixteen-letters\n"), place(16));
    assert_eq!(refused("ä-secret-that-is-long"), place(1));
    assert_eq!(refused("four\0"), place(5), "what cannot be sent is said first");
    assert_eq!("sixteen-letters!".len(), TOKEN_MIN);
    Panel::new(Monitor::new()).operators("sixteen-letters!").unwrap();
}

#[test]
fn no_token_is_ever_shown() {
    let mut world = World::new();
    let _pool = world.watched("main", lazy(1));
    let panel = world.panel();
    let mut shown = format!("{panel:?} {panel:#?} {:?}", panel.monitor());
    for token in [None, Some(READER), Some(OPERATOR)] {
        for (method, path) in [
            (Method::GET, "/"),
            (Method::GET, "/panel.js"),
            (Method::GET, "/api/status"),
            (Method::GET, "/api/status?after=x"),
            (Method::GET, "/metrics"),
            (Method::GET, "/health"),
            (Method::GET, "/nothing"),
            (Method::PUT, "/metrics"),
            (Method::POST, "/api/pools/main/suspend"),
            (Method::POST, "/api/pools/none/suspend"),
            (Method::POST, "/api/pools/main/explode"),
            (Method::POST, "/api/pools/main/resize"),
        ] {
            let answer = ask(&panel, method, path, token, "");
            shown += &format!("{:?}{}", answer.headers(), String::from_utf8_lossy(answer.body()));
        }
    }
    let bad = "secret-with-ä-in-it";
    shown += &format!("{:?}", panel.clone().readers(bad).unwrap_err());
    for secret in [READER, OPERATOR, "secret-with"] {
        assert!(!shown.contains(secret), "{secret} is shown");
    }
    assert!(shown.contains("Token(…)"));
}
