//! Whether a connection is between two requests, in one, or out of step: what decides whether it may be used again.
//!
//! Rules: it is out of step from the moment a request is handed over until its answer has been read to the end; a request
//! that ends in any other way, or that has not gone itself by then, leaves it so for good.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use pool_http::{Phase, TransportError, TransportErrorKind};

use crate::upload::Upload;

const IDLE: u8 = 0;
const BUSY: u8 = 1;
const DIRTY: u8 = 2;

/// What a connection has been used for.
#[derive(Debug)]
pub struct Usage {
    state: AtomicU8,
    /// Several requests at once do not disturb each other, and one that is dropped is cancelled on its own (HTTP/2).
    concurrent: bool,
    /// Requests under way, where there may be several.
    flights: AtomicU32,
    now: fn() -> Instant,
    since: Instant,
    /// When the last answer ended, in nanoseconds from `since`; zero before the first.
    last: AtomicU64,
}

/// One request under way. Dropped without [`done`](Flight::done), it leaves the connection out of step.
#[derive(Debug)]
pub struct Flight {
    usage: Arc<Usage>,
    idle_for: Option<Duration>,
    /// Its body, where that could be in the way of the next request.
    upload: Option<Upload>,
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
    /// Nothing yet. `concurrent` says that it carries several requests at once; `now` is the runtime's clock.
    pub fn new(concurrent: bool, now: fn() -> Instant) -> Arc<Self> {
        let (state, last) = (AtomicU8::new(IDLE), AtomicU64::new(0));
        Arc::new(Usage { state, concurrent, flights: AtomicU32::new(0), now, since: now(), last })
    }

    /// Whether the connection must not be used again.
    pub fn is_dirty(&self) -> bool {
        self.state.load(Ordering::Acquire) != IDLE
    }

    /// Whether one request or several are under way.
    pub fn is_under_way(&self) -> bool {
        self.is_dirty() || self.flights.load(Ordering::Acquire) > 0
    }

    /// Begins a request.
    ///
    /// # Errors
    ///
    /// When the connection carries one already, or one was abandoned on it: nothing is sent then.
    pub fn begin(self: &Arc<Self>) -> Result<Flight, TransportError> {
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
        self.flights.fetch_add(u32::from(self.concurrent), Ordering::AcqRel);
        Ok(Flight { usage: Arc::clone(self), idle_for: self.idle_for(), upload: None, ended: false })
    }

    fn idle_for(&self) -> Option<Duration> {
        match self.last.load(Ordering::Relaxed) {
            0 => None,
            last => Some(self.age().saturating_sub(Duration::from_nanos(last))),
        }
    }

    fn age(&self) -> Duration {
        (self.now)().saturating_duration_since(self.since)
    }
}

impl Flight {
    /// Its body is on its way.
    pub(crate) fn sends(&mut self, upload: Option<Upload>) {
        self.upload = upload;
    }

    /// The answer was read to its end.
    pub fn done(&mut self) {
        let nanos = u64::try_from(self.usage.age().as_nanos()).unwrap_or(u64::MAX);
        self.usage.last.store(nanos.max(1), Ordering::Relaxed);
        let early = self.upload.as_ref().is_some_and(Upload::is_under_way);
        self.end(if early { DIRTY } else { IDLE });
    }

    /// Nothing of the request was handed over: the connection is as it was before.
    pub fn withdraw(&mut self) {
        self.end(IDLE);
    }

    /// `error`, with the time that the connection had been idle before, where it had.
    pub fn blame(&self, error: TransportError) -> TransportError {
        match self.idle_for {
            Some(idle) => error.after_idle(idle),
            None => error,
        }
    }

    fn end(&mut self, state: u8) {
        if !self.ended {
            self.ended = true;
            if self.usage.concurrent {
                self.usage.flights.fetch_sub(1, Ordering::AcqRel);
            } else {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(concurrent: bool) -> Arc<Usage> {
        Usage::new(concurrent, Instant::now)
    }

    #[test]
    fn a_second_request_beside_the_first_is_refused_and_keeps_the_connection() {
        let usage = usage(false);
        let mut first = usage.begin().unwrap();
        let error = usage.begin().unwrap_err();
        assert_eq!((error.phase(), error.kind()), (Phase::NotSent, TransportErrorKind::Invalid));
        first.done();
        assert!(!usage.is_dirty());
        assert!(usage.begin().is_ok());
    }

    #[test]
    fn a_request_that_ends_in_any_other_way_spoils_the_connection_for_good() {
        let usage = usage(false);
        drop(usage.begin().unwrap());
        assert!(usage.is_dirty());
        let error = usage.begin().unwrap_err();
        assert_eq!((error.phase(), error.kind()), (Phase::NotSent, TransportErrorKind::Closed));
    }

    #[test]
    fn one_that_was_withdrawn_leaves_no_trace() {
        let usage = usage(false);
        usage.begin().unwrap().withdraw();
        assert!(!usage.is_dirty());
        let error = TransportError::new(Phase::Sent, TransportErrorKind::Reset);
        assert_eq!(usage.begin().unwrap().blame(error).idle_for(), None);
    }

    #[test]
    fn streams_do_not_disturb_each_other_and_idle_time_counts_from_the_last_end() {
        let usage = usage(true);
        let mut first = usage.begin().unwrap();
        drop(usage.begin().unwrap());
        assert!(usage.is_under_way() && !usage.is_dirty());
        first.done();
        assert!(!usage.is_under_way());
        let error = TransportError::new(Phase::Sent, TransportErrorKind::Reset);
        assert!(usage.begin().unwrap().blame(error).idle_for().is_some());
    }
}
