//! What an error of the layers below means, from the types in its chain of causes, never from its text.
//!
//! Rules: the phase is what the caller knows, and a cause may only correct it where that is certain; a doubt means
//! [`Phase::Sent`]. An error of ours that came back through foreign hands keeps what it says. `io::Error::source()` skips its own payload, so the chain is walked through `get_ref()`.

use std::error::Error;
use std::io;
use std::iter::successors;

use pool_http::{Phase, TransportError, TransportErrorKind as Kind};

type Cause<'a> = &'a (dyn Error + 'static);

/// The chain of causes, beginning with `error` itself.
fn causes(error: Cause<'_>) -> impl Iterator<Item = Cause<'_>> {
    successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        Some(io) => io.get_ref().map(|payload| payload as Cause<'_>),
        None => error.source(),
    })
}

/// Names what went wrong in `phase`, from the causes of `error`.
pub fn classify(error: impl Into<Box<dyn Error + Send + Sync>>, phase: Phase) -> TransportError {
    let error = error.into();
    let (phase, kind) = name(error.as_ref(), phase);
    TransportError::new(phase, kind).with_source(error)
}

/// A request that cannot be sent as it is.
pub fn invalid(error: impl Into<Box<dyn Error + Send + Sync>>) -> TransportError {
    TransportError::new(Phase::NotSent, Kind::Invalid).with_source(error)
}

/// The error of ours that is somewhere among the causes of `error`.
pub fn known<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a TransportError> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// What `error` means if it happened in `phase`.
pub fn name(error: &(dyn Error + 'static), phase: Phase) -> (Phase, Kind) {
    // The deepest type that says something says best what it was; but that nothing was sent, only the one that held the
    // request back knows.
    causes(error)
        .filter_map(|cause| one(cause, phase))
        .fold((phase, Kind::Other), |(known, _), (phase, kind)| {
            (if known == Phase::NotSent { known } else { phase }, kind)
        })
}

/// What one link of the chain says, if it says something.
fn one(cause: Cause<'_>, phase: Phase) -> Option<(Phase, Kind)> {
    if let Some(error) = cause.downcast_ref::<TransportError>() {
        return Some((error.phase(), error.kind()));
    }
    if cause.is::<rustls::Error>() {
        return Some((if phase == Phase::Connect { Phase::Tls } else { phase }, Kind::Tls));
    }
    if let Some(error) = cause.downcast_ref::<hyper::Error>() {
        return of_hyper(error, phase);
    }
    if let Some(error) = cause.downcast_ref::<h2::Error>() {
        return of_h2(error, phase);
    }
    cause.downcast_ref::<io::Error>().and_then(|error| of_io(error, phase)).map(|kind| (phase, kind))
}

fn of_hyper(error: &hyper::Error, phase: Phase) -> Option<(Phase, Kind)> {
    if error.is_canceled() || error.is_closed() {
        // Dropped from the queue before a byte of it was written. Of a body, there is no such thing.
        return Some(if phase == Phase::Body {
            (phase, Kind::Closed)
        } else {
            (Phase::NotSent, Kind::Closed)
        });
    }
    if error.is_incomplete_message() {
        return Some((phase, if phase == Phase::Body { Kind::Truncated } else { Kind::Closed }));
    }
    if error.is_parse() {
        return Some((phase, Kind::Protocol));
    }
    if error.is_user() {
        return Some((phase, Kind::Invalid));
    }
    error.is_timeout().then_some((phase, Kind::TimedOut))
}

fn of_h2(error: &h2::Error, phase: Phase) -> Option<(Phase, Kind)> {
    if let Some(io) = error.get_io() {
        return of_io(io, phase).map(|kind| (phase, kind));
    }
    let reason = error.reason()?;
    if reason == h2::Reason::ENHANCE_YOUR_CALM && error.is_remote() {
        return Some((phase, Kind::Overloaded));
    }
    if error.is_remote() && phase != Phase::Body {
        // The two ways in which a peer says that it has not looked at a stream.
        if error.is_reset() && reason == h2::Reason::REFUSED_STREAM {
            return Some((Phase::NotSent, Kind::Refused));
        }
        if error.is_go_away() && reason == h2::Reason::NO_ERROR {
            return Some((Phase::NotSent, Kind::Closed));
        }
    }
    Some((phase, if error.is_remote() { Kind::Reset } else { Kind::Protocol }))
}

/// What an io error says by its kind; those that are not listed say nothing.
const IO: &[(io::ErrorKind, Kind)] = &[
    (io::ErrorKind::ConnectionRefused, Kind::Refused),
    (io::ErrorKind::ConnectionReset, Kind::Reset),
    (io::ErrorKind::ConnectionAborted, Kind::Reset),
    (io::ErrorKind::BrokenPipe, Kind::Closed),
    (io::ErrorKind::NotConnected, Kind::Closed),
    (io::ErrorKind::UnexpectedEof, Kind::Closed),
    (io::ErrorKind::TimedOut, Kind::TimedOut),
];

fn of_io(error: &io::Error, phase: Phase) -> Option<Kind> {
    let &(_, kind) = IO.iter().find(|(known, _)| *known == error.kind())?;
    Some(if phase == Phase::Body && kind == Kind::Closed { Kind::Truncated } else { kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nested_in_io_errors_is_found() {
        let unknown = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let nested = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, unknown));
        let error = classify(nested, Phase::Tls);
        assert_eq!((error.phase(), error.kind()), (Phase::Tls, Kind::Tls));
    }

    #[test]
    fn an_error_of_ours_keeps_its_phase_through_foreign_hands() {
        let ours = TransportError::new(Phase::Body, Kind::TimedOut);
        let error = classify(io::Error::other(ours), Phase::Sent);
        assert_eq!((error.phase(), error.kind()), (Phase::Body, Kind::TimedOut));
    }

    #[test]
    fn an_end_in_the_body_is_a_cut_and_before_it_a_close() {
        let end = || io::Error::from(io::ErrorKind::UnexpectedEof);
        assert_eq!(classify(end(), Phase::Body).kind(), Kind::Truncated);
        assert_eq!(classify(end(), Phase::Sent).kind(), Kind::Closed);
        let reset = io::Error::from(io::ErrorKind::ConnectionReset);
        assert_eq!(classify(reset, Phase::Body).kind(), Kind::Reset);
    }

    #[test]
    fn what_nobody_knows_stays_in_its_phase() {
        let error = classify("something else", Phase::Sent);
        assert_eq!((error.phase(), error.kind()), (Phase::Sent, Kind::Other));
    }
}
