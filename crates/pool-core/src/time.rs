//! Time as the core sees it: nanoseconds since an epoch of the driver's choosing.
//!
//! Rules kept here: no clock is read, arithmetic saturates, nothing panics.

use core::fmt;
use core::ops::Add;
use core::time::Duration;

/// An instant: nanoseconds since an epoch that the driver picks. 64 bits last 584 years.
///
/// The pool clamps an instant that lies before one it has seen, so a clock that steps back is harmless; and one in the last 100 of
/// those years, so that a deadline is always ahead.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Time(u64);

impl Time {
    /// The epoch itself.
    pub const ZERO: Time = Time(0);
    /// Further away than anything is: a deadline that never comes.
    pub const MAX: Time = Time(u64::MAX);

    /// The instant `nanos` nanoseconds after the epoch.
    pub const fn from_nanos(nanos: u64) -> Time {
        Time(nanos)
    }

    /// The instant `millis` milliseconds after the epoch.
    pub const fn from_millis(millis: u64) -> Time {
        Time(millis.saturating_mul(1_000_000))
    }

    /// Nanoseconds since the epoch.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// How long before `self` the instant `earlier` was; zero if it was not before.
    pub const fn since(self, earlier: Time) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The same in nanoseconds: no division, for the hot path.
    pub(crate) const fn nanos_since(self, earlier: Time) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// This instant less `by`, not before the epoch.
    pub(crate) const fn before(self, by: Duration) -> Time {
        Time(self.0.saturating_sub(nanos(by)))
    }
}

/// A duration in whole nanoseconds, saturating at 584 years. In 64 bits throughout: it stands on every hot path.
#[inline]
pub(crate) const fn nanos(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1_000_000_000).saturating_add(duration.subsec_nanos() as u64)
}

/// A duration in whole milliseconds, saturating at 49 days.
pub(crate) const fn millis(duration: Duration) -> u32 {
    let wide = duration.as_millis();
    if wide > u32::MAX as u128 { u32::MAX } else { wide as u32 }
}

/// A duration in nanoseconds, as [`nanos`] makes them: what hot paths add and compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Span(u64);

impl Span {
    pub(crate) const ZERO: Span = Span(0);

    pub(crate) const fn of(duration: Duration) -> Span {
        Span(nanos(duration))
    }

    pub(crate) const fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn as_nanos(self) -> u64 {
        self.0
    }

    pub(crate) const fn as_duration(self) -> Duration {
        Duration::from_nanos(self.0)
    }
}

impl Add<Span> for Time {
    type Output = Time;

    #[inline]
    fn add(self, by: Span) -> Time {
        Time(self.0.saturating_add(by.0))
    }
}

impl Add<Duration> for Time {
    type Output = Time;

    #[inline]
    fn add(self, by: Duration) -> Time {
        Time(self.0.saturating_add(nanos(by)))
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Time::MAX {
            f.write_str("t=never")
        } else {
            write!(f, "t={:?}", Duration::from_nanos(self.0))
        }
    }
}
