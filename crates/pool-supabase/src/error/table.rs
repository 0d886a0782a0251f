//! What each answer means, as data: one row per code or status, and one function that finds the row.
//!
//! Order of authority: PostgREST's code, then the SQLSTATE (the longest prefix wins), then the status. A row says three
//! things: the class that the caller sees, whom the pool blames, and what a retry may do.

use http::StatusCode;
use pool_http::FaultClass;

use super::{Code, ErrorClass, ErrorSource};

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) class: ErrorClass,
    pub(crate) blame: FaultClass,
    pub(crate) again: Again,
}

/// Whether the request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// It would fail the same way.
    Never,
    /// If running it twice does no harm.
    Safe,
    /// Once, and only a read.
    ReadOnce,
    /// Always: it did not run, or was rolled back.
    Any,
    /// Always, but only after a long wait: the server has too much to do.
    AnySlowly,
    /// Once, with a new credential.
    Credential,
}

const fn row(class: ErrorClass, blame: FaultClass, again: Again) -> Row {
    Row { class, blame, again }
}

/// A permanent refusal that is about the request: nobody's health is touched.
const fn refused(class: ErrorClass) -> Row {
    row(class, FaultClass::Application, Again::Never)
}

use Again::{Any, AnySlowly, Credential, Never, ReadOnce, Safe};
use ErrorClass as Class;
use FaultClass::{Application, Endpoint, Saturation};

/// PostgREST's own codes, as ranges of `PGRSTnnn`, ascending.
const POSTGREST: &[(u16, u16, Row)] = &[
    (0, 0, row(Class::Unavailable, Endpoint, Any)),
    // A connection was lost in mid-query: a write may have run.
    (1, 1, row(Class::Unavailable, Endpoint, Safe)),
    (2, 2, row(Class::Unavailable, Endpoint, Any)),
    (3, 3, row(Class::Overload, Saturation, AnySlowly)),
    (100, 110, refused(Class::Request)),
    (111, 112, refused(Class::Operator)),
    (114, 115, refused(Class::Request)),
    (116, 116, refused(Class::Cardinality)),
    (117, 120, refused(Class::Request)),
    (121, 121, refused(Class::Operator)),
    (122, 122, refused(Class::Request)),
    (123, 123, refused(Class::Operator)),
    (124, 128, refused(Class::Request)),
    (200, 205, refused(Class::Schema)),
    (300, 300, refused(Class::Operator)),
    (301, 301, row(Class::Auth, Application, Credential)),
    (302, 302, row(Class::Auth, Application, Credential)),
    (303, 303, row(Class::Auth, Application, Credential)),
];

/// SQLSTATE by prefix; a longer prefix stands before a shorter one.
const SQLSTATE: &[(&str, Row)] = &[
    ("08", row(Class::Unavailable, Endpoint, Safe)),
    ("22", refused(Class::Data)),
    ("23502", refused(Class::Data)),
    ("23503", refused(Class::Conflict)),
    ("23505", refused(Class::Conflict)),
    ("23P01", refused(Class::Conflict)),
    ("23", refused(Class::Data)),
    // A write on a read-only replica or in a function called by GET.
    ("25006", refused(Class::Request)),
    ("28", refused(Class::Operator)),
    // Rolled back by the deadlock detector.
    ("40P01", row(Class::Contention, Application, Any)),
    // Transient in theory, but before version 16 PostgREST repeats it for ever by itself.
    ("40001", refused(Class::Contention)),
    ("42501", refused(Class::Permission)),
    ("42", refused(Class::Schema)),
    ("53300", row(Class::Overload, Saturation, Safe)),
    ("53", row(Class::Unavailable, Endpoint, Safe)),
    ("54", refused(Class::Request)),
    ("55P03", row(Class::Contention, Application, ReadOnce)),
    ("57014", row(Class::Timeout, Application, ReadOnce)),
    ("57P", row(Class::Unavailable, Endpoint, Safe)),
    ("P0", refused(Class::Data)),
    ("XX", refused(Class::Server)),
];

/// What the status says when no code does.
fn by_status(status: StatusCode, source: ErrorSource) -> Row {
    let gateway = source == ErrorSource::Gateway;
    let blame = pool_http::blame(status).unwrap_or(Application);
    match status.as_u16() {
        // The gateway knows no users: what it does not accept is the project's key, what it does not find is the path.
        401 | 404 if gateway => refused(Class::Config),
        401 => refused(Class::Auth),
        402 => refused(Class::Restricted),
        403 => refused(Class::Permission),
        404 => refused(Class::Schema),
        408 => row(Class::Unavailable, blame, Safe),
        409 => refused(Class::Conflict),
        421 => row(Class::Unavailable, blame, Any),
        429 | 529 => row(Class::Overload, blame, Safe),
        400..=499 => refused(Class::Request),
        500 if gateway => row(Class::Server, blame, Safe),
        502 | 503 | 520 | 527 | 530 => row(Class::Unavailable, blame, Safe),
        504 | 524 | 544 => row(Class::Timeout, blame, ReadOnce),
        // The request did not reach the origin.
        521..=523 => row(Class::Unavailable, blame, Any),
        525 | 526 => row(Class::Operator, blame, Never),
        540 => row(Class::Paused, blame, Never),
        _ => row(Class::Server, blame, Never),
    }
}

/// The row for an answer.
pub(crate) fn find(status: StatusCode, code: Option<&Code>, source: ErrorSource) -> Row {
    let known = match code {
        Some(Code::Postgrest(number)) => {
            POSTGREST.iter().find(|(first, last, _)| (first..=last).contains(&number)).map(|&(.., row)| row)
        }
        Some(Code::PostgrestInternal) => Some(row(Class::Server, Application, ReadOnce)),
        Some(Code::SqlState(state)) => {
            SQLSTATE.iter().find(|(prefix, _)| state.as_str().starts_with(prefix)).map(|&(_, row)| row)
        }
        // As PGRST001: a write may have run.
        Some(Code::Empty) => Some(row(Class::Unavailable, Endpoint, Safe)),
        Some(Code::Other(_)) | None => None,
    };
    known.unwrap_or_else(|| by_status(status, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_prefix_hides_a_longer_one_and_no_range_overlaps() {
        for (n, (prefix, _)) in SQLSTATE.iter().enumerate() {
            for (earlier, _) in &SQLSTATE[..n] {
                assert!(!prefix.starts_with(earlier), "{earlier} hides {prefix}");
            }
        }
        for pair in POSTGREST.windows(2) {
            assert!(pair[0].0 <= pair[0].1 && pair[0].1 < pair[1].0, "{pair:?}");
        }
    }
}
