//! What an error of reqwest means, by what it says of itself and by its typed causes.

use pool_http::{Phase, TransportError, TransportErrorKind as Kind};
use pool_hyper::{invalid, name};

/// Names what an error of reqwest means. Its URL is left out: it may hold what is nobody's business.
pub(crate) fn reqwest(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    if error.is_builder() || error.is_redirect() {
        return invalid(error);
    }
    let phase = if error.is_dns() {
        return TransportError::new(Phase::Resolve, Kind::Dns).with_source(error);
    } else if error.is_connect() {
        Phase::Connect
    } else if error.is_body() || error.is_decode() {
        Phase::Body
    } else {
        Phase::Sent
    };
    let (phase, kind) = name(&error, phase);
    // Its own time limits are types that only reqwest knows.
    let kind = if kind == Kind::Other && error.is_timeout() { Kind::TimedOut } else { kind };
    TransportError::new(phase, kind).with_source(error)
}
