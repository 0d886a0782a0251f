//! What may be done about a failed exchange, as data: the pool's core owns attempts, budget, jitter and deadline.
//!
//! A request that was never sent goes again at once on another, fresh connection, whatever its method. One that may have
//! been sent goes again only if running it twice does no harm.

use std::time::Duration;

use pool_core::{FaultClass, Safety, Sent};

use crate::{Response, TransportError, blame};

/// What may be done about a failed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "the answer says whether the request may be sent again"]
pub enum RetryAction {
    /// Nothing: another try would fail the same way, or could do harm.
    No,
    /// Send it again after a wait.
    After {
        /// The least wait; the core adds backoff and jitter.
        min: Duration,
        /// How often this failure may be answered with another try; `None` leaves it to the pool's policy.
        at_most: Option<u32>,
    },
    /// Send it again at once, on a connection that is proven alive: this one went stale, and its idle siblings may have too.
    FreshConnectionNow,
    /// Get a new credential, then send it again, once.
    RefreshCredential,
}

impl RetryAction {
    /// Another try after at least `min`, as often as the pool's policy allows.
    pub const fn after(min: Duration) -> Self {
        RetryAction::After { min, at_most: None }
    }

    /// What may be done about a transport error.
    pub fn for_transport(error: &TransportError, safety: Safety) -> Self {
        match error.class() {
            FaultClass::Caller | FaultClass::Application => return RetryAction::No,
            FaultClass::Connection | FaultClass::Endpoint | FaultClass::Saturation => {}
        }
        match (error.sent(), safety) {
            (Sent::Maybe, Safety::Unsafe) => RetryAction::No,
            (Sent::No, _) if !error.is_connect() => RetryAction::FreshConnectionNow,
            (Sent::Maybe, _) if error.is_stale_connection() => RetryAction::FreshConnectionNow,
            (Sent::No | Sent::Maybe, _) => RetryAction::after(Duration::ZERO),
        }
    }

    /// What may be done about an answer, by its status alone: a safe or idempotent request goes again after a fault of
    /// the connection, the endpoint, or load. Services that say more in the body refine this.
    pub fn for_response(response: &Response, safety: Safety) -> Self {
        match (blame(response.status), safety) {
            (None | Some(FaultClass::Application | FaultClass::Caller), _) | (_, Safety::Unsafe) => {
                RetryAction::No
            }
            (Some(FaultClass::Connection | FaultClass::Endpoint | FaultClass::Saturation), _) => {
                RetryAction::after(response.retry_after().unwrap_or_default())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, StatusCode};

    use super::*;
    use crate::{Phase, TransportErrorKind as Kind};

    const AGAIN: RetryAction = RetryAction::after(Duration::ZERO);

    #[test]
    fn a_write_goes_again_only_if_it_was_never_sent() {
        let table = [
            (Phase::Resolve, Kind::Dns, AGAIN, AGAIN),
            (Phase::Connect, Kind::Refused, AGAIN, AGAIN),
            (Phase::Connect, Kind::TimedOut, AGAIN, AGAIN),
            (Phase::NotSent, Kind::Closed, RetryAction::FreshConnectionNow, RetryAction::FreshConnectionNow),
            (Phase::Sent, Kind::Reset, AGAIN, RetryAction::No),
            (Phase::Sent, Kind::TimedOut, AGAIN, RetryAction::No),
            (Phase::Body, Kind::Truncated, AGAIN, RetryAction::No),
            (Phase::Sent, Kind::Cancelled, RetryAction::No, RetryAction::No),
            (Phase::Body, Kind::TooLarge, RetryAction::No, RetryAction::No),
            (Phase::NotSent, Kind::Invalid, RetryAction::No, RetryAction::No),
        ];
        for (phase, kind, read, write) in table {
            let error = TransportError::new(phase, kind);
            assert_eq!(RetryAction::for_transport(&error, Safety::Safe), read, "{phase:?} {kind:?} read");
            assert_eq!(
                RetryAction::for_transport(&error, Safety::Idempotent),
                read,
                "{phase:?} {kind:?} idempotent"
            );
            assert_eq!(RetryAction::for_transport(&error, Safety::Unsafe), write, "{phase:?} {kind:?} write");
        }
    }

    #[test]
    fn a_stale_connection_sends_a_read_to_a_fresh_one_and_never_a_write() {
        let stale = TransportError::new(Phase::Sent, Kind::Reset).after_idle(Duration::from_secs(60));
        assert_eq!(RetryAction::for_transport(&stale, Safety::Safe), RetryAction::FreshConnectionNow);
        assert_eq!(RetryAction::for_transport(&stale, Safety::Unsafe), RetryAction::No);
    }

    #[test]
    fn an_answer_is_retried_by_status_with_the_wait_it_asks_for() {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_static("0, 7"));
        let busy = Response::new(StatusCode::SERVICE_UNAVAILABLE, headers, "");
        assert_eq!(
            RetryAction::for_response(&busy, Safety::Safe),
            RetryAction::after(Duration::from_secs(7))
        );
        assert_eq!(RetryAction::for_response(&busy, Safety::Unsafe), RetryAction::No);
        let missing = Response::new(StatusCode::NOT_FOUND, HeaderMap::new(), "");
        assert_eq!(RetryAction::for_response(&missing, Safety::Safe), RetryAction::No);
    }
}
