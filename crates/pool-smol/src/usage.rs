//! Whether a connection is between two requests, in one, or out of step: what decides whether it may be used again.
//!
//! Rules: it is out of step from the moment a request is handed over until its answer has been read to the end; a request
//! that ends in any other way leaves it so for good.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use pool_http::{Phase, TransportError, TransportErrorKind};

const IDLE: u8 = 0;
const BUSY: u8 = 1;
const DIRTY: u8 = 2;

/// What a connection has been used for.
#[derive(Debug)]
pub(crate) struct Usage {
    state: AtomicU8,
    /// Several requests at once do not disturb each other, and one that is dropped is cancelled on its own (HTTP/2).
    concurrent: bool,
    since: Instant,
    /// When the last answer ended, in nanoseconds from `since`; zero before the first.
    last: AtomicU64,
}

/// One request under way. Dropped without [`done`](Flight::done), it leaves the connection out of step.
#[derive(Debug)]
pub(crate) struct Flight {
    usage: Arc<Usage>,
    idle_for: Option<Duration>,
    ended: bool,
}

/// The answer to the request before this one has not been read to its end.
#[derive(Debug, thiserror::Error)]
#[error("this connection carries one request at a time: read the previous answer to its end first")]
struct InUse;

/// The answer to an earlier request was never read to its end.
#[derive(Debug, thiserror::Error)]
#[error("an earlier request on this connection was abandoned: give the lease back and take another")]
struct Abandoned;

impl Usage {
    pub(crate) fn new(concurrent: bool) -> Arc<Self> {
        let (state, last) = (AtomicU8::new(IDLE), AtomicU64::new(0));
        Arc::new(Usage { state, concurrent, since: Instant::now(), last })
    }

    /// Whether the connection must not be used again.
    pub(crate) fn is_dirty(&self) -> bool {
        self.state.load(Ordering::Acquire) != IDLE
    }

    /// Begins a request.
    pub(crate) fn begin(self: &Arc<Self>) -> Result<Flight, TransportError> {
        if !self.concurrent {
            let taken = self.state.compare_exchange(IDLE, BUSY, Ordering::AcqRel, Ordering::Acquire);
            match taken {
                Ok(_) => {}
                Err(BUSY) => {
                    let error = TransportError::new(Phase::NotSent, TransportErrorKind::Invalid);
                    return Err(error.with_source(InUse));
                }
                Err(_) => {
                    let error = TransportError::new(Phase::NotSent, TransportErrorKind::Closed);
                    return Err(error.with_source(Abandoned));
                }
            }
        }
        Ok(Flight { usage: Arc::clone(self), idle_for: self.idle_for(), ended: false })
    }

    fn idle_for(&self) -> Option<Duration> {
        match self.last.load(Ordering::Relaxed) {
            0 => None,
            last => Some(self.since.elapsed().saturating_sub(Duration::from_nanos(last))),
        }
    }
}

impl Flight {
    /// The answer was read to its end.
    pub(crate) fn done(&mut self) {
        let nanos = u64::try_from(self.usage.since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.usage.last.store(nanos.max(1), Ordering::Relaxed);
        self.end(IDLE);
    }

    /// Nothing of the request was handed over: the connection is as it was before.
    pub(crate) fn withdraw(&mut self) {
        self.end(IDLE);
    }

    /// `error`, with the time that the connection had been idle before, where it had.
    pub(crate) fn blame(&self, error: TransportError) -> TransportError {
        match self.idle_for {
            Some(idle) => error.after_idle(idle),
            None => error,
        }
    }

    fn end(&mut self, state: u8) {
        if !self.ended {
            self.ended = true;
            if !self.usage.concurrent {
                self.usage.state.store(state, Ordering::Release);
            }
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.end(DIRTY);
    }
}
