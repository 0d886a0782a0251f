//! The record of an endpoint: its backoff, its health by traffic, and the idle time that its peer was seen to allow.

use core::time::Duration;

use crate::config::Config;
use crate::fault::FaultClass;
use crate::input::EndpointSpec;
use crate::status::Health;
use crate::time::{Span, Time};
use crate::window::Window;

/// An age below this is no idle timeout of any server: it closed after a request, or never meant to serve.
pub(crate) const SHORTEST_AGE: Duration = Duration::from_millis(500);
/// No close of an idle connection has been seen.
const NEVER: (Time, Span) = (Time::MAX, Span::ZERO);
const GOOD: usize = 0;
const BAD: usize = 1;

/// What every use writes ends a line of the cache, with the end of the window, and what it only reads begins another.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub(crate) struct Endpoint {
    pub(crate) traffic: Window,
    pub(crate) faults: u32,
    pub(crate) probe_failures: u32,
    /// Failures before the last connect that succeeded, until something shows that the endpoint serves.
    doubt: u32,
    pub(crate) health: Health,
    pub(crate) draining: bool,
    /// A connection idle for longer is probed before it is granted.
    pub(crate) freshness: Span,
    pub(crate) spec: EndpointSpec,
    /// Connections to it in any state.
    pub(crate) connections: u32,
    pub(crate) connecting: u32,
    /// Failed connects in a row, and whose fault the last one was.
    pub(crate) failures: u32,
    pub(crate) class: FaultClass,
    /// The epoch, unless the last connect failed.
    pub(crate) retry_at: Time,
    pub(crate) recoveries: u32,
    /// When the peer closed an idle connection the last time, and after how long; [`NEVER`].
    last_close: (Time, Span),
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::offset_of!(Endpoint, freshness) == 120, "the second line ends here");

/// What a sign of life or of trouble changed about an endpoint's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    None,
    Unhealthy,
    Healthy,
}

impl Endpoint {
    pub(crate) fn new(spec: EndpointSpec, freshness: Duration, now: Time) -> Endpoint {
        Endpoint {
            spec,
            draining: false,
            connections: 0,
            connecting: 0,
            failures: 0,
            doubt: 0,
            class: FaultClass::Endpoint,
            retry_at: Time::ZERO,
            health: Health::Unknown,
            faults: 0,
            probe_failures: 0,
            recoveries: 0,
            traffic: Window::new(now),
            freshness: Span::of(freshness),
            last_close: NEVER,
        }
    }

    /// What a restart keeps: what was learned of the peer. Instants are moved by `shift`; `freshness` is what the configuration now
    /// says, and stands unless a lower limit was learned.
    #[cfg(feature = "image")]
    pub(crate) fn restarted(
        &self,
        learned: bool,
        freshness: Duration,
        shift: impl Fn(Time) -> Time,
    ) -> Endpoint {
        let (at, age) = self.last_close;
        let last_close = if at < Time::MAX { (shift(at), age) } else { NEVER };
        Endpoint {
            connections: 0,
            connecting: 0,
            retry_at: if self.failures > 0 { shift(self.retry_at) } else { Time::ZERO },
            traffic: self.traffic.moved(&shift),
            freshness: if learned { self.freshness.min(Span::of(freshness)) } else { Span::of(freshness) },
            last_close,
            ..self.clone()
        }
    }

    /// Whether its numbers can be counted on from: asked of what was read from outside.
    #[cfg(feature = "image")]
    pub(crate) fn is_whole(&self) -> bool {
        let waits_for_a_reason = self.failures > 0 || self.retry_at == Time::ZERO;
        waits_for_a_reason && self.recoveries < u32::MAX / 2 && self.traffic.is_whole()
    }

    pub(crate) fn is_backing_off(&self, now: Time) -> bool {
        self.retry_at > now
    }

    /// Whether one more connect may be started: none while backing off, one after a failure, else as many as allowed.
    pub(crate) fn is_dialable(&self, now: Time, connects_max: u32) -> bool {
        let gate = if self.failures > 0 { 1 } else { connects_max };
        !self.draining && !self.is_backing_off(now) && self.connecting < gate
    }

    /// A connect begun at `started` after `attempt` failures has failed. True if the endpoint was up before.
    pub(crate) fn connect_failed(&mut self, attempt: u32, class: FaultClass) -> bool {
        let was_up = self.failures == 0;
        self.failures = self.failures.max(attempt.saturating_add(1));
        self.class = class;
        was_up
    }

    /// A connect has succeeded. True if the endpoint was down before.
    pub(crate) fn connected(&mut self) -> bool {
        let was_down = self.failures > 0;
        self.doubt = self.doubt.max(self.failures);
        self.failures = 0;
        self.retry_at = Time::ZERO;
        was_down
    }

