//! A latency histogram of fixed size: four buckets per doubling, so a percentile is read within a quarter of its
//! value; recording is a shift and an increment, and never allocates.

use core::time::Duration;

use crate::time::nanos;

/// The width of the first buckets: 2¹⁰ ns, about a microsecond.
const FIRST: u32 = 10;
/// Four buckets per doubling, from a microsecond to 19 hours.
const BUCKETS: usize = 4 * 36;

/// How long something took, as counts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub struct Histogram {
    sum: u64,
    #[cfg_attr(feature = "serde", serde(with = "array"))]
    buckets: [u64; BUCKETS],
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram { sum: 0, max: 0, buckets: [0; BUCKETS] }
    }
}

impl Histogram {
    /// Whether it has counted far less than where counting ends: asked of what was read from outside.
    #[cfg(feature = "image")]
    pub(crate) fn is_whole(&self) -> bool {
        let sum = self.buckets.iter().try_fold(0, |sum: u64, &count| sum.checked_add(count));
        sum.is_some_and(|count| count < u64::MAX / 2)
    }

    /// Adds one duration.
    pub fn record(&mut self, duration: Duration) {
        self.record_nanos(nanos(duration));
    }

    /// Adds one duration, in nanoseconds.
    #[inline(always)]
    pub(crate) fn record_nanos(&mut self, value: u64) {
        self.buckets[bucket(value)] += 1;
        self.sum = self.sum.saturating_add(value);
        // Seldom: what is not written stays in the cache of every core.
        if self.max < value {
            self.max = value;
        }
    }

    /// Adds a duration of nothing: [`Histogram::record_nanos`] in one step.
    #[inline]
    pub(crate) const fn record_none(&mut self) {
        self.buckets[0] += 1;
    }

    /// How many were recorded.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// Their sum.
    pub const fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum)
    }

    /// The longest.
    pub const fn max(&self) -> Duration {
        Duration::from_nanos(self.max)
    }

    /// Their mean; zero of nothing.
    pub fn mean(&self) -> Duration {
        Duration::from_nanos(self.sum.checked_div(self.count()).unwrap_or(0))
    }

    /// The value that `permille` thousandths of the recorded ones do not exceed, rounded up to the edge of its bucket and
    /// never above the longest; zero of nothing. The median is 500.
    pub fn quantile(&self, permille: u32) -> Duration {
        let rank = (u128::from(self.count()) * u128::from(permille.min(1000))).div_ceil(1000).max(1) as u64;
        let mut seen = 0;
        for (n, &count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Duration::from_nanos(upper_edge(n).min(self.max));
            }
        }
        Duration::ZERO
    }

    /// What was recorded since `earlier`, a former state of this histogram. Its longest is known to within a bucket only.
    #[must_use]
    pub fn since(&self, earlier: &Histogram) -> Histogram {
        let mut since = self.clone();
        for (count, before) in since.buckets.iter_mut().zip(&earlier.buckets) {
            *count = count.saturating_sub(*before);
        }
        since.sum = self.sum.saturating_sub(earlier.sum);
        let last = since.buckets.iter().rposition(|&count| count > 0);
        since.max = last.map_or(0, |n| upper_edge(n).min(self.max));
        since
    }

    /// Upper edge and count of each bucket, in order.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> {
        self.buckets.iter().enumerate().map(|(n, &count)| (Duration::from_nanos(upper_edge(n)), count))
    }
}

/// serde stops at arrays of 32.
#[cfg(feature = "serde")]
mod array {
    use alloc::vec::Vec;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::BUCKETS;

    pub(super) fn serialize<S: Serializer>(buckets: &[u64; BUCKETS], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(buckets)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u64; BUCKETS], D::Error> {
        let buckets = Vec::<u64>::deserialize(from)?;
        buckets
            .try_into()
            .map_err(|buckets: Vec<u64>| D::Error::invalid_length(buckets.len(), &"144 buckets"))
    }
}

const fn bucket(value: u64) -> usize {
    if value < 1 << FIRST {
        return 0;
    }
    let exponent = 63 - value.leading_zeros();
    let quarter = (value >> (exponent - 2)) & 3;
    let n = 1 + ((exponent - FIRST) as usize) * 4 + quarter as usize;
    if n < BUCKETS { n } else { BUCKETS - 1 }
}

const fn upper_edge(n: usize) -> u64 {
    if n == 0 {
        return (1 << FIRST) - 1;
    }
    if n == BUCKETS - 1 {
        return u64::MAX;
    }
    let (exponent, quarter) = ((n - 1) as u32 / 4 + FIRST, (n - 1) as u64 % 4);
    (1 << exponent) + ((quarter + 1) << (exponent - 2)) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_a_bucket_whose_edge_is_at_most_a_quarter_above_it() {
        for shift in 0..46 {
            for offset in [0_u64, 1, 3, 17] {
                let value = (1_u64 << shift) + offset;
                let edge = upper_edge(bucket(value));
                assert!(edge >= value && (edge - value <= value / 4 || value < 1 << FIRST), "{value} {edge}");
            }
        }
        assert_eq!(upper_edge(bucket(u64::MAX)), u64::MAX);
    }

    #[test]
    fn quantiles_of_nothing_are_zero_and_of_one_value_are_that_value() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(990), Duration::ZERO);
        histogram.record(Duration::from_millis(3));
        assert_eq!(histogram.quantile(0), Duration::from_millis(3));
        assert_eq!(histogram.quantile(1000), Duration::from_millis(3));
        assert_eq!(histogram.mean(), Duration::from_millis(3));
    }
}
