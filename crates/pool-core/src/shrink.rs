//! Shrinking by demand: the median of sampled idle counts says how many connections nobody needed. [Npgsql]
//!
//! Under least-recently-used selection every connection is touched now and then, so an idle time alone never fires.

use core::time::Duration;

/// Samples in a window: half of `max_idle_time` at thirty samples per `max_idle_time`.
const SAMPLES: usize = 15;

#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Shrink {
    samples: [u32; SAMPLES],
    taken: usize,
}

impl Shrink {
    pub(crate) const fn new() -> Self {
        Shrink { samples: [0; SAMPLES], taken: 0 }
    }

    /// How far samples are apart.
    pub(crate) fn interval(max_idle_time: Duration) -> Duration {
        (max_idle_time / 30).max(Duration::from_millis(100))
    }

    /// Takes a sample; at the end of a window, the median.
    pub(crate) fn sample(&mut self, idle: u32) -> Option<u32> {
        self.samples[self.taken] = idle;
        self.taken += 1;
        if self.taken < SAMPLES {
            return None;
        }
        self.taken = 0;
        let mut sorted = self.samples;
        sorted.sort_unstable();
        Some(sorted[SAMPLES / 2])
    }

    /// Whether there is room for a sample: asked of what was read from outside.
    #[cfg(feature = "image")]
    pub(crate) fn is_whole(&self) -> bool {
        self.taken < SAMPLES
    }

    pub(crate) fn reset(&mut self) {
        self.taken = 0;
    }
}
