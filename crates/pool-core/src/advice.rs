//! Settings that are allowed and yet rarely meant: warnings as data, for the program to log once at its start.

use core::fmt;
use core::time::Duration;

use crate::config::Config;

/// A combination of settings that works, but not as one would hope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Warning {
    /// `acquire_timeout` is shorter than `connection_timeout`: a caller can give up before a slow connect has had its time.
    ImpatientCallers,
    /// `freshness` is above a minute: most servers and gateways close idle connections earlier.
    StaleConnections,
    /// `min_connections` equals `max_connections`: a connection can be replaced only after it is gone.
    NoRoomToReplace,
    /// `probe_timeout` is not shorter than `health_check_interval`: a slow peer is probed without end.
    EndlessProbing,
    /// `connects_max` is more than half of `max_connections`: a spike of callers becomes a spike of handshakes.
    HandshakeSpikes,
    /// `max_idle_time` is longer than `max_lifetime`: nothing ever expires by idleness.
    IdleOutlivesLife,
    /// `health_check_interval` is zero: a dead idle connection is found only when it is wanted.
    NoProbes,
    /// `waiters_max` and `min_connections` are zero: a connection is opened for those who wait, and nobody may.
    NobodyWaits,
    /// `retry.budget` is unlimited: in an outage every request is sent `retry.attempts` times.
    RetryStorms,
}

impl Config {
    /// What is allowed in this configuration and yet rarely meant. [`Config::validate`] tells what is not allowed.
    pub fn warnings(&self) -> impl Iterator<Item = Warning> + use<> {
        let Config { min_connections: min, max_connections: max, .. } = *self;
        let (interval, life) = (self.health_check_interval, self.max_lifetime);
        [
            (Warning::ImpatientCallers, self.acquire_timeout < self.connection_timeout),
            (Warning::StaleConnections, self.freshness > Duration::from_secs(60)),
            (Warning::NoRoomToReplace, min == max),
            (Warning::EndlessProbing, !interval.is_zero() && self.probe_timeout >= interval),
            (Warning::HandshakeSpikes, self.connects_max > 1 && self.connects_max > max / 2),
            (Warning::IdleOutlivesLife, !life.is_zero() && self.max_idle_time > life),
            (Warning::NoProbes, interval.is_zero()),
            (Warning::NobodyWaits, min == 0 && self.waiters_limit() == 0),
            (
                Warning::RetryStorms,
                self.retry.attempts > 1 && self.retry.budget == crate::RetryBudget::Unlimited,
            ),
        ]
        .into_iter()
        .filter_map(|(warning, holds)| holds.then_some(warning))
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Warning::ImpatientCallers => {
                "acquire_timeout is shorter than connection_timeout: callers give up before a slow connect has had its time"
            }
            Warning::StaleConnections => {
                "freshness is above 60s: most servers close idle connections earlier, and a request on one of them fails"
            }
            Warning::NoRoomToReplace => {
                "min_connections equals max_connections: a connection is replaced only after it is gone; leave room for one more"
            }
            Warning::EndlessProbing => {
                "probe_timeout is not shorter than health_check_interval: a slow peer is probed without end"
            }
            Warning::HandshakeSpikes => {
                "connects_max is more than half of max_connections: a spike of callers becomes a spike of handshakes"
            }
            Warning::IdleOutlivesLife => "max_idle_time is longer than max_lifetime: nothing ever expires by idleness",
            Warning::NobodyWaits => {
                "waiters_max and min_connections are zero: a connection is opened for those who wait, and nobody may"
            }
            Warning::NoProbes => "health_check_interval is zero: a dead idle connection is found only when it is wanted",
            Warning::RetryStorms => "retry.budget is unlimited: in an outage every request is sent retry.attempts times",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn the_defaults_are_not_warned_of_and_each_warning_can_be_had() {
        assert_eq!(Config::default().warnings().count(), 0);
        let second = Duration::from_secs(1);
        let config = Config {
            min_connections: 4,
            max_connections: 4,
            connects_max: 3,
            acquire_timeout: second,
            freshness: Duration::from_secs(61),
            health_check_interval: second,
            max_lifetime: second,
            retry: crate::RetryPolicy { budget: crate::RetryBudget::Unlimited, ..Default::default() },
            ..Config::default()
        };
        let idle = Config { health_check_interval: Duration::ZERO, min_connections: 0, ..Config::default() };
        let idle = Config { waiters_max: Some(0), ..idle };
        let all: Vec<Warning> = config.warnings().chain(idle.warnings()).collect();
        assert_eq!(all.len(), 9, "{all:?}");
    }
}
