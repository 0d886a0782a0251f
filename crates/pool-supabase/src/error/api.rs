//! An error that the service answered with: read from whatever came, in a fixed order.
//!
//! Status, then the media type, then JSON `{code, message, details, hint}`, then `Proxy-Status`, then the words of the
//! body. The status is never lost, whatever the body is.

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use pool_http::{FaultClass, Response, RetryAction, Safety};
use serde_json::Value;

use super::table::{self, Again, Row};
use super::text::{excerpt, redact};
use super::{Code, ErrorClass};

/// The least wait before a server that has too much to do is asked again.
const OVERLOAD_WAIT: Duration = Duration::from_secs(1);
/// A token "issued in the future" becomes valid when the server's clock has caught up.
const CLOCK_SKEW_WAIT: Duration = Duration::from_secs(1);
const CLOCK_SKEW_TRIES: u32 = 2;

/// Who wrote an error answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorSource {
    /// PostgREST itself.
    Postgrest,
    /// PostgreSQL, or a function in it, through PostgREST.
    Postgres,
    /// Something in front of PostgREST: API gateway, load balancer, CDN.
    Gateway,
    /// This library, which found the answer to break the contract of the query.
    Client,
}

/// An answer that says that the request failed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ApiError {
    /// The HTTP status.
    pub status: StatusCode,
    /// The error code, if the answer has one.
    pub code: Option<Code>,
    /// What the server says, or the reason phrase of the status.
    pub message: String,
    /// More of it: a text, or a structure (the candidates of an ambiguous embedding).
    pub details: Option<Value>,
    /// What the server advises.
    pub hint: Option<String>,
    /// The wait that the server asks for.
    pub retry_after: Option<Duration>,
    /// Who wrote it.
    pub source: ErrorSource,
}

impl ApiError {
    /// Reads an error answer. Never fails: an answer that cannot be read is still an error with this status.
    pub fn from_response(response: &Response) -> Self {
        let mut fields =
            if response.is_json() { Fields::read(&response.body) } else { None }.unwrap_or_default();
        if fields.code.is_none() {
            fields.code = response.proxy_error().map(str::to_owned);
        }
        let code = fields.code.as_deref().map(|code| Code::parse(&redact(code)));
        let source = match code {
            Some(Code::Postgrest(_) | Code::PostgrestInternal | Code::Empty) => ErrorSource::Postgrest,
            Some(Code::SqlState(_)) => ErrorSource::Postgres,
            Some(Code::Other(_)) | None => ErrorSource::Gateway,
        };
        let message = fields.message.filter(|message| !message.is_empty()).map(|message| redact(&message));
        ApiError {
            status: response.status,
            message: message.unwrap_or_else(|| match code {
                Some(Code::Empty) => "the connection to the database was lost".into(),
                _ => words(response),
            }),
            code,
            details: fields.details,
            hint: fields.hint.filter(|hint| !hint.is_empty()).map(|hint| redact(&hint)),
            retry_after: response.retry_after(),
            source,
        }
    }

    /// More rows than a query allows; the error that PostgREST gives for it, found here.
    pub(crate) fn too_many_rows(rows: usize) -> Self {
        ApiError {
            status: StatusCode::NOT_ACCEPTABLE,
            code: Some(Code::Postgrest(116)),
            message: format!("at most one row was asked for, and the answer has {rows} or more"),
            details: None,
            hint: None,
            retry_after: None,
            source: ErrorSource::Client,
        }
    }

    fn row(&self) -> Row {
        let row = table::find(self.status, self.code.as_ref(), self.source);
        // PostgREST 12 answers a token with an unknown role with 22023, which functions raise for their arguments too.
        let unknown_role = self.message.starts_with("role \"") && self.message.ends_with("\" does not exist");
        if unknown_role && self.is_sql_state("22023") { Row { class: ErrorClass::Auth, ..row } } else { row }
    }

    fn is_sql_state(&self, expected: &str) -> bool {
        matches!(&self.code, Some(Code::SqlState(state)) if state.as_str() == expected)
    }

    /// What kind of error this is.
    pub fn class(&self) -> ErrorClass {
        self.row().class
    }

    /// Whom the pool blames.
    pub fn blame(&self) -> FaultClass {
        self.row().blame
    }

    /// What may be done about it, for a request of this safety.
    pub fn action(&self, safety: Safety) -> RetryAction {
        // The one place that reads a message: PGRST303 covers both tokens that a refresh mends and a clock ahead of the
        // server's, which a second of waiting mends.
        if self.code == Some(Code::Postgrest(303)) && self.message.contains("issued at future") {
            let min = self.retry_after.unwrap_or_default().max(CLOCK_SKEW_WAIT);
            return RetryAction::After { min, at_most: Some(CLOCK_SKEW_TRIES) };
        }
        let min = self.retry_after.unwrap_or_default();
        match (self.row().again, safety) {
            (Again::Credential, _) => RetryAction::RefreshCredential,
            (Again::Any, _) | (Again::Safe, Safety::Safe | Safety::Idempotent) => RetryAction::after(min),
            (Again::AnySlowly, _) => RetryAction::after(min.max(OVERLOAD_WAIT)),
            (Again::ReadOnce, Safety::Safe) => RetryAction::After { min, at_most: Some(1) },
            (Again::Never | Again::Safe | Again::ReadOnce, _) => RetryAction::No,
        }
    }

