//! Rules: whom a fault meets, how often, with what chance.
//!
//! Rules of the rules: they are asked in the order they were injected; every matching delay adds up, and the first
//! other fault wins, after which later rules are not asked and do not count the request; a chance is drawn only for
//! requests that match otherwise, so a run repeats with its seeds.

use std::time::Duration;

use crate::fault::{AcceptFault, Fault};
use crate::rng::Rng;

/// A fault with the conditions under which it strikes. Without any it strikes every time.
#[derive(Clone, Debug)]
#[must_use = "a rule does nothing until it is injected"]
pub struct Rule<F = Fault> {
    fault: F,
    method: Option<String>,
    path: Option<String>,
    skip: u64,
    left: Option<u64>,
    /// In units of 2⁻³²; more than any draw when certain.
    chance: u64,
    rng: Rng,
    hits: u64,
}

impl<F> Rule<F> {
    /// The fault, unconditionally.
    pub fn new(fault: F) -> Self {
        let rng = Rng::new(0);
        Self { fault, method: None, path: None, skip: 0, left: None, chance: 1 << 32, rng, hits: 0 }
    }

    /// Strikes `count` times, then no more.
    pub fn times(mut self, count: u64) -> Self {
        self.left = Some(count);
        self
    }

    /// Lets the first `count` that match pass.
    pub fn after(mut self, count: u64) -> Self {
        self.skip = count;
        self
    }

    /// Strikes with this probability (0 to 1; beyond is clamped), drawn from the seed.
    pub fn chance(mut self, probability: f64, seed: u64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to 0..=2^32 before"
        )]
        let units = (probability.clamp(0.0, 1.0) * 4_294_967_296.0) as u64;
        self.chance = units;
        self.rng = Rng::new(seed);
        self
    }

    /// Whether it strikes now; counts what it sees.
    fn strikes(&mut self) -> bool {
        if self.left == Some(0) || (self.chance < 1 << 32 && self.rng.next() >> 32 >= self.chance) {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.left = self.left.map(|left| left - 1);
        self.hits += 1;
        true
    }

    fn delay(&mut self, min: Duration, max: Duration) -> Duration {
        let span = u64::try_from(max.saturating_sub(min).as_nanos()).unwrap_or(u64::MAX);
        min + Duration::from_nanos(self.rng.up_to(span))
    }
}

impl Rule<Fault> {
    /// Only requests with a path that starts so.
    pub fn path(mut self, prefix: &str) -> Self {
        self.path = Some(prefix.to_owned());
        self
    }

    /// Only requests with this method.
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    fn matches(&self, method: &str, path: &str) -> bool {
        self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.path.as_deref().is_none_or(|prefix| path.starts_with(prefix))
    }
}

impl<F> From<F> for Rule<F> {
    fn from(fault: F) -> Self {
        Self::new(fault)
    }
}

/// Names an injected rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RuleId(u64);

/// What shall happen to one request.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) latency: Duration,
    pub(crate) query: Duration,
    pub(crate) fault: Option<Fault>,
}

/// All rules that were injected.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    last: u64,
    requests: Vec<(RuleId, Rule<Fault>)>,
    accepts: Vec<(RuleId, Rule<AcceptFault>)>,
}

impl Faults {
    fn next_id(&mut self) -> RuleId {
        self.last += 1;
        RuleId(self.last)
    }

    pub(crate) fn inject(&mut self, rule: Rule<Fault>) -> RuleId {
        let id = self.next_id();
        self.requests.push((id, rule));
        id
    }

    pub(crate) fn inject_at_accept(&mut self, rule: Rule<AcceptFault>) -> RuleId {
        let id = self.next_id();
        self.accepts.push((id, rule));
        id
    }

    pub(crate) fn remove(&mut self, id: RuleId) {
        self.requests.retain(|(own, _)| *own != id);
        self.accepts.retain(|(own, _)| *own != id);
    }

    pub(crate) fn clear(&mut self) {
        self.requests.clear();
        self.accepts.clear();
    }

    pub(crate) fn hits(&self, id: RuleId) -> u64 {
        let requests = self.requests.iter().map(|(own, rule)| (*own, rule.hits));
        let accepts = self.accepts.iter().map(|(own, rule)| (*own, rule.hits));
        requests.chain(accepts).find(|(own, _)| *own == id).map_or(0, |(_, hits)| hits)
    }

    pub(crate) fn plan(&mut self, method: &str, path: &str) -> Plan {
        let mut plan = Plan::default();
        for (_, rule) in &mut self.requests {
            if !rule.matches(method, path) || !rule.strikes() {
                continue;
            }
            if let Fault::Latency { min, max } = rule.fault {
                plan.latency += rule.delay(min, max);
            } else if let Fault::SlowQuery { min, max } = rule.fault {
                plan.query += rule.delay(min, max);
            } else {
                plan.fault = Some(rule.fault.clone());
                break;
            }
        }
        plan
    }

    pub(crate) fn at_accept(&mut self) -> Option<AcceptFault> {
        self.accepts.iter_mut().find_map(|(_, rule)| rule.strikes().then(|| rule.fault.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Faults, Rule};
    use crate::fault::Fault;
    use std::time::Duration;

    #[test]
    fn rules_count_only_what_they_match() {
        let mut faults = Faults::default();
        let id = faults.inject(Fault::reset().method("post").path("/rest/v1/blogs").times(1).after(1));
        let mut strikes = |method, path| faults.plan(method, path).fault.is_some();
        assert!(!strikes("GET", "/rest/v1/blogs"));
        assert!(!strikes("POST", "/rest/v1/courses"));
        assert!(!strikes("POST", "/rest/v1/blogs"), "the first is let pass");
        assert!(strikes("POST", "/rest/v1/blogs"));
        assert!(!strikes("POST", "/rest/v1/blogs"), "once only");
        assert_eq!(faults.hits(id), 1);
    }

    #[test]
    fn delays_add_up_and_the_first_other_fault_wins() {
        let mut faults = Faults::default();
        faults.inject(Fault::latency(Duration::from_millis(2)).into());
        faults.inject(Fault::StallBody.into());
        faults.inject(Fault::AnnounceClose.into());
        faults.inject(Fault::latency(Duration::from_millis(3)).into());
        let plan = faults.plan("GET", "/");
        assert_eq!((plan.latency, plan.fault), (Duration::from_millis(2), Some(Fault::StallBody)));
    }

    #[test]
    fn a_chance_repeats_with_its_seed_and_keeps_its_rate() {
        let draw = || {
            let mut rule = Rule::new(Fault::StallBody).chance(0.25, 7);
            (0..10_000).map(|_| rule.strikes()).collect::<Vec<bool>>()
        };
        let first = draw();
        assert_eq!(first, draw());
        let struck = first.iter().filter(|struck| **struck).count();
        assert!((2_300..2_700).contains(&struck), "{struck} of 10000 at 0.25");
    }
}
