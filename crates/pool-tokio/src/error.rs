//! The error of both transports, and what the pool makes of it.

use http::StatusCode;
use pool_async::Fault;
use pool_http::{Phase, TransportError, TransportErrorKind};

use crate::classify;

/// Why a connect, a probe or a request failed.
///
/// reqwest's errors become this by `?`, classified by their typed causes and without their URL.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// There was no whole answer.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The answer itself is the error: that of a probe, or one that `error_for_status` turned into an error.
    #[error("the peer answered with status {0}")]
    Status(StatusCode),
}

impl HttpError {
    /// What the pool decides by.
    pub fn fault(&self) -> Fault {
        match self {
            HttpError::Transport(error) => pool_hyper::fault(error),
            HttpError::Status(status) => pool_hyper::status_fault(*status),
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
            HttpError::Status(_) => None,
        }
    }
}

impl From<reqwest::Error> for HttpError {
    fn from(error: reqwest::Error) -> Self {
        match error.status() {
            Some(status) => HttpError::Status(status),
            None => HttpError::Transport(classify::reqwest(error)),
        }
    }
}

/// What the status of a probe's answer says: that of a request that was refused proves as much as a success.
pub(crate) fn proves_life(status: StatusCode) -> Result<(), HttpError> {
    if pool_hyper::proves_life(status) { Ok(()) } else { Err(HttpError::Status(status)) }
}
