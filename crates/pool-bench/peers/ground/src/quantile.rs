//! Quantiles of times.

use std::time::Duration;

/// The value that `share` of these are not above, if there are enough to say: beyond it is at least one.
pub fn quantile(all: &mut [Duration], share: f64) -> Option<Duration> {
    let beyond = (all.len() as f64 * (1.0 - share)) as usize;
    let place = all.len().checked_sub(1 + beyond).filter(|_| beyond > 0)?;
    Some(*all.select_nth_unstable(place).1)
}
