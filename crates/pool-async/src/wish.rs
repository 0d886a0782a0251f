//! What an acquire asks for, as its future keeps it: every caller that waits holds one, and an `async` block that awaits it two.
//!
//! Rule kept here: a word for each thing, and a bit for whether it is asked for.

use std::time::Duration;

use pool_core::{Patience, Place, Priority, Request, Time};

use crate::acquire::AcquireOptions;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    /// How long to wait from the first turn on, in nanoseconds; zero does not wait.
    timeout: u64,
    /// No longer than until this instant.
    latest: Time,
    proven_since: Time,
    wants_proof: bool,
    priority: Priority,
    place: Place,
    begun: bool,
    /// When the first turn was, once it has begun.
    since: Time,
}

impl Wish {
    /// Of `options`, and of the pool's timeout in nanoseconds.
    #[inline]
    pub(crate) fn new(options: &AcquireOptions, configured: u64) -> Self {
        let timeout = match (options.timeout, options.deadline) {
            (Some(timeout), _) => nanos(timeout),
            (None, Some(_)) => u64::MAX,
            (None, None) => configured,
        };
        Wish {
            timeout,
            latest: options.deadline.unwrap_or(Time::MAX),
            proven_since: options.proven_since.unwrap_or(Time::ZERO),
            wants_proof: options.proven_since.is_some(),
            priority: options.priority,
            place: options.place,
            begun: false,
            since: Time::ZERO,
        }
    }

    /// A turn at `now`: an acquire after a dead connection keeps the deadline of the first.
    #[inline]
    pub(crate) fn begin(&mut self, now: Time) {
        if !self.begun {
            (self.begun, self.since) = (true, now);
        }
    }

    /// When the first turn was.
    pub(crate) fn since(&self) -> Option<Time> {
        self.begun.then_some(self.since)
    }

    /// Whether only a connection will do that has proved alive since some instant.
    #[inline]
    pub(crate) fn wants_proof(&self) -> bool {
        self.wants_proof
    }

    /// The caller has waited already, and was given a dead connection.
    #[inline]
    pub(crate) fn go_to_the_front(&mut self) {
        self.place = Place::Front;
    }

    /// As the core is asked, once it has begun.
    #[inline]
    pub(crate) fn request(&self) -> Request {
        let patience = match self.timeout {
            0 => Patience::None,
            timeout => {
                let deadline = Time::from_nanos(self.since.as_nanos().saturating_add(timeout));
                Patience::Until(deadline.min(self.latest))
            }
        };
        let proven_since = self.wants_proof.then_some(self.proven_since);
        Request { priority: self.priority, patience, place: self.place, proven_since }
    }
}

/// In nanoseconds, saturating at 584 years.
#[inline]
pub(crate) fn nanos(duration: Duration) -> u64 {
    (Time::ZERO + duration).as_nanos()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patience(timeout: Option<Duration>, deadline: Option<Time>) -> Patience {
        let options = AcquireOptions { timeout, deadline, ..AcquireOptions::default() };
        let mut wish = Wish::new(&options, 10_000_000_000);
        assert_eq!(wish.since(), None);
        wish.begin(Time::from_millis(1_000));
        // Later turns change nothing.
        wish.begin(Time::from_millis(9_000));
        assert_eq!(wish.since(), Some(Time::from_millis(1_000)));
        wish.request().patience
    }

    #[test]
    fn the_wait_ends_at_the_earlier_of_timeout_and_deadline() {
        let until = |millis| Patience::Until(Time::from_millis(millis));
        let (second, at) = (Some(Duration::from_secs(1)), |millis| Some(Time::from_millis(millis)));
        assert_eq!(patience(None, None), until(11_000), "as configured");
        assert_eq!(patience(second, None), until(2_000));
        assert_eq!(patience(None, at(60_000)), until(60_000), "later than configured");
        assert_eq!(patience(second, at(1_500)), until(1_500));
        assert_eq!(patience(second, at(2_500)), until(2_000));
        assert_eq!(patience(Some(Duration::MAX), None), Patience::Until(Time::MAX));
        assert_eq!(patience(Some(Duration::ZERO), at(2_500)), Patience::None);
    }

    #[test]
    fn a_proof_is_asked_for_only_where_the_caller_did() {
        for proven_since in [None, Some(Time::ZERO), Some(Time::from_millis(7)), Some(Time::MAX)] {
            let wish = Wish::new(&AcquireOptions { proven_since, ..AcquireOptions::default() }, 1);
            assert_eq!(wish.request().proven_since, proven_since);
            assert_eq!(wish.wants_proof(), proven_since.is_some());
        }
    }
}
