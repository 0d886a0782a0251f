//! Answers: any status, headers and body, which may echo the key of the request.
//!
//! Whatever comes is read without panic, blamed on somebody, and told without the key.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::StatusCode;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use pool_http::{Response, RetryAction, Safety, blame, keep_alive, retry_after};
use pool_supabase::error::ErrorSource;
use pool_supabase::{Client, Code, Count, Error, Page, Query, SupabaseConfig};
use serde::Deserialize;
use serde_json::Value;

use crate::secret;
use crate::source::Source;

/// Headers that are read.
const HEADERS: [&str; 8] = [
    "content-type",
    "retry-after",
    "date",
    "proxy-status",
    "content-range",
    "keep-alive",
    "x-other",
    "location",
];

/// Media types, so that a fuzzer need not spell them.
const TYPES: [&str; 4] = ["application/json", "application/vnd.pgrst.object+json", "text/html", ""];

/// In a header or a body, this byte stands for the key. No UTF-8 has it.
const ECHO: u8 = 0xFE;

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "read, and shown by Debug")]
struct Row {
    id: i64,
    title: Option<String>,
    kind: Kind,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Draft,
    Published,
}

/// Reads the answer that `data` says in every way that there is.
pub fn check(data: &[u8]) {
    if secret::is_in(data) {
        return;
    }
    let mut source = Source::new(data);
    let response = response(&mut source);
    headers(&response);
    assert_eq!(blame(response.status).is_some(), response.status.as_u16() >= 400);
    let db = client();
    let rows = || db.from("t").select::<Row>("*");
    judge(&rows(), &response);
    judge(&rows().single(), &response);
    judge(&rows().maybe_single(), &response);
    let page = rows().count(Count::Exact);
    judge(&page, &response);
    if let Ok(Page { range: Some(range), .. }) = page.decode(&response) {
        assert!(!range.is_empty(), "{range:?} is no range");
    }
    judge(&db.from("t").insert(&Value::Object(Default::default())), &response);
    judge(&db.rpc::<Value>("f", &()), &response);
    judge(&db.rpc::<()>("f", &()), &response);
}

fn client() -> Client {
    let config = SupabaseConfig::builder().url("https://x.supabase.co").key("sb_publishable_x").build();
    Client::new(&config.expect("a valid configuration"))
}

fn response(source: &mut Source<'_>) -> Response {
    let status = 100 + source.word() % 900;
    let key = secret::key(source.byte() % 3, r#"{"role":"anon"}"#);
    let mut headers = HeaderMap::new();
    let media_type = source.byte();
    if let Some(known) = TYPES.get(usize::from(media_type)) {
        headers.insert("content-type", HeaderValue::from_static(known));
    }
    for _ in 0..source.byte() % 8 {
        let name = HeaderName::from_static(source.pick(&HEADERS));
        if let Ok(value) = HeaderValue::from_bytes(&echoed(source.bytes(), &key)) {
            headers.append(name, value);
        }
    }
    let body = echoed(source.bytes(), &key);
    Response::new(StatusCode::from_u16(status).expect("100 to 999"), headers, Bytes::from(body))
}

fn echoed(bytes: &[u8], key: &str) -> Vec<u8> {
    let parts: Vec<&[u8]> = bytes.split(|&byte| byte == ECHO).collect();
    parts.join(key.as_bytes())
}

/// What the headers say is within what can be said.
fn headers(response: &Response) {
    if let Some(idle) = keep_alive::timeout(&response.headers) {
        assert!(idle >= Duration::from_secs(1), "{idle:?}");
    }
    let epoch = retry_after::parse(&response.headers, SystemTime::UNIX_EPOCH);
    // Against a later clock, no wait is longer.
    assert!(response.retry_after() <= epoch, "{:?} and {epoch:?}", response.retry_after());
    assert!(response.proxy_error() != Some(""));
    let media_type = response.media_type();
    assert!(!media_type.contains(char::is_uppercase) && media_type.trim() == media_type);
}

/// No key in the error, and the answers to its questions agree with each other.
fn judge<T, K>(query: &Query<T, K>, response: &Response) {
    let Err(error) = query.decode(response) else {
        let success = response.status.is_success() || response.status == StatusCode::RANGE_NOT_SATISFIABLE;
        assert!(success, "{} is no success", response.status);
        return;
    };
    secret::not_in("an error", &error.to_string());
    secret::not_in("the Debug of an error", &format!("{error:?}"));
    let source = std::error::Error::source(&error);
    secret::not_in("the source of an error", &source.map(ToString::to_string).unwrap_or_default());
    if let Some(code) = error.code() {
        assert_eq!(Code::parse(&code.to_string()), *code);
    }
    if let Some(api) = error.api() {
        // One row too many is found here, and told as PostgREST tells it.
        assert!(api.status == response.status || api.source == ErrorSource::Client);
    }
    let again = |safety| !matches!(error.action(safety), RetryAction::No);
    assert!(!again(Safety::Unsafe) || again(Safety::Idempotent), "an insert is repeated, an upsert is not");
    assert!(!again(Safety::Idempotent) || again(Safety::Safe), "a write is repeated, a read is not");
    assert!(!matches!(error, Error::Decode { .. }) || !again(Safety::Unsafe), "it ran, and is repeated");
    let _ = (error.class(), error.outcome(), error.is_connection_error(), error.retry_after());
}
