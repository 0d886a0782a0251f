//! What is worth a person's attention, and the sentence that says so.
//!
//! Rules kept here: a condition reads what one interval showed and nothing else; its sentence has the numbers that made it true.

use std::borrow::Cow;
use std::time::Duration;

use pool_async::pool_core::{Health, Phase, Status, Time};

use crate::point::Point;
use crate::watched::Endpoint;
use crate::words::{count, percent, time};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// It will hurt if it goes on.
    Warning,
    /// Callers are hurt now.
    Critical,
}

impl Severity {
    /// In lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }
}

/// When to raise an alert: made by [`Rule::new`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Rule {
    /// Its name in the panel, in metrics and in calls: few and fixed.
    pub name: Cow<'static, str>,
    /// How bad it is.
    pub severity: Severity,
    /// What must be so.
    pub when: Condition,
    /// For how long it must be so before the alert fires.
    pub hold: Duration,
    /// For how long it must not be so before the alert ends.
    pub calm: Duration,
}

/// What a [`Rule`] asks of an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Condition {
    /// Every endpoint is backing off after failed connects.
    NoEndpoint,
    /// Connections open, but traffic and probes say that an endpoint does not work.
    EndpointUnhealthy,
    /// Callers wait, and no usable connection is open.
    NoConnection,
    /// Acquires ended without a lease.
    Rejected,
    /// Of the leases that ended with a verdict, more than this part ended in a fault of connection, endpoint or load.
    ErrorRate {
        /// 0 to 1.
        above: f64,
        /// Fewer verdicts in an interval say nothing.
        of_at_least: u64,
    },
    /// So much of the pool is in use, and callers wait.
    Saturated {
        /// 0 to 1.
        at_least: f64,
    },
    /// The 99th percentile of the wait for a connection.
    WaitP99 {
        /// Longer than this.
        above: Duration,
    },
    /// The 99th percentile of the time from the grant of a connection to its return.
    ResponseP99 {
        /// Longer than this.
        above: Duration,
    },
    /// Leases are out for longer than [`Config::leak_after`](pool_async::pool_core::Config::leak_after).
    LeaseHeld,
    /// Somebody has suspended the pool.
    Suspended,
}

/// What an interval showed.
pub(crate) struct Signs<'s> {
    pub(crate) now: Time,
    pub(crate) status: &'s Status,
    pub(crate) endpoints: &'s [Endpoint],
    pub(crate) point: &'s Point,
    /// Connections with a lease that has been reported as held for too long.
    pub(crate) held: usize,
}

impl Rule {
    /// A rule that needs no hold, and ends when all has been well for five seconds.
    pub fn new(name: impl Into<Cow<'static, str>>, severity: Severity, when: Condition) -> Self {
        Rule { name: name.into(), severity, when, hold: Duration::ZERO, calm: Duration::from_secs(5) }
    }

    /// The same rule, for what lasts at least this long.
    #[must_use]
    pub fn hold(self, hold: Duration) -> Self {
        Rule { hold, ..self }
    }

    /// The same rule, over when it has not been so for this long.
    #[must_use]
    pub fn calm(self, calm: Duration) -> Self {
        Rule { calm, ..self }
    }

    /// What is wrong with every pool where it is so.
    pub fn usual() -> Vec<Rule> {
        use Condition::*;
        use Severity::*;
        let seconds = Duration::from_secs;
        vec![
            Rule::new("no-endpoint", Critical, NoEndpoint).hold(seconds(2)),
            Rule::new("no-connection", Critical, NoConnection).hold(seconds(2)),
            Rule::new("rejected", Critical, Rejected),
            Rule::new("endpoint-unhealthy", Critical, EndpointUnhealthy).hold(seconds(2)),
            Rule::new("errors", Warning, ErrorRate { above: 0.05, of_at_least: 10 }).hold(seconds(3)),
            Rule::new("saturated", Warning, Saturated { at_least: 0.9 }).hold(seconds(15)),
            Rule::new("slow-wait", Warning, WaitP99 { above: seconds(1) }).hold(seconds(3)),
            Rule::new("lease-held", Warning, LeaseHeld),
            Rule::new("suspended", Warning, Suspended),
        ]
    }
}