    /// What a person can do about it, where the server does not say.
    fn advice(&self) -> Option<&'static str> {
        match self.class() {
            ErrorClass::Config if self.status == StatusCode::NOT_FOUND => {
                Some("check the project URL and the REST path: nothing is served there")
            }
            ErrorClass::Config => Some("check the API key: the gateway does not accept it for this project"),
            ErrorClass::Auth => {
                Some("check the API key, or the user's token: the service does not accept what was sent")
            }
            ErrorClass::Paused => Some("the project is paused: restore it in the Supabase dashboard"),
            ErrorClass::Restricted => {
                Some("the project is restricted: see its usage and billing in the Supabase dashboard")
            }
            ErrorClass::Permission
            | ErrorClass::Request
            | ErrorClass::Schema
            | ErrorClass::Data
            | ErrorClass::Conflict
            | ErrorClass::Cardinality
            | ErrorClass::Contention
            | ErrorClass::Overload
            | ErrorClass::Unavailable
            | ErrorClass::Timeout
            | ErrorClass::Operator
            | ErrorClass::Server
            | ErrorClass::Connection
            | ErrorClass::Decode
            | ErrorClass::Cancelled
            | ErrorClass::Closed => None,
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the service answered {}", self.status.as_u16())?;
        if let Some(code) = self.code.as_ref().filter(|code| **code != Code::Empty) {
            write!(f, " {code}")?;
        }
        write!(f, ": {}", self.message)?;
        match &self.details {
            Some(Value::String(details)) if !details.is_empty() => write!(f, "; details: {details}")?,
            Some(Value::Array(candidates)) => write!(f, "; details: {} candidates", candidates.len())?,
            Some(_) | None => {}
        }
        if let Some(hint) = &self.hint {
            write!(f, "; hint: {hint}")?;
        }
        if let Some(wait) = self.retry_after.filter(|wait| !wait.is_zero()) {
            write!(f, "; it asks to wait {wait:?}")?;
        }
        self.advice().map_or(Ok(()), |advice| write!(f, "; {advice}"))
    }
}

impl std::error::Error for ApiError {}

/// The words of the body, or those of the status.
fn words(response: &Response) -> String {
    let words = excerpt(&response.body);
    // PostgREST's answer where nothing is served.
    if !words.is_empty() && words != "{}" {
        return words;
    }
    gateway_reason(response.status.as_u16())
        .or(response.status.canonical_reason())
        .unwrap_or("no reason given")
        .to_owned()
}

/// Names of statuses that no standard gives.
const fn gateway_reason(status: u16) -> Option<&'static str> {
    Some(match status {
        520 => "the origin gave an unknown error",
        521 => "the origin is down",
        522 => "the connection to the origin timed out",
        523 => "the origin is unreachable",
        524 => "the origin did not answer in time",
        525 | 526 => "TLS between the gateway and the origin failed",
        530 => "the origin's name does not resolve",
        540 => "project paused",
        544 => "the gateway timed out",
        546 => "the function exceeded its resources",
        _ => return None,
    })
}

/// Replaces what looks like a key in every text of a structure.
fn redact_all(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(redact(&text)),
        Value::Array(values) => values.into_iter().map(redact_all).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (redact(&name), redact_all(value))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

/// The members of an error object, in any of the dialects on the way.
#[derive(Default)]
struct Fields {
    code: Option<String>,
    message: Option<String>,
    details: Option<Value>,
    hint: Option<String>,
}

impl Fields {
    /// `None` if the body is no JSON object.
    fn read(body: &[u8]) -> Option<Self> {
        let mut object: serde_json::Map<String, Value> = serde_json::from_slice(body).ok()?;
        let mut text = |names: &[&str]| {
            names.iter().find_map(|name| match object.get_mut(*name).map(Value::take) {
                Some(Value::String(text)) => Some(text),
                _ => None,
            })
        };
        // `msg`, `error_description` and `error` are other services' names for it.
        let message = text(&["message", "msg", "error_description", "error"]);
        let (code, hint) = (text(&["code", "error_code"]), text(&["hint"]));
        let details = match object.remove("details") {
            Some(Value::Null) | None => None,
            Some(details) => Some(redact_all(details)),
        };
        Some(Fields { code, message, details, hint })
    }
}
