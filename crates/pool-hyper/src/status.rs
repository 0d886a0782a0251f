//! What the pool decides by, of an error and of a status.

use http::StatusCode;
use pool_async::Fault;
use pool_http::{FaultClass, Reuse, Sent, TransportError, blame};

/// What a failed exchange says.
pub fn fault(error: &TransportError) -> Fault {
    Fault::new(error.class(), error.reuse()).sent(error.sent())
}

/// What an answer says that is taken for an error.
pub fn status_fault(status: StatusCode) -> Fault {
    let class = blame(status).unwrap_or(FaultClass::Application);
    // The statuses that blame the connection ask for another one.
    let reuse = if class == FaultClass::Connection { Reuse::Discard } else { Reuse::Keep };
    Fault::new(class, reuse).sent(Sent::Maybe)
}

/// Whether the answer to a probe proves the connection alive: one that was refused proves as much as a success.
pub fn proves_life(status: StatusCode) -> bool {
    matches!(blame(status), None | Some(FaultClass::Application))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_proves_life_and_a_gateway_without_a_service_does_not() {
        for status in [200, 204, 400, 401, 404] {
            assert!(proves_life(StatusCode::from_u16(status).unwrap()), "{status}");
        }
        for status in [429, 502, 503, 521] {
            assert!(!proves_life(StatusCode::from_u16(status).unwrap()), "{status}");
        }
    }

    #[test]
    fn a_status_that_blames_the_connection_gives_it_up() {
        for status in (100..1000).map(|status| StatusCode::from_u16(status).unwrap()) {
            let fault = status_fault(status);
            assert_eq!(fault.reuse == Reuse::Discard, fault.class == FaultClass::Connection, "{status}");
        }
    }
}
