//! Every way in which a query can fail, as one enum, with the questions that a caller asks.
//!
//! Match on [`Error::class`] to react, on the variant to look closer. The text of every error names the thing, what is
//! wrong with it and what to do; none ever contains a key or a token.

mod api;
mod code;
mod table;
mod text;

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use pool_core::AcquireErrorKind;
use pool_http::{FaultClass, Outcome, Response, RetryAction, Safety, TransportError};

pub use api::{ApiError, ErrorSource};
pub use code::{Code, SqlState};
pub(crate) use text::{excerpt, redact};

use crate::config::ConfigError;
use crate::query::BuildError;

/// What kind of error it is: what a caller reacts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorClass {
    /// The configuration is wrong: URL, key, a setting.
    Config,
    /// The user's token is not accepted, or one is needed.
    Auth,
    /// The role may not do this.
    Permission,
    /// The query is not one that the service can run.
    Request,
    /// A table, column, function or relationship does not exist.
    Schema,
    /// A value is not acceptable.
    Data,
    /// It contradicts what is stored: a duplicate, a missing reference.
    Conflict,
    /// Another number of rows than the query asks for.
    Cardinality,
    /// Another transaction was in the way.
    Contention,
    /// The service has too much to do.
    Overload,
    /// The service, or the database behind it, cannot be reached.
    Unavailable,
    /// It took too long, here or there.
    Timeout,
    /// The service is set up wrongly: its operator must act.
    Operator,
    /// The project is paused.
    Paused,
    /// The project is restricted for its usage or for unpaid bills.
    Restricted,
    /// The service failed in another way.
    Server,
    /// The connection failed.
    Connection,
    /// The answer is not what the query asked for.
    Decode,
    /// The caller went away.
    Cancelled,
    /// The pool is closed.
    Closed,
}

/// How far a call had come when its deadline ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// It waited for a connection.
    Acquire,
    /// It waited for the answer.
    Request,
    /// It waited to try again.
    Retry,
    /// It waited for a new access token.
    Credential,
}

/// Why an answer could not be made into what the query asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeProblem {
    /// It is not JSON; the media type.
    NotJson(String),
    /// It ends before its end.
    Truncated,
    /// It says that it is JSON, and is not; where and why.
    Malformed(String),
    /// It is JSON, but not of the expected type; where and why.
    Mismatch(String),
}

/// A query that did not end in its rows.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration is not valid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The query cannot be written as a request.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The pool gave no connection.
    #[error("{source}")]
    Acquire {
        /// Why.
        kind: AcquireErrorKind,
        /// After how long the endpoint is dialled again at the earliest, if it is backing off.
        retry_after: Option<Duration>,
        /// The pool's own words.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No whole answer came.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The service answered with an error.
    #[error(transparent)]
    Api(Box<ApiError>),
    /// The answer is not what the query asked for.
    #[error("the answer ({status}) {problem}{}", shown(snippet), status = status.as_u16())]
    Decode {
        /// The status, a success.
        status: StatusCode,
        /// What is wrong with it.
        problem: DecodeProblem,
        /// The beginning of the body, as plain words without secrets.
        snippet: String,
    },
    /// The call's deadline came first.
    #[error("the deadline came {stage}{}", last.as_ref().map(|last| format!("; the last error: {last}")).unwrap_or_default())]
    Deadline {
        /// How far it had come.
        stage: Stage,
        /// The error of the last attempt, if there was one.
        last: Option<Box<Error>>,
    },
    /// The pool is closed.
    #[error("the pool is closed: open a new one to run queries")]
    Closed,
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        Error::Api(Box::new(error))
    }
}

impl Error {
    pub(crate) fn decode(response: &Response, problem: DecodeProblem) -> Self {
        Error::Decode { status: response.status, problem, snippet: excerpt(&response.body) }
    }

    /// What kind of error it is.
    pub fn class(&self) -> ErrorClass {
        match self {
            Error::Config(_) => ErrorClass::Config,
            Error::Build(_) => ErrorClass::Request,
            Error::Acquire { kind, .. } => match kind {
                AcquireErrorKind::Unavailable => ErrorClass::Unavailable,
                AcquireErrorKind::QueueFull | AcquireErrorKind::Exhausted => ErrorClass::Overload,
                AcquireErrorKind::Closed => ErrorClass::Closed,
                // A kind that is added later is some way of not having got one in time.
                AcquireErrorKind::Timeout | _ => ErrorClass::Timeout,
            },
            Error::Transport(error) if error.is_cancelled() => ErrorClass::Cancelled,
            Error::Transport(error) if error.is_timeout() => ErrorClass::Timeout,
            Error::Transport(_) => ErrorClass::Connection,
            Error::Api(error) => error.class(),
            Error::Decode { .. } => ErrorClass::Decode,
            Error::Deadline { .. } => ErrorClass::Timeout,
            Error::Closed => ErrorClass::Closed,
        }
    }