    /// A connection was lost at once, before anybody used it: a peer that accepts and closes is as good as one that refuses.
    /// True if the endpoint was up before.
    pub(crate) fn stillborn(&mut self) -> bool {
        self.doubt = self.doubt.saturating_add(1);
        self.connect_failed(self.doubt - 1, FaultClass::Connection)
    }

    /// It serves.
    pub(crate) const fn serves(&mut self) {
        self.doubt = 0;
    }

    /// A request was answered as it should be, and the endpoint was healthy before.
    #[inline]
    pub(crate) fn still_good(&mut self, now: Time) {
        self.traffic.add(now, GOOD);
        self.serves();
        (self.faults, self.probe_failures) = (0, 0);
    }

    /// A request or probe was answered as it should be.
    pub(crate) fn good(&mut self, now: Time, config: &Config) -> Change {
        self.still_good(now);
        match self.health {
            Health::Healthy => Change::None,
            Health::Unknown | Health::Suspect => {
                self.health = Health::Healthy;
                Change::None
            }
            Health::Unhealthy | Health::Probation => {
                self.recoveries += 1;
                if self.recoveries < config.recovery_successes {
                    return Change::None;
                }
                self.health = Health::Healthy;
                self.traffic = Window::new(now);
                Change::Healthy
            }
        }
    }

    /// The service behind the endpoint says that it cannot serve.
    pub(crate) fn fault(&mut self, now: Time, config: &Config) -> Change {
        self.faults = self.faults.saturating_add(1);
        let too_many = self.faults >= config.faults_max;
        self.bad(now, too_many)
    }

    /// The service has too much to do: that counts in the rate, not in the row.
    pub(crate) fn saturated(&mut self, now: Time) -> Change {
        self.bad(now, false)
    }

    /// A probe got the answer that the service cannot serve.
    pub(crate) fn probe_failed(&mut self, now: Time, config: &Config) -> Change {
        self.probe_failures = self.probe_failures.saturating_add(1);
        let too_many = self.probe_failures >= config.probe_failures_max;
        self.bad(now, too_many)
    }

    fn bad(&mut self, now: Time, too_many: bool) -> Change {
        self.traffic.add(now, BAD);
        self.recoveries = 0;
        let (good, bad) = self.traffic.sums(now);
        let all = good + bad;
        let too_often = all >= 5 && good * 10 < all * 8;
        if self.health == Health::Unhealthy {
            return Change::None;
        }
        if too_many || too_often {
            self.health = Health::Unhealthy;
            return Change::Unhealthy;
        }
        self.health = Health::Suspect;
        Change::None
    }

    /// The peer closed a connection that had been idle for `age`. Two such closes whose ages agree within an eighth are its idle
    /// timeout, and seven eighths of the shorter the new limit; but only if they lie further apart than that age, which two
    /// closes in one restart of the peer never do. True if that lowered it.
    pub(crate) fn closed_at_age(&mut self, now: Time, age: Duration) -> bool {
        if age < SHORTEST_AGE {
            return false;
        }
        if self.last_close == NEVER {
            self.last_close = (now, Span::of(age));
        }
        let (then, other) = (self.last_close.0, self.last_close.1.as_duration());
        if now.since(then) < age {
            // The first of what may be one restart stays the one to compare with.
            return false;
        }
        self.last_close = (now, Span::of(age));
        let agree = age.abs_diff(other) <= age.max(other) / 8;
        agree && self.lower_freshness(age.min(other) / 8 * 7)
    }

    /// What of it decides the future, its backoff and the window of its traffic aside.
    #[cfg(feature = "check")]
    pub(crate) fn print(&self, now: Time, hasher: &mut impl core::hash::Hasher) {
        use core::hash::Hash;
        (self.failures, self.doubt, self.class, self.health).hash(hasher);
        (self.faults, self.probe_failures, self.recoveries, self.freshness).hash(hasher);
        let (at, age) = self.last_close;
        (now.nanos_since(at), age).hash(hasher);
    }

    /// Lowers the limit of idleness; it is never raised.
    pub(crate) fn lower_freshness(&mut self, limit: Duration) -> bool {
        let lower = Span::of(limit) < self.freshness;
        if lower {
            self.freshness = Span::of(limit);
        }
        lower
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_timeout_is_learned_from_closes_in_turn_and_not_from_a_restart() {
        let five = Duration::from_secs(5);
        let mut endpoint = Endpoint::new(EndpointSpec::default(), Duration::from_secs(30), Time::ZERO);
        assert!(!endpoint.closed_at_age(Time::from_millis(5_000), five));
        // A second connection, opened a second later, may go down in the same restart.
        assert!(!endpoint.closed_at_age(Time::from_millis(6_000), five));
        assert!(endpoint.closed_at_age(Time::from_millis(10_000), five));
        assert_eq!(endpoint.freshness, Span::of(five / 8 * 7));
    }
}
