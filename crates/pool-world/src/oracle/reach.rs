//! What a run has come by: transitions, marks, reasons, errors, wake-ups. A test that asserts nothing was left out keeps the engines
//! honest: a rule that no run touches is a rule that nothing tests.

use pool_core::{
    AcquireErrorKind, Action, CloseReason, Health, Lifecycle, Retry, StopReason, Wakeup, health_transition,
    legal, markable,
};

use super::Step;
use crate::holds;
use crate::input::Answer;

const ERRORS: [&str; 5] = ["timeout", "queue full", "exhausted", "unavailable", "closed"];
const STOPS: [&str; 5] = ["permanent", "maybe sent", "attempts", "budget", "deadline"];
const WAKEUPS: [&str; 13] = [
    "waiter",
    "connect timeout",
    "probe timeout",
    "close timeout",
    "idle expiry",
    "probe due",
    "renewal",
    "retirement",
    "stall",
    "lease watch",
    "redial",
    "shrink sample",
    "shutdown grace",
];

/// What has been seen: sets of small numbers, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// By the state of life before: the states after.
    moves: [u16; Lifecycle::ALL.len()],
    /// By the health before: the healths after.
    healths: [u16; Health::ALL.len()],
    /// By the reason: the states of life in which it was given.
    marks: [u16; CloseReason::ALL.len()],
    reasons: u16,
    errors: u16,
    stops: u16,
    wakeups: u16,
}

impl Reach {
    /// Adds what another run has seen.
    pub fn join(&mut self, other: &Reach) {
        let join = |mine: &mut [u16], other: &[u16]| {
            mine.iter_mut().zip(other).for_each(|(mine, other)| *mine |= other);
        };
        join(&mut self.moves, &other.moves);
        join(&mut self.healths, &other.healths);
        join(&mut self.marks, &other.marks);
        self.reasons |= other.reasons;
        self.errors |= other.errors;
        self.stops |= other.stops;
        self.wakeups |= other.wakeups;
    }

    /// Whatever there is and has not been seen, in words: legal transitions of life and health, marks, reasons of closes, errors,
    /// reasons not to retry, reasons to wake up.
    pub fn missing(&self) -> Vec<String> {
        let mut missing = self.missing_of_connections();
        let names = |seen: u16, what: &str, names: &[&str], missing: &mut Vec<String>| {
            let unseen = names.iter().enumerate().filter(|(n, _)| seen & 1 << n == 0);
            missing.extend(unseen.map(|(_, name)| format!("{what}: {name}")));
        };
        names(self.errors, "error", &ERRORS, &mut missing);
        names(self.stops, "no retry", &STOPS, &mut missing);
        names(self.wakeups, "wakeup", &WAKEUPS, &mut missing);
        missing
    }

    fn missing_of_connections(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for from in Lifecycle::ALL {
            let unseen =
                |to: &Lifecycle| legal(from, *to) && self.moves[from as usize] & bit(*to as usize) == 0;
            missing.extend(
                Lifecycle::ALL.iter().filter(|to| unseen(to)).map(|to| format!("{from:?} to {to:?}")),
            );
        }
        for from in Health::ALL {
            let unseen = |to: &Health| {
                health_transition(from, *to).is_some() && self.healths[from as usize] & bit(*to as usize) == 0
            };
            missing
                .extend(Health::ALL.iter().filter(|to| unseen(to)).map(|to| format!("{from:?} to {to:?}")));
        }
        for reason in CloseReason::ALL {
            let marks = self.marks[reason as usize];
            let unseen = |life: &Lifecycle| markable(*life, reason) && marks & bit(*life as usize) == 0;
            let states = Lifecycle::ALL.iter().filter(|life| unseen(life));
            missing.extend(states.map(|life| format!("mark: {reason:?} while {life:?}")));
            if self.reasons & bit(reason as usize) == 0 {
                missing.push(format!("close: {reason:?}"));
            }
        }
        missing
    }

    pub(super) fn note(&mut self, step: &Step<'_>) {
        for conn in &step.after.conns {
            let before = step.before.conn(conn.id);
            let life = before.map_or(Lifecycle::Connecting, |before| before.lifecycle);
            self.walked(life, conn.lifecycle, step.held);
            let Some(before) = before else { continue };
            if health_transition(before.health, conn.health).is_some() {
                self.healths[before.health as usize] |= bit(conn.health as usize);
            }
            if let (None, Some(reason)) = (before.mark, conn.mark)
                && markable(life, reason)
            {
                self.marks[reason as usize] |= bit(life as usize);
            }
        }
        for conn in step.before.conns.iter().filter(|conn| step.after.conn(conn.id).is_none()) {
            self.walked(conn.lifecycle, Lifecycle::Gone, step.held);
        }
        for action in step.outs {
            if let Action::Close { reason, .. } = action {
                self.reasons |= bit(*reason as usize);
            }
        }
        if let Some(until) = step.until {
            self.wakeups |= bit(wakeup(until.why));
        }
        match step.deed {
            Some((_, Answer::Failed(error))) => self.errors |= bit(number_of_error(error.kind)),
            Some((_, Answer::Retry(Retry::Stop(reason)))) => self.stops |= bit(stop(reason)),
            _ => {}
        }
    }

    /// I5: a step may pass through two states on its way (open then granted, closed then forgotten), each by a legal move.
    fn walked(&mut self, from: Lifecycle, to: Lifecycle, held: bool) {
        if from == to {
            return;
        }
        if legal(from, to) {
            self.moves[from as usize] |= bit(to as usize);
            return;
        }
        let between = Lifecycle::ALL.into_iter().find(|&state| legal(from, state) && legal(state, to));
        if let Some(between) = between {
            self.moves[from as usize] |= bit(between as usize);
            self.moves[between as usize] |= bit(to as usize);
        }
        holds!(between.is_some() || held, "I5", "a connection went from {from:?} to {to:?}");
    }
}

const fn bit(n: usize) -> u16 {
    1 << n
}

/// The place of an error in `ERRORS`; what is new has none there, and is not missed.
const fn number_of_error(kind: AcquireErrorKind) -> usize {
    match kind {
        AcquireErrorKind::Timeout => 0,
        AcquireErrorKind::QueueFull => 1,
        AcquireErrorKind::Exhausted => 2,
        AcquireErrorKind::Unavailable => 3,
        AcquireErrorKind::Closed => 4,
        _ => 15,
    }
}

const fn stop(reason: StopReason) -> usize {
    match reason {
        StopReason::Permanent => 0,
        StopReason::MaybeSent => 1,
        StopReason::Attempts => 2,
        StopReason::Budget => 3,
        StopReason::Deadline => 4,
        _ => 15,
    }
}

const fn wakeup(why: Wakeup) -> usize {
    match why {
        Wakeup::Waiter(_) => 0,
        Wakeup::ConnectTimeout(_) => 1,
        Wakeup::ProbeTimeout(_) => 2,
        Wakeup::CloseTimeout(_) => 3,
        Wakeup::IdleExpiry(_) => 4,
        Wakeup::ProbeDue(_) => 5,
        Wakeup::Renewal(_) => 6,
        Wakeup::Retirement(_) => 7,
        Wakeup::Stall(_) => 8,
        Wakeup::LeaseWatch(_) => 9,
        Wakeup::Redial(_) => 10,
        Wakeup::ShrinkSample => 11,
        Wakeup::ShutdownGrace => 12,
        _ => 15,
    }
}
