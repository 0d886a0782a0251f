//! The admin panel as a function: a request in, an answer out, whoever serves it.
//!
//! Rules kept here: without a token nothing can be changed; what is read needs one if there is one for readers; nothing is loaded from
//! elsewhere, and the page may do nothing but ask this panel (`Content-Security-Policy`); every answer can be had at once.

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use pool_async::pool_core::{Phase, Status};
use serde_json::json;

use crate::access::{Token, TokenError};
use crate::answer::{self, Known, Operations};
use crate::metrics::METRICS_TYPE;
use crate::monitor::{Monitor, OperateError};
use crate::operation::Operation;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

/// The page's own files.
const FILES: [(&str, &str, &str); 12] = [
    ("", HTML, include_str!("page/page.html")),
    ("panel.css", CSS, include_str!("page/panel.css")),
    ("panel.js", JS, include_str!("page/panel.js")),
    ("charts.js", JS, include_str!("page/charts.js")),
    ("dom.js", JS, include_str!("page/dom.js")),
    ("feed.js", JS, include_str!("page/feed.js")),
    ("format.js", JS, include_str!("page/format.js")),
    ("history.js", JS, include_str!("page/history.js")),
    ("operations.js", JS, include_str!("page/operations.js")),
    ("scales.js", JS, include_str!("page/scales.js")),
    ("summary.js", JS, include_str!("page/summary.js")),
    ("tables.js", JS, include_str!("page/tables.js")),
];

/// What else can be read.
const READ: [&str; 3] = ["api/status", "metrics", "health"];

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Answers requests for the panel of a monitor. Cheap to clone. Requests and answers are those of the crate `http` 1, so any server that has
/// them can serve it; beside one that has not, such as actix-web 4, give it a socket of its own.
///
/// | request | answer |
/// |---|---|
/// | `GET /` | the page |
/// | `GET /api/status` | what the page shows, as JSON |
/// | `GET /metrics` | for Prometheus |
/// | `GET /health` | 200 if every pool serves, 503 and which do not |
/// | `POST /api/pools/NAME/suspend`, `resume`, `invalidate`, `resize` (with `{"min":2,"max":10}`) | does it |
///
/// Paths are relative to where the panel is: below a prefix, strip it, and let the address of the page end in a slash. In axum, for one:
///
/// ```text
/// async fn admin(State(panel): State<Panel>, head: Parts, body: Bytes) -> Response {
///     panel.answer(&Request::from_parts(head, body)).map(Body::from)
/// }
///
/// let app = Router::new().nest("/admin/", Router::new().fallback(admin).with_state(panel));
/// ```
///
/// Reading needs no token unless [`readers`](Panel::readers) sets one. Without it bind it to an address that only those reach who may see the
/// pool's addresses and figures. (A browser behind that address can be made to read for somebody else, by a page whose
/// name is bound anew to it; where that matters, set one.) Nothing can be changed unless [`operators`](Panel::operators) sets a token.
#[derive(Clone, Debug)]
pub struct Panel {
    monitor: Monitor,
    readers: Option<Token>,
    operators: Option<Token>,
}

impl Panel {
    /// A panel that shows, and changes nothing.
    pub fn new(monitor: Monitor) -> Self {
        Panel { monitor, readers: None, operators: None }
    }

    /// Whoever reads status, metrics or health must bring this token, or the operators'.
    ///
    /// # Errors
    ///
    /// When it is too short, or cannot be sent in a header.
    pub fn readers(self, token: impl Into<String>) -> Result<Self, TokenError> {
        Ok(Panel { readers: Some(Token::new(token.into())?), ..self })
    }

    /// Whoever brings this token may operate the pools.
    ///
    /// # Errors
    ///
    /// When it is too short, or cannot be sent in a header.
    pub fn operators(self, token: impl Into<String>) -> Result<Self, TokenError> {
        Ok(Panel { operators: Some(Token::new(token.into())?), ..self })
    }

    /// The monitor.
    pub fn monitor(&self) -> &Monitor {
        &self.monitor
    }

    /// The answer to a request; to `HEAD` with a body too, which a server leaves out.
    pub fn answer(&self, request: &Request<impl AsRef<[u8]>>) -> Response<Bytes> {
        let path = request.uri().path().trim_start_matches('/');
        let headers = request.headers();
        if let Some(operation) = path.strip_prefix("api/pools/") {
            return match *request.method() {
                Method::POST => self.operate(operation, headers, request.body().as_ref()),
                _ => not_allowed("POST"),
            };
        }
        let file = FILES.iter().find(|(name, ..)| *name == path);
        if file.is_none() && !READ.contains(&path) {
            return refused(StatusCode::NOT_FOUND, "there is nothing here: the panel's page is at its root");
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return not_allowed("GET, HEAD");
        }
        match (file, path) {
            // The page is the same for everybody, and asks for the token itself.
            (Some((_, kind, text)), _) => sent(StatusCode::OK, kind, Bytes::from_static(text.as_bytes())),
            _ if !self.may_read(headers) => unauthorized(),
            (None, "metrics") => sent(StatusCode::OK, METRICS_TYPE, self.monitor.metrics()),
            (None, "health") => self.health(),
            (None, _) => self.status(request.uri().query(), headers),
        }
    }

