//! The error of a connection, and what the pool makes of it.

use std::io;

use http::StatusCode;
use pool_async::Fault;
use pool_http::{Phase, TransportError, TransportErrorKind};
use pool_hyper::{classify, known};

/// Why a connect, a probe or a request failed.
///
/// surf's errors become this by `?`: what went wrong on the connection is found in them again, with its phase.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// There was no whole answer.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The answer itself is the error: that of a probe.
    #[error("the peer answered with status {0}")]
    Status(StatusCode),
    /// There was an answer, and it is not what was expected: no JSON, no text.
    #[error("the answer is not what was expected: {0}")]
    Content(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl HttpError {
    /// What the pool decides by.
    pub fn fault(&self) -> Fault {
        match self {
            HttpError::Transport(error) => pool_hyper::fault(error),
            HttpError::Status(status) => pool_hyper::status_fault(*status),
            HttpError::Content(_) => Fault::application(),
        }
    }

    /// How far the request got, if there was no whole answer.
    pub fn phase(&self) -> Option<Phase> {
        self.transport().map(TransportError::phase)
    }

    /// What went wrong, if there was no whole answer.
    pub fn kind(&self) -> Option<TransportErrorKind> {
        self.transport().map(TransportError::kind)
    }

    /// Whether a limit of time was reached.
    pub fn is_timeout(&self) -> bool {
        self.transport().is_some_and(TransportError::is_timeout)
    }

    /// The error of the transport, if there was no whole answer.
    pub fn transport(&self) -> Option<&TransportError> {
        match self {
            HttpError::Transport(error) => Some(error),
            HttpError::Status(_) | HttpError::Content(_) => None,
        }
    }
}

impl From<surf::Error> for HttpError {
    fn from(error: surf::Error) -> Self {
        let error = match error.downcast::<TransportError>() {
            Ok(ours) => return HttpError::Transport(ours),
            Err(other) => other,
        };
        match error.downcast::<io::Error>() {
            Ok(io) => HttpError::from(io),
            Err(other) => HttpError::Content(other.into_inner().into()),
        }
    }
}

/// An error while the body of an answer was read.
impl From<io::Error> for HttpError {
    fn from(error: io::Error) -> Self {
        match known(&error) {
            Some(_) => HttpError::Transport(classify(error, Phase::Body)),
            // The body arrived: it is its reader that was not content with it.
            None => HttpError::Content(error.into()),
        }
    }
}
