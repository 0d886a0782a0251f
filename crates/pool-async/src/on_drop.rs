//! How a lease ends that is dropped: in one word, since a lease is moved on its way to the caller, and what was written in pieces is slow
//! to be read as a whole.

use std::thread;

use pool_core::{FaultClass, Outcome, Reuse};

/// The thread was panicking already when the lease was granted: that is no sign that its use went wrong.
const PANICKING: u64 = 256;

#[derive(Clone, Copy)]
pub(crate) struct OnDrop(u64);

impl OnDrop {
    #[inline]
    pub(crate) fn of(outcome: Outcome) -> OnDrop {
        OnDrop(code(outcome) + if thread::panicking() { PANICKING } else { 0 })
    }

    pub(crate) fn set(&mut self, outcome: Outcome) {
        self.0 = (self.0 & PANICKING) + code(outcome);
    }

    /// The outcome of a drop at this moment: the connection is broken if the thread began to panic meanwhile.
    #[inline]
    pub(crate) fn now(self) -> Outcome {
        let panicked = thread::panicking() && self.0 & PANICKING == 0;
        if panicked { Outcome::BROKEN } else { outcome(self.0 & !PANICKING) }
    }
}

#[inline]
const fn code(outcome: Outcome) -> u64 {
    match outcome {
        Outcome::Returned => 0,
        Outcome::Success => 1,
        Outcome::Failed { class, reuse: Reuse::Keep } => 2 + 2 * class as u64,
        Outcome::Failed { class, reuse: Reuse::Discard } => 3 + 2 * class as u64,
    }
}

#[inline]
const fn outcome(code: u64) -> Outcome {
    match code {
        0 => Outcome::Returned,
        1 => Outcome::Success,
        _ => {
            let reuse = if code.is_multiple_of(2) { Reuse::Keep } else { Reuse::Discard };
            Outcome::Failed { class: FaultClass::ALL[(code / 2 - 1) as usize], reuse }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_comes_out_as_it_went_in() {
        let failed = FaultClass::ALL
            .into_iter()
            .flat_map(|class| [Reuse::Keep, Reuse::Discard].map(|reuse| Outcome::Failed { class, reuse }));
        for (n, outcome) in [Outcome::Success, Outcome::Returned].into_iter().chain(failed).enumerate() {
            let mut on_drop = OnDrop::of(outcome);
            assert_eq!(on_drop.now(), outcome, "outcome {n}");
            on_drop.set(Outcome::ABANDONED);
            assert_eq!(on_drop.now(), Outcome::ABANDONED);
            on_drop.set(outcome);
            assert_eq!(on_drop.now(), outcome, "outcome {n}, set later");
        }
    }
}
