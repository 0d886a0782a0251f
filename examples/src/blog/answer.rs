//! What a web handler answers when an operation has failed: by the class of the error, never by its text.

use std::time::Duration;

use pool_tokio::pool_supabase::{Error, ErrorClass};

/// The answer to a visitor. The error itself belongs into the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// What the visitor reads.
    pub says: &'static str,
    /// For a `Retry-After` header: whole seconds, and never none of them. Only for what passes by itself.
    pub retry_after: Option<Duration>,
}

const SOON: &str = "not available just now; try again in a moment";

impl From<&Error> for Answer {
    fn from(error: &Error) -> Self {
        use ErrorClass as Class;
        let (status, says) = match error.class() {
            Class::Auth => (401, "sign in again"),
            Class::Permission => (403, "this is not yours"),
            Class::Cardinality => (404, "there is no such thing"),
            Class::Conflict => (409, "this contradicts what is there"),
            Class::Data => (422, "a value is not acceptable"),
            Class::Timeout => (504, "this took too long; try again"),
            // It passes by itself.
            Class::Overload | Class::Unavailable | Class::Connection | Class::Contention | Class::Closed => {
                (503, SOON)
            }
            // Somebody must act, and it is not the visitor: the project's owner, or who wrote the query.
            Class::Paused | Class::Restricted => (503, "closed for now"),
            // The query, the configuration or the service is wrong; so is a class that is added later and not yet known here.
            Class::Config
            | Class::Request
            | Class::Schema
            | Class::Decode
            | Class::Operator
            | Class::Server
            | Class::Cancelled
            | _ => (500, "something is wrong here; we have been told"),
        };
        let retry_after = (says == SOON).then(|| whole_seconds(error.retry_after().unwrap_or_default()));
        Answer { status, says, retry_after }
    }
}

fn whole_seconds(wait: Duration) -> Duration {
    let begun = u64::from(wait.subsec_nanos() > 0);
    Duration::from_secs((wait.as_secs() + begun).max(1))
}
