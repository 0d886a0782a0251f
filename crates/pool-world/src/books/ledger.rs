//! The statistics once more, counted from nothing but the calls, their answers and the actions (I46).
//!
//! Where a counter cannot be told from outside to the last unit, it is held between bounds.

use pool_core::{Action, CloseReason, Event, Outcome, Retry, Stats, StopReason, Verdict};

use crate::holds;
use crate::input::{Answer, Input};

/// What must have been counted.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// The counters that are known to the last unit; the others are zero.
    known: Stats,
    /// Failures that callers have heard of, by kind.
    heard: [u64; 5],
    /// Acquires that did not have to wait for their lease or their error.
    at_once: u64,
    /// Tickets woken.
    woken: u64,
    /// Leases that came back.
    released: u64,
    /// Probes answered, reported as failed, and closed for.
    probed: u64,
    probes_failed: u64,
    /// The grace of a shutdown has ended: a grant may have become a failure.
    pub voided: bool,
}

impl Ledger {
    /// A call and its answer.
    pub fn answered(&mut self, input: Input, answer: Answer) {
        let known = &mut self.known;
        match answer {
            Answer::Ready(_) => known.leases += 1,
            Answer::Failed(error) => self.heard[error.kind as usize] += 1,
            _ => {}
        }
        match (input, answer) {
            (Input::Acquire(_), _) => {
                known.acquires += 1;
                self.at_once += u64::from(answer != Answer::Queued);
            }
            (Input::Release(_, outcome), Answer::Verdict(Verdict::Accepted)) => {
                self.released += 1;
                match outcome {
                    Outcome::Success => known.successes += 1,
                    Outcome::Returned => known.returned += 1,
                    Outcome::Failed { class, .. } => known.faults[class as usize] += 1,
                }
            }
            (Input::Report(event), Answer::Verdict(Verdict::Accepted)) => match event {
                Event::Connected { .. } => known.opened += 1,
                Event::ConnectFailed { .. } => known.connect_failures += 1,
                Event::Probed { .. } => self.probed += 1,
                Event::ProbeFailed { .. } => self.probes_failed += 1,
                _ => {}
            },
            (_, Answer::Retry(Retry::After(_))) => known.retries += 1,
            (_, Answer::Retry(Retry::Stop(StopReason::Budget))) => known.retries_refused += 1,
            _ => {}
        }
    }

    /// A ticket was given up.
    pub fn cancelled(&mut self) {
        self.known.cancelled += 1;
    }

    /// A lease was detached: its connection with it, or only itself.
    pub fn detached(&mut self, whole: bool) {
        if whole {
            self.known.detached += 1;
        } else {
            self.known.returned += 1;
        }
    }

    /// Leases that their callers still held when the grace ended, or their connection was found dead.
    pub fn abandoned(&mut self, leases: u64) {
        self.known.abandoned += leases;
    }

    /// An action.
    pub fn performed(&mut self, action: Action) {
        let known = &mut self.known;
        match action {
            Action::Connect { .. } => known.connects += 1,
            Action::Probe { .. } => known.probes += 1,
            Action::Close { reason, .. } => {
                known.closed[reason as usize] += 1;
                known.connect_failures += u64::from(reason == CloseReason::ConnectTimeout);
                self.probes_failed += u64::from(reason == CloseReason::ProbeTimeout);
            }
            Action::Forget { .. } => known.close_timeouts += 1,
            Action::Wake { .. } => self.woken += 1,
            Action::Notice(_) => {}
        }
    }

    /// Every counter is what the ledger says.
    pub fn balances(&self, stats: &Stats) {
        let known = &self.known;
        let exact = [
            ("acquires", stats.acquires, known.acquires),
            ("leases", stats.leases, known.leases),
            ("cancelled", stats.cancelled, known.cancelled),
            ("successes", stats.successes, known.successes),
            ("returned", stats.returned, known.returned),
            ("connects", stats.connects, known.connects),
            ("opened", stats.opened, known.opened),
            ("connect_failures", stats.connect_failures, known.connect_failures),
            ("probes", stats.probes, known.probes),
            ("close_timeouts", stats.close_timeouts, known.close_timeouts),
            ("detached", stats.detached, known.detached),
            ("abandoned", stats.abandoned, known.abandoned),
            ("retries", stats.retries, known.retries),
            ("retries_refused", stats.retries_refused, known.retries_refused),
            ("hold", stats.hold.count(), self.released),
            ("connect", stats.connect.count(), known.opened),
        ];
        for (name, told, counted) in exact {
            holds!(told == counted, "I46", "the pool counts {told} {name}, there were {counted}");
        }
        holds!(
            stats.faults == known.faults,
            "I46",
            "faults {:?}, there were {:?}",
            stats.faults,
            known.faults
        );
        holds!(
            stats.closed == known.closed,
            "I46",
            "closed {:?}, there were {:?}",
            stats.closed,
            known.closed
        );
        let (failed, answered) = (stats.probe_failures, self.probed);
        let possible = (self.probes_failed..=known.probes - answered).contains(&failed);
        holds!(possible, "I46", "{failed} of {} probes failed, {answered} did not", known.probes);
        self.waits_balance(stats);
    }

    /// Each ticket and each acquire was granted or failed, and was counted as that once.
    fn waits_balance(&self, stats: &Stats) {
        let told =
            [stats.timeouts, stats.queue_full, stats.exhausted, stats.unavailable, stats.refused_closed];
        for (told, heard) in told.iter().zip(self.heard) {
            holds!(*told >= heard, "I46", "the pool counts {told} failures of a kind, {heard} were heard");
        }
        let (waits, ends) = (stats.wait.count(), self.at_once + self.woken);
        let counted = waits + told.iter().sum::<u64>();
        holds!(self.voided || counted == ends, "I46", "{counted} acquires were decided, {ends} counted");
    }
}
