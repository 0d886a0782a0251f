//! What keeps a `reqwest::Client` to one socket for its whole life.
//!
//! Theory of operation: a client opens a socket whenever it finds no idle one, and says nothing of it. The gate lets the first
//! connect through and refuses every other, so the pool's limit on sockets holds, and a client whose socket has died fails the next
//! request before anything of it was sent. One thing has to be waited for: the client's own pool gets a connection back a
//! moment *after* the answer has been read, and a request made within that moment asks for a second socket. It takes the first one as
//! soon as that is back, so the refusal is held back for [`SETTLE`].

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use pool_async::Reporter;
use pool_http::{Phase, TransportError, TransportErrorKind};
use tower_layer::Layer;
use tower_service::Service;

type BoxError = Box<dyn Error + Send + Sync>;

/// How long a refusal is held back: many times what a runtime needs to run one task that is ready.
const SETTLE: Duration = Duration::from_millis(25);

/// The client of a pooled connection wanted a second socket: its first one is gone, or two requests were made at once.
#[derive(Debug, thiserror::Error)]
#[error("the connection is gone, or carries another request: give the lease back and take another")]
struct Reopened;

/// Lets one connect through, and reports that a second one was wanted.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    passed: Arc<AtomicBool>,
    reporter: Option<Reporter>,
}

impl Gate {
    pub(super) fn new(reporter: Option<Reporter>) -> Self {
        Gate { passed: Arc::default(), reporter }
    }
}

/// A connector behind the gate.
#[derive(Clone, Debug)]
pub(super) struct Gated<S> {
    gate: Gate,
    connector: S,
}

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;

    fn layer(&self, connector: S) -> Gated<S> {
        Gated { gate: self.clone(), connector }
    }
}

impl<S, R> Service<R> for Gated<S>
where
    S: Service<R, Error = BoxError>,
    S::Future: Send + 'static,
    S::Response: 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(cx)
    }

    fn call(&mut self, to: R) -> Self::Future {
        if !self.gate.passed.swap(true, Ordering::AcqRel) {
            return Box::pin(self.connector.call(to));
        }
        let reporter = self.gate.reporter.clone();
        Box::pin(async move {
            tokio::time::sleep(SETTLE).await;
            // Even if the first socket turned out to be alive: that is rare, and costs one connect.
            if let Some(reporter) = reporter {
                reporter.lost();
            }
            Err(TransportError::new(Phase::NotSent, TransportErrorKind::Closed).with_source(Reopened).into())
        })
    }
}
