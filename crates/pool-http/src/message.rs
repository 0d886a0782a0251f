//! What is asked and what is answered: plain values with whole bodies.
//!
//! Bodies are whole on purpose: a request can be sent again, and a connection is only given back after the
//! answer has been read to its end.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE};
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, StatusCode};
use pool_core::Safety;

use crate::{proxy_status, retry_after};

/// One request, independent of any transport. Cloning is cheap: the body is shared.
///
/// Headers that carry credentials are marked sensitive by whoever sets them, so that `Debug` does not print them.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path and query, from the root of the host; the connection's [`Base`](crate::Base) supplies the rest.
    pub target: PathAndQuery,
    /// All headers but those that the transport itself writes (`Host`, `Content-Length`, `Connection`).
    pub headers: HeaderMap,
    /// The body, empty for none.
    pub body: Bytes,
    /// What the pool and the retry rules need to know, and the wire does not.
    pub meta: RequestMeta,
}

/// What is known about a request beyond what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestMeta {
    /// A low-cardinality name for metrics and errors, such as `select` or `rpc`.
    pub operation: &'static str,
    /// What it would mean to run the request twice.
    pub safety: Safety,
}

impl Request {
    /// A request without headers and body. Its safety follows from the method: GET, HEAD and OPTIONS are safe, PUT is
    /// idempotent, everything else is unsafe; say otherwise in [`RequestMeta::safety`].
    pub fn new(method: Method, target: PathAndQuery, operation: &'static str) -> Self {
        let safety = match method {
            Method::GET | Method::HEAD | Method::OPTIONS => Safety::Safe,
            Method::PUT => Safety::Idempotent,
            _ => Safety::Unsafe,
        };
        Request {
            method,
            target,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            meta: RequestMeta { operation, safety },
        }
    }
}

/// One answer, read to its end.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status; any number from 100 to 999, since gateways answer with 520 to 546 and the like.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Response {
    /// An answer from its parts.
    pub fn new(status: StatusCode, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Response { status, headers, body: body.into() }
    }

    /// The media type, lower case, without parameters; empty when there is none or it is not text.
    pub fn media_type(&self) -> String {
        let value = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// Whether the media type says JSON: `application/json`, or anything that ends in `+json`.
    pub fn is_json(&self) -> bool {
        let media_type = self.media_type();
        media_type == "application/json" || media_type.ends_with("+json")
    }

    /// The wait that the peer asks for. A date is read against the peer's own `Date`, not against our clock,
    /// so that a skewed clock on either side does no harm; without a `Date`, a date is ignored.
    pub fn retry_after(&self) -> Option<Duration> {
        let date = self.headers.get(DATE).and_then(|value| value.to_str().ok());
        let now = date.and_then(|date| httpdate::parse_http_date(date).ok());
        // Against the far future every date has passed, which leaves the seconds.
        retry_after::parse(&self.headers, now.unwrap_or_else(far_future))
    }

    /// The error code that a proxy or server put into `Proxy-Status`.
    pub fn proxy_error(&self) -> Option<&str> {
        proxy_status::error(&self.headers)
    }
}

fn far_future() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_799)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn with(headers: &[(&'static str, &'static str)]) -> Response {
        let mut response = Response::new(StatusCode::SERVICE_UNAVAILABLE, HeaderMap::new(), "");
        for (name, value) in headers {
            response.headers.append(*name, HeaderValue::from_static(value));
        }
        response
    }

    #[test]
    fn a_status_beyond_599_and_the_gateways_own_can_be_held() {
        for status in [520, 540, 544, 546, 999] {
            assert_eq!(StatusCode::from_u16(status).unwrap().as_u16(), status);
        }
    }

    #[test]
    fn json_is_recognised_with_parameters_and_suffixes() {
        assert!(with(&[("content-type", "Application/JSON; charset=utf-8")]).is_json());
        assert!(with(&[("content-type", "application/vnd.pgrst.object+json")]).is_json());
        assert!(!with(&[("content-type", "text/html")]).is_json());
        assert!(!with(&[]).is_json());
    }

    #[test]
    fn a_date_to_retry_after_is_read_against_the_peers_own_clock() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let later = "Sun, 06 Nov 1994 08:49:47 GMT";
        assert_eq!(
            with(&[("date", date), ("retry-after", later)]).retry_after(),
            Some(Duration::from_secs(10))
        );
        assert_eq!(with(&[("retry-after", later)]).retry_after(), None, "no clock to read it against");
        assert_eq!(with(&[("retry-after", "3")]).retry_after(), Some(Duration::from_secs(3)));
    }

    #[test]
    fn safety_follows_the_method_until_said_otherwise() {
        let safety = |method| Request::new(method, PathAndQuery::from_static("/"), "test").meta.safety;
        assert_eq!(safety(Method::GET), Safety::Safe);
        assert_eq!(safety(Method::PUT), Safety::Idempotent);
        assert_eq!(safety(Method::POST), Safety::Unsafe);
        assert_eq!(safety(Method::PATCH), Safety::Unsafe);
        assert_eq!(safety(Method::DELETE), Safety::Unsafe);
    }
}