    /// What may be done about it, for a request of this safety.
    pub fn action(&self, safety: Safety) -> RetryAction {
        match self {
            Error::Transport(error) => RetryAction::for_transport(error, safety),
            Error::Api(error) => error.action(safety),
            // The body was cut short or replaced on the way; a write has run all the same.
            Error::Decode { problem: DecodeProblem::Truncated | DecodeProblem::NotJson(_), .. }
                if safety == Safety::Safe =>
            {
                RetryAction::After { min: Duration::ZERO, at_most: Some(1) }
            }
            Error::Config(_)
            | Error::Build(_)
            | Error::Acquire { .. }
            | Error::Decode { .. }
            | Error::Deadline { .. }
            | Error::Closed => RetryAction::No,
        }
    }

    /// What to report to the pool with the lease.
    pub fn outcome(&self) -> Outcome {
        match self {
            Error::Transport(error) => error.outcome(),
            Error::Api(error) => Outcome::fault(error.blame()),
            // It came whole over a connection that works; what it says is another matter.
            Error::Decode { problem: DecodeProblem::Truncated, .. } => Outcome::BROKEN,
            Error::Decode { .. } => Outcome::fault(FaultClass::Application),
            Error::Deadline { stage: Stage::Request, .. } => Outcome::BROKEN,
            Error::Config(_)
            | Error::Build(_)
            | Error::Acquire { .. }
            | Error::Deadline { .. }
            | Error::Closed => Outcome::Returned,
        }
    }

    /// Whether the connection to the service or to its database failed: PGRST000 to PGRST003, the empty code, every transport
    /// error that is not a cancellation, and the gateway's 520 to 530.
    ///
    /// PGRST301 and PGRST302 are often listed with these, but they are HTTP 401: the token is not accepted, and no other
    /// connection would change that. They are [`ErrorClass::Auth`].
    pub fn is_connection_error(&self) -> bool {
        match self {
            Error::Transport(error) => error.class() != FaultClass::Caller,
            Error::Api(error) => match error.code {
                Some(Code::Postgrest(number)) => number <= 3,
                Some(Code::Empty) => true,
                Some(Code::SqlState(_) | Code::PostgrestInternal | Code::Other(_)) | None => {
                    (520..=530).contains(&error.status.as_u16())
                }
            },
            Error::Deadline { last: Some(last), .. } => last.is_connection_error(),
            Error::Config(_)
            | Error::Build(_)
            | Error::Acquire { .. }
            | Error::Decode { .. }
            | Error::Deadline { last: None, .. }
            | Error::Closed => false,
        }
    }

    /// Whether it took too long, here or there.
    pub fn is_timeout(&self) -> bool {
        self.class() == ErrorClass::Timeout
    }

    /// Whether the pool is closed.
    pub fn is_closed(&self) -> bool {
        self.class() == ErrorClass::Closed
    }

    /// The wait that the service asked for, or that the pool imposes while the service cannot be reached.
    pub fn retry_after(&self) -> Option<Duration> {
        if let Error::Acquire { retry_after, .. } = self {
            return *retry_after;
        }
        self.api().and_then(|error| error.retry_after)
    }

    /// The code of the service's answer.
    pub fn code(&self) -> Option<&Code> {
        self.api().and_then(|error| error.code.as_ref())
    }

    /// The service's answer, if there was one; of the last attempt, if the deadline ended the call.
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Error::Api(error) => Some(error),
            Error::Deadline { last: Some(last), .. } => last.api(),
            Error::Config(_)
            | Error::Build(_)
            | Error::Acquire { .. }
            | Error::Transport(_)
            | Error::Decode { .. }
            | Error::Deadline { last: None, .. }
            | Error::Closed => None,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stage::Acquire => "while waiting for a connection",
            Stage::Request => "while waiting for the answer",
            Stage::Retry => "before the next attempt could begin",
            Stage::Credential => "while waiting for a new access token",
        })
    }
}

impl fmt::Display for DecodeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeProblem::NotJson(media_type) if media_type.is_empty() => {
                f.write_str("is not JSON and has no media type: check that the URL leads to PostgREST")
            }
            DecodeProblem::NotJson(media_type) => {
                write!(f, "is {media_type}, not JSON: check that the URL leads to PostgREST")
            }
            DecodeProblem::Truncated => f.write_str("is cut short"),
            DecodeProblem::Malformed(why) => write!(f, "is not valid JSON: {why}"),
            DecodeProblem::Mismatch(why) => write!(f, "does not fit the type asked for: {why}"),
        }
    }
}

fn shown(snippet: &str) -> String {
    if snippet.is_empty() { String::new() } else { format!("; it begins: {snippet}") }
}
