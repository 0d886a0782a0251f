//! Rules over time: an alert is raised by what lasts, and ends when it has been well for long enough.
//!
//! Rules kept here: an alert fires no earlier than its rule's `hold` after the first interval in which it was so without a break, and ends
//! no earlier than `calm` after the last one in which it was so, or with its pool; each firing is followed by one end before the next.

use std::borrow::Cow;
use std::time::Duration;

use pool_async::pool_core::Time;

use crate::rule::{Rule, Severity, Signs};

/// Where an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    /// It is so, but not for long enough yet.
    Pending,
    /// A person should look.
    Firing,
    /// It was firing, and is over.
    Resolved,
}

/// An alert, as it is shown and told.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Alert {
    /// The pool that it is about.
    pub pool: String,
    /// The rule's name.
    pub name: Cow<'static, str>,
    /// How bad it is.
    pub severity: Severity,
    /// Where it is.
    pub state: AlertState,
    /// How long ago it began to be so.
    pub lasted: Duration,
    /// For how long it has not been so any more; nothing while it is.
    pub quiet: Option<Duration>,
    /// What is so, in a sentence.
    pub says: String,
}

/// The alerts of one pool.
#[derive(Default)]
pub(crate) struct Alerts {
    /// By the rule's place.
    open: Vec<Option<Open>>,
}

/// What has been so, with no break longer than the rule's `calm`.
struct Open {
    since: Time,
    /// The last interval in which it was so.
    seen: Time,
    /// Whether it was in the last one.
    so: bool,
    firing: bool,
    says: String,
}

impl Alerts {
    /// Judges an interval by the rules; returns what began or ceased to fire.
    pub(crate) fn judge(&mut self, pool: &str, rules: &[Rule], signs: &Signs<'_>) -> Vec<Alert> {
        self.open.resize_with(rules.len(), || None);
        let places = self.open.iter_mut().zip(rules);
        let changes = places.filter_map(|(open, rule)| {
            let state = step(open, rule, signs.now, rule.when.says(signs))?;
            let alert = open.as_ref().map(|open| open.alert(pool, rule, state, signs.now));
            if state == AlertState::Resolved {
                *open = None;
            }
            alert
        });
        changes.collect()
    }

    /// Nothing is so any more, for the pool is gone; returns what ceased to fire.
    pub(crate) fn end(&mut self, pool: &str, rules: &[Rule], now: Time) -> Vec<Alert> {
        let open = std::mem::take(&mut self.open);
        let firing = open.iter().zip(rules).filter_map(|(open, rule)| Some((open.as_ref()?, rule)));
        let over = firing.filter(|(open, _)| open.firing);
        over.map(|(open, rule)| open.alert(pool, rule, AlertState::Resolved, now)).collect()
    }

    /// What is pending or firing: the worst first, of these the oldest.
    pub(crate) fn all(&self, pool: &str, rules: &[Rule], now: Time) -> Vec<Alert> {
        let open = self.open.iter().zip(rules).filter_map(|(open, rule)| Some((open.as_ref()?, rule)));
        let mut all: Vec<Alert> = open
            .map(|(open, rule)| {
                let state = if open.firing { AlertState::Firing } else { AlertState::Pending };
                open.alert(pool, rule, state, now)
            })
            .collect();
        let rank = |alert: &Alert| {
            let firing = alert.state == AlertState::Firing;
            std::cmp::Reverse((firing, alert.severity, alert.lasted))
        };
        all.sort_by_key(rank);
        all
    }
}

/// One interval of one rule; a state, if a person should be told.
fn step(open: &mut Option<Open>, rule: &Rule, now: Time, says: Option<String>) -> Option<AlertState> {
    let Some(says) = says else {
        let was = open.as_mut()?;
        was.so = false;
        if !was.firing {
            *open = None;
            return None;
        }
        return (now.since(was.seen) >= rule.calm).then_some(AlertState::Resolved);
    };
    let open =
        open.get_or_insert(Open { since: now, seen: now, so: true, firing: false, says: String::new() });
    (open.seen, open.so, open.says) = (now, true, says);
    let fires = !open.firing && now.since(open.since) >= rule.hold;
    open.firing |= fires;
    fires.then_some(AlertState::Firing)
}

impl Open {
    fn alert(&self, pool: &str, rule: &Rule, state: AlertState, now: Time) -> Alert {
        Alert {
            pool: pool.to_owned(),
            name: rule.name.clone(),
            severity: rule.severity,
            state,
            lasted: now.since(self.since),
            quiet: (!self.so).then(|| now.since(self.seen)),
            says: self.says.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rule::Condition;

    /// What a rule should be after each interval, told from the whole history.
    fn model(history: &[(Time, bool)], hold: Duration, calm: Duration) -> Vec<Option<AlertState>> {
        let mut is_firing = false;
        let mut states = Vec::new();
        for (n, &(now, so)) in history.iter().enumerate() {
            let run = history[..=n].iter().rev().take_while(|(_, so)| *so);
            let began = run.last().map(|(at, _)| *at);
            let last = history[..=n].iter().rfind(|(_, so)| *so).map(|(at, _)| *at);
            is_firing = if is_firing {
                so || last.is_some_and(|last| now.since(last) < calm)
            } else {
                began.is_some_and(|began| now.since(began) >= hold)
            };
            let pending = so.then_some(AlertState::Pending);
            states.push(if is_firing { Some(AlertState::Firing) } else { pending });
        }
        states
    }

    fn seconds(most: u64) -> impl Strategy<Value = Duration> {
        (0..=most).prop_map(Duration::from_secs)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

        #[test]
        fn an_alert_is_as_its_history_says(
            steps in proptest::collection::vec((seconds(4), proptest::bool::weighted(0.6)), 1..60),
            (hold, calm) in (seconds(8), seconds(8)),
        ) {
            let mut now = Time::ZERO;
            let history: Vec<(Time, bool)> = steps.into_iter().map(|(step, so)| { now = now + step; (now, so) }).collect();
            let rule = Rule { calm, ..Rule::new("rule", Severity::Warning, Condition::Suspended).hold(hold) };
            let (rules, mut alerts) = ([rule.clone()], Alerts { open: vec![None] });
            let mut was = None;
            for (n, (&(now, so), state)) in history.iter().zip(model(&history, hold, calm)).enumerate() {
                let says = so.then(|| format!("interval {n}"));
                let told = step(&mut alerts.open[0], &rule, now, says);
                // Told once each way, in turn.
                let firing = Some(AlertState::Firing);
                let expected = match (was == firing, state == firing) {
                    (false, true) => firing,
                    (true, false) => Some(AlertState::Resolved),
                    (true, true) | (false, false) => None,
                };
                prop_assert_eq!(told, expected, "in interval {} of {:?}", n, history);
                if told == Some(AlertState::Resolved) {
                    alerts.open[0] = None;
                }
                let shown = alerts.all("pool", &rules, now);
                prop_assert_eq!(shown.first().map(|alert| alert.state), state, "in interval {} of {:?}", n, history);
                if so {
                    prop_assert_eq!(&shown[0].says, &format!("interval {n}"));
                }
                was = state;
            }
            let over = alerts.end("pool", &rules, now);
            prop_assert_eq!(over.len(), usize::from(was == Some(AlertState::Firing)));
            prop_assert!(alerts.all("pool", &rules, now).is_empty());
        }
    }
}
