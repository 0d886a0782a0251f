//! Two counts over the last ten seconds, in ten exact one-second buckets, counted from the start of the window so that a
//! shift of the clock's epoch changes nothing (I33). The present second's are apart: to add to them touches nothing else.

use crate::time::Time;

/// The length of the window in seconds.
pub(crate) const SECONDS: u64 = 10;
const SECOND: u64 = 1_000_000_000;

#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(C)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Window {
    /// Those of the seconds before; the present one's is empty.
    buckets: [[u32; 2]; SECONDS as usize],
    /// Whole seconds since the window began.
    second: u64,
    /// The start of the present second.
    start: Time,
    present: [u32; 2],
}

impl Window {
    pub(crate) const fn new(start: Time) -> Self {
        Window { start, present: [0; 2], second: 0, buckets: [[0; 2]; SECONDS as usize] }
    }

    /// Adds one to the count `which` (0 or 1) of the second of `now`.
    #[inline]
    pub(crate) fn add(&mut self, now: Time, which: usize) {
        self.roll(now);
        let count = &mut self.present[which];
        *count = count.saturating_add(1);
    }

    /// Both counts over the window that ends at `now`.
    pub(crate) fn sums(&mut self, now: Time) -> (u64, u64) {
        self.roll(now);
        let all = self.buckets.iter().chain([&self.present]);
        all.fold((0, 0), |(a, b), bucket| (a + u64::from(bucket[0]), b + u64::from(bucket[1])))
    }

    /// The window as if its clock had been another: instants are moved by `shift`.
    #[cfg(feature = "image")]
    pub(crate) fn moved(&self, shift: impl Fn(Time) -> Time) -> Window {
        Window { start: shift(self.start), ..self.clone() }
    }

    /// Whether its numbers can be counted on from: asked of what was read from outside.
    #[cfg(feature = "image")]
    pub(crate) fn is_whole(&self) -> bool {
        self.second < u64::MAX / 2
    }

    /// Clears the buckets of the seconds that went by; after a long pause that is each of them once.
    #[inline]
    fn roll(&mut self, now: Time) {
        let within = now.nanos_since(self.start);
        if within >= SECOND {
            self.roll_on(within);
        }
    }

    #[cold]
    #[inline(never)]
    fn roll_on(&mut self, within: u64) {
        let passed = within / SECOND;
        self.buckets[(self.second % SECONDS) as usize] = core::mem::take(&mut self.present);
        self.second += passed;
        self.start = Time::from_nanos(self.start.as_nanos() + passed * SECOND);
        for back in 0..passed.min(SECONDS) {
            self.buckets[((self.second - back) % SECONDS) as usize] = [0; 2];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_leaves_the_window_ten_seconds_after_its_own_second() {
        let mut window = Window::new(Time::ZERO);
        window.add(Time::from_millis(500), 0);
        window.add(Time::from_millis(1500), 1);
        assert_eq!(window.sums(Time::from_millis(9_999)), (1, 1));
        assert_eq!(window.sums(Time::from_millis(10_000)), (0, 1));
        assert_eq!(window.sums(Time::from_millis(3_600_000)), (0, 0));
    }
}
