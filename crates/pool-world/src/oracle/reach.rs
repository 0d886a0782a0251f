//! What a run has come by: transitions, reasons, errors. A test that asserts nothing was left out keeps the engines honest.

use std::collections::BTreeSet;

use pool_core::{AcquireErrorKind, Action, CloseReason, Lifecycle, legal};

use super::Step;
use crate::holds;
use crate::input::Answer;

/// What has been seen, by index into the `ALL` of each enum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Transitions of connections, from and to.
    pub moves: [[bool; 6]; 6],
    /// Reasons of closes.
    pub reasons: [bool; CloseReason::ALL.len()],
    /// Names of errors.
    pub errors: BTreeSet<&'static str>,
}

impl Reach {
    /// Adds what another run has seen.
    pub fn join(&mut self, other: &Reach) {
        for (row, others) in self.moves.iter_mut().zip(&other.moves) {
            for (cell, seen) in row.iter_mut().zip(others) {
                *cell |= seen;
            }
        }
        for (cell, seen) in self.reasons.iter_mut().zip(&other.reasons) {
            *cell |= seen;
        }
        self.errors.extend(&other.errors);
    }

    /// Legal transitions that have not been seen.
    pub fn missing_moves(&self) -> Vec<(Lifecycle, Lifecycle)> {
        let all = || Lifecycle::ALL.into_iter();
        let pairs = all().flat_map(|from| all().map(move |to| (from, to)));
        pairs.filter(|&(from, to)| legal(from, to) && !self.moves[from as usize][to as usize]).collect()
    }

    /// Reasons that no connection was closed for.
    pub fn missing_reasons(&self) -> Vec<CloseReason> {
        CloseReason::ALL.into_iter().filter(|&reason| !self.reasons[reason as usize]).collect()
    }

    pub(super) fn note(&mut self, step: &Step<'_>) {
        for conn in &step.after.conns {
            let before = step.before.conn(conn.id).map_or(Lifecycle::Connecting, |before| before.lifecycle);
            self.walked(before, conn.lifecycle, step.held);
        }
        for conn in step.before.conns.iter().filter(|conn| step.after.conn(conn.id).is_none()) {
            self.walked(conn.lifecycle, Lifecycle::Gone, step.held);
        }
        for action in step.outs {
            if let Action::Close { reason, .. } = action {
                self.reasons[*reason as usize] = true;
            }
        }
        if let Some((_, Answer::Failed(error))) = step.deed {
            self.errors.insert(name(error.kind));
        }
    }

    /// I5: a step may pass through two states on its way (open then granted, closed then forgotten), each by a legal move.
    fn walked(&mut self, from: Lifecycle, to: Lifecycle, held: bool) {
        if from == to {
            return;
        }
        if legal(from, to) {
            self.moves[from as usize][to as usize] = true;
            return;
        }
        let between = Lifecycle::ALL.into_iter().find(|&state| legal(from, state) && legal(state, to));
        if let Some(between) = between {
            self.moves[from as usize][between as usize] = true;
            self.moves[between as usize][to as usize] = true;
        }
        holds!(between.is_some() || held, "I5", "a connection went from {from:?} to {to:?}");
    }
}

fn name(kind: AcquireErrorKind) -> &'static str {
    match kind {
        AcquireErrorKind::Timeout => "timeout",
        AcquireErrorKind::QueueFull => "queue_full",
        AcquireErrorKind::Exhausted => "exhausted",
        AcquireErrorKind::Unavailable => "unavailable",
        AcquireErrorKind::Closed => "closed",
        _ => "new",
    }
}
