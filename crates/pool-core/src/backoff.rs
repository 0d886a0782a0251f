//! Exponential backoff in fixed point: `initial × 1.6ⁿ`, capped, then jittered by ±20 % and capped again (I28).
//!
//! The factor and the jitter are gRPC's connection backoff; the delay counts from the start of the attempt.

use core::time::Duration;

use crate::rng::Rng;
use crate::time::nanos;

/// When an endpoint that failed is dialled again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Backoff {
    /// The delay after the first failure, before jitter. Default 250 ms.
    pub initial: Duration,
    /// The longest delay, jitter included. Default 30 s.
    pub max: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff { initial: Duration::from_millis(250), max: Duration::from_secs(30) }
    }
}

impl Backoff {
    /// The delay after `failures` failures in a row (1 is the first), without jitter.
    pub fn plain(&self, failures: u32) -> Duration {
        let (mut delay, max) = (nanos(self.initial).max(1), nanos(self.max));
        for _ in 1..failures {
            if delay >= max {
                break;
            }
            // At least one more than before, so that the walk ends at the cap even from a nanosecond.
            delay = delay.saturating_add((delay / 5 * 3).max(1));
        }
        Duration::from_nanos(delay.min(max))
    }

    /// The delay with jitter.
    pub(crate) fn delay(&self, failures: u32, rng: &mut Rng) -> Duration {
        let plain = nanos(self.plain(failures));
        let jittered = (u128::from(plain) * u128::from(rng.between(800, 1200)) / 1000) as u64;
        Duration::from_nanos(jittered.min(nanos(self.max)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_stays_within_its_bounds_for_every_failure_count_i28() {
        let backoff = Backoff::default();
        let mut rng = Rng::new(7);
        let mut before = Duration::ZERO;
        for failures in (0..5000).chain([u32::MAX / 2, u32::MAX - 1, u32::MAX]) {
            let plain = backoff.plain(failures);
            assert!(plain >= before && plain <= backoff.max, "I28: {failures}: {plain:?}");
            before = plain;
            for _ in 0..20 {
                let delay = backoff.delay(failures, &mut rng);
                assert!(
                    delay >= plain * 4 / 5 && delay <= backoff.max.min(plain * 6 / 5),
                    "I28: {failures}: {delay:?}"
                );
            }
        }
        assert_eq!(backoff.plain(1), backoff.initial);
        assert_eq!(backoff.plain(2), Duration::from_millis(400));
    }

    #[test]
    fn a_nanosecond_of_backoff_still_reaches_the_cap_i28() {
        let backoff = Backoff { initial: Duration::ZERO, max: Duration::from_secs(1) };
        assert_eq!(backoff.plain(u32::MAX), backoff.max);
        let widest = Backoff { initial: Duration::MAX, max: Duration::MAX };
        assert_eq!(widest.plain(u32::MAX), Duration::from_nanos(u64::MAX));
    }
}
