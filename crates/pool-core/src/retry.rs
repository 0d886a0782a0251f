//! Whether and when a failed request is tried again: by class, safety and phase, within one budget and the
//! caller's deadline.
//!
//! | the request | was never sent | may have been sent |
//! |---|---|---|
//! | safe | again | again, unless the fault is the application's or the caller's |
//! | idempotent | again | again, likewise |
//! | unsafe | again | never |
//!
//! A wait is drawn with full jitter from `base × 2ⁿ`, capped, and is at least what the peer asked for; after the first fault of a
//! connection there is none, since another one is at hand; a wait that would reach the deadline is not begun: the real error comes now. [AWS, "Exponential backoff and jitter"; Finagle's retry budget]

use core::time::Duration;

use crate::config::Problems;
use crate::fault::{FaultClass, Safety, Sent};
use crate::rng::Rng;
use crate::time::{Time, nanos};
use crate::window::{SECONDS, Window};

/// How often and when a failed request is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RetryPolicy {
    /// Attempts in all, the first included; 1 never retries. Default 3.
    pub attempts: u32,
    /// The upper bound of the wait before the second attempt; doubles per attempt. Default 1 s.
    pub delay: Duration,
    /// The longest wait that is drawn. Default 10 s.
    pub delay_max: Duration,
    /// Whether retries draw from a budget, so that a failing service is not hit by a multiple of its load. Default on.
    pub budget: RetryBudget,
}

/// Whether retries are limited over all requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum RetryBudget {
    /// 500 tokens, 14 a retry (5 when the peer throttles), 1 back per success; and no more than 20 % of the requests of the last
    /// ten seconds plus 10 a second. Both must allow.
    #[default]
    Limited,
    /// Only `attempts` limits.
    Unlimited,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy {
            attempts: 3,
            delay: Duration::from_secs(1),
            delay_max: Duration::from_secs(10),
            budget: RetryBudget::Limited,
        }
    }
}

impl RetryPolicy {
    pub(crate) fn validate(&self, problems: &mut Problems) {
        problems.number("retry.attempts", self.attempts.into(), 1, 100);
        problems.duration("retry.delay", self.delay, Duration::from_millis(1));
        problems.duration("retry.delay_max", self.delay_max, self.delay);
    }
}

/// A request that has failed, as the retry rules see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Failure {
    /// Which attempt failed: 1 is the first.
    pub attempt: u32,
    /// Whose fault it was.
    pub class: FaultClass,
    /// Whether the peer can have seen it.
    pub sent: Sent,
    /// What running it twice would mean.
    pub safety: Safety,
    /// The least wait that the peer asked for (`Retry-After`).
    pub after: Option<Duration>,
    /// When the caller's patience ends.
    pub deadline: Time,
}

/// What to do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "the answer says whether to try again and when"]
pub enum Retry {
    /// Wait this long, then try again on a connection proven alive since the failure.
    After(Duration),
    /// Give the caller the error.
    Stop(StopReason),
}

/// Why a failed request is not tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StopReason {
    /// Another try would fail the same way: the request is at fault, or its caller has gone.
    Permanent,
    /// The peer may have acted on it, and acting twice would matter.
    MaybeSent,
    /// All attempts are used.
    Attempts,
    /// The budget that all requests share is used up.
    Budget,
    /// The wait would reach the caller's deadline.
    Deadline,
}

const TOKENS: u32 = 500;
const COST: u32 = 14;
const COST_THROTTLED: u32 = 5;
const RETRIES_PER_SECOND: u64 = 10;
const REQUESTS: usize = 0;
const RETRIES: usize = 1;

/// The budget that all requests of a pool share (I40).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub(crate) struct Budget {
    tokens: u32,
    window: Window,
}

impl Budget {
    pub(crate) const fn new(start: Time) -> Self {
        Budget { tokens: TOKENS, window: Window::new(start) }
    }

    /// The budget as if its clock had been another: instants are moved by `shift`.
    #[cfg(feature = "image")]
    pub(crate) fn moved(&self, shift: impl Fn(Time) -> Time) -> Budget {
        Budget { tokens: self.tokens, window: self.window.moved(shift) }
    }

    /// Whether its numbers can be counted on from: asked of what was read from outside.
    #[cfg(feature = "image")]
    pub(crate) fn is_whole(&self) -> bool {
        self.tokens <= TOKENS && self.window.is_whole()
    }

    pub(crate) fn requested(&mut self, now: Time) {
        self.window.add(now, REQUESTS);
    }

    pub(crate) const fn succeeded(&mut self) {
        if self.tokens < TOKENS {
            self.tokens += 1;
        }
    }

    fn take(&mut self, now: Time, class: FaultClass) -> bool {
        let cost = if matches!(class, FaultClass::Saturation) { COST_THROTTLED } else { COST };
        let (requests, retries) = self.window.sums(now);
        if self.tokens < cost || retries >= requests / 5 + RETRIES_PER_SECOND * SECONDS {
            return false;
        }
        self.tokens -= cost;
        self.window.add(now, RETRIES);
        true
    }
}

/// The rules of this file, in their order: what is permanent, what may not be repeated, attempts, deadline, budget.
pub(crate) fn decide(
    policy: &RetryPolicy,
    budget: &mut Budget,
    rng: &mut Rng,
    now: Time,
    failure: &Failure,
) -> Retry {
    match failure.class {
        FaultClass::Application | FaultClass::Caller => return Retry::Stop(StopReason::Permanent),
        FaultClass::Connection | FaultClass::Endpoint | FaultClass::Saturation => {}
    }
    if failure.sent == Sent::Maybe && failure.safety == Safety::Unsafe {
        return Retry::Stop(StopReason::MaybeSent);
    }
    if failure.attempt >= policy.attempts {
        return Retry::Stop(StopReason::Attempts);
    }
    let wait = wait(policy, rng, failure);
    if now + wait >= failure.deadline {
        return Retry::Stop(StopReason::Deadline);
    }
    if policy.budget == RetryBudget::Limited && !budget.take(now, failure.class) {
        return Retry::Stop(StopReason::Budget);
    }
    Retry::After(wait)
}

/// A request whose connection was at fault meets another at once, the first time, and one that has proved alive since: to wait would be to
/// wait for nothing. Everything else waits.
fn wait(policy: &RetryPolicy, rng: &mut Rng, failure: &Failure) -> Duration {
    let floor = failure.after.unwrap_or(Duration::ZERO);
    if failure.class == FaultClass::Connection && failure.attempt == 1 {
        return floor;
    }
    let doublings = failure.attempt.saturating_sub(1).min(32);
    let bound = nanos(policy.delay).saturating_mul(1 << doublings).min(nanos(policy.delay_max));
    Duration::from_nanos(rng.between(0, bound)).max(floor)
}
