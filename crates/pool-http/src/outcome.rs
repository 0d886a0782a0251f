//! Whose fault an exchange was, for the pool's health rules, as far as HTTP alone can tell.
//!
//! The rule: an answer blames the endpoint only when it says that what stands behind the gateway cannot be reached or
//! has failed; "too much" is saturation, which never makes anything unhealthy; every other refusal is about the request.

use http::StatusCode;
use pool_core::{FaultClass, Outcome};

use crate::{Response, TransportError};

/// What to report to the pool with the lease.
pub fn outcome(result: Result<&Response, &TransportError>) -> Outcome {
    match result {
        Ok(response) => blame(response.status).map_or(Outcome::Success, Outcome::fault),
        Err(error) => error.outcome(),
    }
}

/// Whose fault a status is; nobody's below 400.
///
/// | status | blame |
/// |---|---|
/// | 408, 421 | this connection |
/// | 429, 503, 529 | saturation: less load, nobody is unhealthy |
/// | 502, 504, 520–527, 530, 540, 544, 598, 599 | the endpoint |
/// | every other from 400 | the request |
pub fn blame(status: StatusCode) -> Option<FaultClass> {
    match status.as_u16() {
        0..400 => None,
        // The peer gave up on this connection (408), or says that it is the wrong one for this host (421).
        408 | 421 => Some(FaultClass::Connection),
        429 | 503 | 529 => Some(FaultClass::Saturation),
        502 | 504 | 520..=527 | 530 | 540 | 544 | 598 | 599 => Some(FaultClass::Endpoint),
        _ => Some(FaultClass::Application),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;
    use crate::{Phase, TransportErrorKind};

    #[test]
    fn every_status_has_one_culprit() {
        use FaultClass::{Application, Connection, Endpoint, Saturation};
        let table: &[(u16, Option<FaultClass>)] = &[
            (200, None),
            (206, None),
            (304, None),
            (400, Some(Application)),
            (401, Some(Application)),
            (402, Some(Application)),
            (404, Some(Application)),
            (408, Some(Connection)),
            (409, Some(Application)),
            (416, Some(Application)),
            (421, Some(Connection)),
            (429, Some(Saturation)),
            (500, Some(Application)),
            (502, Some(Endpoint)),
            (503, Some(Saturation)),
            (504, Some(Endpoint)),
            (520, Some(Endpoint)),
            (521, Some(Endpoint)),
            (522, Some(Endpoint)),
            (523, Some(Endpoint)),
            (524, Some(Endpoint)),
            (525, Some(Endpoint)),
            (526, Some(Endpoint)),
            (530, Some(Endpoint)),
            (540, Some(Endpoint)),
            (544, Some(Endpoint)),
            (546, Some(Application)),
        ];
        for &(status, expected) in table {
            assert_eq!(blame(StatusCode::from_u16(status).unwrap()), expected, "{status}");
        }
    }

    #[test]
    fn an_answered_fault_keeps_the_connection_and_a_broken_exchange_does_not() {
        let response = Response::new(StatusCode::NOT_FOUND, HeaderMap::new(), "");
        assert_eq!(outcome(Ok(&response)), Outcome::fault(FaultClass::Application));
        let response = Response::new(StatusCode::OK, HeaderMap::new(), "");
        assert_eq!(outcome(Ok(&response)), Outcome::Success);
        let error = TransportError::new(Phase::Sent, TransportErrorKind::TimedOut);
        assert_eq!(outcome(Err(&error)), Outcome::BROKEN);
        let error = TransportError::new(Phase::Sent, TransportErrorKind::Cancelled);
        assert_eq!(outcome(Err(&error)), Outcome::ABANDONED);
    }
}