    fn may_read(&self, headers: &HeaderMap) -> bool {
        let brings = |token: &Option<Token>| token.as_ref().is_some_and(|token| token.is_in(headers));
        self.readers.is_none() || brings(&self.readers) || brings(&self.operators)
    }

    fn status(&self, query: Option<&str>, headers: &HeaderMap) -> Response<Bytes> {
        let operations = match &self.operators {
            None => Operations::Off,
            Some(token) if token.is_in(headers) => Operations::Open,
            Some(_) => Operations::Locked,
        };
        match known(query.unwrap_or_default()) {
            Ok(known) => json(StatusCode::OK, &answer::status(&self.monitor, &known, operations)),
            Err(why) => refused(StatusCode::BAD_REQUEST, &why),
        }
    }

    /// Whether a balancer should send this process anything.
    fn health(&self) -> Response<Bytes> {
        let ill = self.monitor.pools().into_iter().filter_map(|pooled| {
            let status = pooled.pool.pulse().status;
            (!serves(&status)).then(|| format!("{}: {status}\n", pooled.name))
        });
        let ill: String = ill.collect();
        if ill.is_empty() {
            return sent(StatusCode::OK, TEXT, "every pool serves\n");
        }
        sent(StatusCode::SERVICE_UNAVAILABLE, TEXT, ill)
    }

    /// `NAME/OPERATION`, from somebody who has to show that it is theirs to say.
    fn operate(&self, path: &str, headers: &HeaderMap, body: &[u8]) -> Response<Bytes> {
        match &self.operators {
            None => {
                let why = "nothing can be changed here: the panel was made without a token for operators";
                return refused(StatusCode::FORBIDDEN, why);
            }
            Some(token) if !token.is_in(headers) => return unauthorized(),
            Some(_) => {}
        }
        let Some((name, word)) = path.rsplit_once('/') else {
            return refused(StatusCode::NOT_FOUND, "an operation is at api/pools/NAME/OPERATION");
        };
        let operation = match operation(word, body) {
            Ok(operation) => operation,
            Err((status, why)) => return refused(status, &why),
        };
        let name = percent_decode_str(name).decode_utf8_lossy();
        match self.monitor.operate(&name, operation) {
            Ok(()) => json(StatusCode::OK, &json!({})),
            Err(error @ OperateError::NoPool(_)) => refused(StatusCode::NOT_FOUND, &error.to_string()),
            Err(error @ OperateError::Closed(_)) => refused(StatusCode::CONFLICT, &error.to_string()),
            Err(error @ OperateError::Config(_)) => {
                refused(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string())
            }
        }
    }
}

/// Whether callers can expect a connection.
fn serves(status: &Status) -> bool {
    let reaches = status.endpoints_up > 0 || status.healthy + status.unknown > 0;
    match status.phase {
        Phase::Starting | Phase::Running | Phase::Degraded => reaches,
        Phase::Suspended | Phase::Draining | Phase::Closed | _ => false,
    }
}

fn operation(word: &str, body: &[u8]) -> Result<Operation, (StatusCode, String)> {
    #[derive(serde::Deserialize)]
    struct Size {
        min: u32,
        max: u32,
    }
    Ok(match word {
        "suspend" => Operation::Suspend,
        "resume" => Operation::Resume,
        "invalidate" => Operation::Invalidate,
        "resize" => {
            let size: Size = serde_json::from_slice(body).map_err(|error| {
                let why = format!("a resize wants a body such as {{\"min\":2,\"max\":10}}: {error}");
                (StatusCode::BAD_REQUEST, why)
            })?;
            Operation::Resize { min: size.min, max: size.max }
        }
        _ => {
            let why =
                format!("no operation is called `{word}`: there are suspend, resume, invalidate and resize");
            return Err((StatusCode::NOT_FOUND, why));
        }
    })
}

/// The query of `api/status`; words that are not known are for a later page.
fn known(query: &str) -> Result<Known, String> {
    let mut known = Known::default();
    for (word, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let number =
            || value.parse().map_err(|_| format!("{word} is `{value}`, and a whole number is wanted"));
        match word {
            "after" => known.points = number()?,
            "notices" => known.notices = number()?,
            "pool" => {
                let name = value.replace('+', " ");
                known.pool = Some(percent_decode_str(&name).decode_utf8_lossy().into_owned());
            }
            _ => {}
        }
    }
    Ok(known)
}

fn sent(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn json(status: StatusCode, value: &serde_json::Value) -> Response<Bytes> {
    sent(status, JSON, value.to_string())
}

pub(crate) fn refused(status: StatusCode, why: &str) -> Response<Bytes> {
    json(status, &json!({ "error": why }))
}

fn not_allowed(allowed: &'static str) -> Response<Bytes> {
    let why = format!("this method is not for here: {allowed}");
    let mut response = refused(StatusCode::METHOD_NOT_ALLOWED, &why);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

fn unauthorized() -> Response<Bytes> {
    let why = "a token is wanted, or another one than this: send `Authorization: Bearer` with it";
    let mut response = refused(StatusCode::UNAUTHORIZED, why);
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}