impl Condition {
    /// The sentence for a person, if it is so.
    pub(crate) fn says(self, signs: &Signs<'_>) -> Option<String> {
        let Signs { status, point, .. } = signs;
        match self {
            Condition::NoEndpoint => signs.no_endpoint(),
            Condition::EndpointUnhealthy => signs.endpoint_unhealthy(),
            Condition::NoConnection => {
                let usable = status.healthy + status.unknown;
                let waiting = count(status.waiting.into(), "caller");
                (status.waiting > 0 && usable == 0 && status.phase != Phase::Suspended).then(|| {
                    let connecting = count(status.connecting.into(), "connect");
                    format!(
                        "{waiting} in the queue, and no usable connection is open; {connecting} under way."
                    )
                })
            }
            Condition::Rejected => (point.rejected > 0).then(|| {
                format!("{} got no connection in the last interval.", count(point.rejected, "caller"))
            }),
            Condition::ErrorRate { above, of_at_least } => {
                let rate = point.faults as f64 / point.verdicts.max(1) as f64;
                (point.verdicts >= of_at_least.max(1) && rate > above).then(|| {
                    let (faults, verdicts) = (point.faults, count(point.verdicts, "use"));
                    format!("{} of {verdicts} failed ({faults}) through no fault of theirs.", percent(rate))
                })
            }
            Condition::Saturated { at_least } => {
                let used = status.utilization();
                (used >= at_least && status.waiting > 0).then(|| {
                    let (in_use, max, waiting) = (status.in_use, status.max, status.waiting);
                    format!(
                        "{in_use} of {max} connections are in use, and {} wait.",
                        count(waiting.into(), "caller")
                    )
                })
            }
            Condition::WaitP99 { above } => point.wait_p99.filter(|wait| *wait > above).map(|wait| {
                format!("One caller in a hundred waits {} or longer for a connection.", time(wait))
            }),
            Condition::ResponseP99 { above } => point
                .response_p99
                .filter(|took| *took > above)
                .map(|took| format!("One use in a hundred takes {} or longer.", time(took))),
            Condition::LeaseHeld => (signs.held > 0).then(|| {
                let leases = count(signs.held as u64, "connection");
                format!("{leases} lent for longer than leak_after: is a lease forgotten?")
            }),
            Condition::Suspended => (status.phase == Phase::Suspended).then(|| {
                let waiting = count(status.waiting.into(), "caller");
                format!(
                    "The pool is suspended: nothing is granted until it is resumed; {waiting} in the queue."
                )
            }),
        }
    }
}

impl Signs<'_> {
    fn no_endpoint(&self) -> Option<String> {
        let Status { endpoints_up, endpoints_down, .. } = *self.status;
        if endpoints_down == 0 || endpoints_up > 0 {
            return None;
        }
        let worst = self.endpoints.iter().max_by_key(|endpoint| endpoint.info.failures)?;
        let failed = count(worst.info.failures.into(), "connect");
        let why = worst.error.as_ref().map_or(String::new(), |error| format!(", the last one: {error}"));
        let next = self.endpoints.iter().filter_map(|endpoint| endpoint.info.retry_at).min();
        let next =
            next.map_or(String::new(), |at| format!(". The next is tried in {}", time(at.since(self.now))));
        Some(format!("No endpoint can be reached: {failed} failed in a row{why}{next}."))
    }

    fn endpoint_unhealthy(&self) -> Option<String> {
        let sick = self.endpoints.iter().filter(|endpoint| endpoint.info.health == Health::Unhealthy);
        let names: Vec<String> = sick.map(|endpoint| endpoint.info.id.to_string()).collect();
        (!names.is_empty()).then(|| {
            format!("Connections open, but endpoint {} does not answer as it should.", names.join(", "))
        })
    }
}
