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
    /// For how long it has been so.
    pub lasted: Duration,
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
        let was = open.as_ref()?;
        if !was.firing {
            *open = None;
            return None;
        }
        return (now.since(was.seen) >= rule.calm).then_some(AlertState::Resolved);
    };
    let open = open.get_or_insert(Open { since: now, seen: now, firing: false, says: String::new() });
    (open.seen, open.says) = (now, says);
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
            says: self.says.clone(),
        }
    }
}
