//! Answers as servers and gateways write them.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use pool_http::Response;
use serde_json::json;

/// An answer with these headers.
pub(crate) fn answer(status: u16, headers: &[(&'static str, &str)], body: impl Into<String>) -> Response {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    Response::new(StatusCode::from_u16(status).unwrap(), map, body.into())
}

/// A JSON answer.
pub(crate) fn json_answer(status: u16, body: impl Into<String>) -> Response {
    answer(status, &[("content-type", "application/json; charset=utf-8")], body)
}

/// An error as PostgREST writes it.
pub(crate) fn error_answer(status: u16, code: &str, message: &str) -> Response {
    json_answer(status, json!({"code": code, "message": message, "details": null, "hint": null}).to_string())
}
