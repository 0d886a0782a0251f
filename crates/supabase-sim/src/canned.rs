//! Answers that come from somewhere else than the data: the gateway, the edge, a server in trouble.
//!
//! Rules: bodies and headers are shaped like the real ones, down to those that are not JSON.

use std::time::Duration;

/// An answer as it will be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CannedAnswer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

const JSON: &str = "application/json; charset=utf-8";
const HTML: &str = "text/html; charset=UTF-8";
const TEXT: &str = "text/plain";

impl CannedAnswer {
    /// Any status (100 to 999), content type and body.
    pub fn new(status: u16, content_type: &str, body: impl Into<String>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, body: body.into() }
    }

    /// Adds a header. A name or value that HTTP does not allow is left out of the answer.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds `Retry-After`, as given: `8`, `0`, a list such as `0, 7`, or an HTTP date.
    #[must_use]
    pub fn retry_after(self, value: &str) -> Self {
        self.header("retry-after", value)
    }

    /// An error in PostgREST's shape, with its `Proxy-Status`.
    pub fn postgrest(status: u16, code: &str, message: &str) -> Self {
        let body = serde_json::json!({ "code": code, "message": message, "details": null, "hint": null });
        Self::new(status, JSON, body.to_string()).header("proxy-status", &format!("PostgREST; error={code}"))
    }

    /// 503 PGRST000: the server cannot reach its database.
    pub fn no_database() -> Self {
        Self::postgrest(503, "PGRST000", "Database connection error. Retrying the connection.")
    }

    /// 503 PGRST001: the connection to the database broke during the statement, which may have run.
    pub fn lost_backend() -> Self {
        Self::postgrest(503, "PGRST001", "Database client error. Retrying the connection.")
    }

    /// 503 PGRST002: the schema cache is not there yet.
    pub fn schema_cache_missing() -> Self {
        Self::postgrest(503, "PGRST002", "Could not query the database for the schema cache. Retrying.")
    }

    /// 504 PGRST003: the server's own pool had no connection in time.
    pub fn pool_timeout() -> Self {
        Self::postgrest(504, "PGRST003", "Timed out acquiring connection from connection pool.")
    }

    /// 500 57014: the statement timeout.
    pub fn statement_timeout() -> Self {
        Self::postgrest(500, "57014", "canceling statement due to statement timeout")
    }

    /// 401 PGRST303, as PostgREST 13 says it.
    pub fn jwt_expired() -> Self {
        Self::postgrest(401, "PGRST303", "JWT expired")
            .header("www-authenticate", "Bearer error=\"invalid_token\", error_description=\"JWT expired\"")
    }

    /// 401 PGRST301, as PostgREST 12 says the same.
    pub fn jwt_expired_v12() -> Self {
        Self::postgrest(401, "PGRST301", "JWT expired")
            .header("www-authenticate", "Bearer error=\"invalid_token\", error_description=\"JWT expired\"")
    }

    /// 401 PGRST303 that goes away by itself: the clocks of two servers differ.
    pub fn jwt_issued_at_future() -> Self {
        Self::postgrest(401, "PGRST303", "JWT issued at future")
    }

    /// 429 of the gateway, with `Retry-After` in whole seconds.
    pub fn too_many_requests(retry_after: Duration) -> Self {
        Self::new(429, JSON, r#"{"message":"API rate limit exceeded"}"#)
            .retry_after(&retry_after.as_secs().to_string())
    }

    /// An error page of the edge, such as 502 or 520 to 526: HTML.
    pub fn edge(status: u16) -> Self {
        let body = format!(
            "<!DOCTYPE html>\n<html><head><title>sim.local | {status}</title></head>\
             <body><h1>Error {status}</h1><p>The web server is not returning a connection.</p></body></html>"
        );
        Self::new(status, HTML, body).header("server", "cloudflare").header("cf-ray", "0000000000000000-SIM")
    }

    /// 503 of an Envoy that could not reach the server: plain text.
    pub fn envoy_unreachable() -> Self {
        Self::new(
            503,
            TEXT,
            "upstream connect error or disconnect/reset before headers. reset reason: connection failure, \
             transport failure reason: delayed connect error: 111",
        )
        .header("server", "envoy")
    }

    /// 502 of a Kong whose kept-alive connection to the server had just been closed.
    pub fn kong_bad_gateway() -> Self {
        let body = r#"{"message":"An invalid response was received from the upstream server"}"#;
        Self::new(502, JSON, body).header("server", "kong")
    }

    /// 540: the project is paused.
    pub fn project_paused() -> Self {
        Self::new(540, JSON, r#"{"message":"Project paused"}"#)
    }

    /// 544: the gateway gave up waiting.
    pub fn gateway_timeout() -> Self {
        Self::new(544, JSON, r#"{"message":"Gateway timeout"}"#)
    }

    /// 200 with a page that is not the answer: a captive portal, a maintenance page.
    pub fn html_ok() -> Self {
        Self::new(200, HTML, "<!DOCTYPE html><html><body>Please sign in to the network</body></html>")
    }
}
