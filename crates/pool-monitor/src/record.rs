//! What is kept of one pool: the last fifteen minutes in points, the last minute in key figures, its alerts, its log.
//!
//! Rules kept here: memory is bounded whatever happens; a point is of the time between two samples, however long that was.

use std::collections::VecDeque;
use std::time::Duration;

use pool_async::Kpis;
use pool_async::pool_core::{Phase, Stats, Time};

use crate::alert::{Alert, Alerts};
use crate::log::Log;
use crate::point::Point;
use crate::rule::{Rule, Signs};
use crate::watched::{Pulse, Watched};

/// Points kept per pool: fifteen minutes at one a second.
pub(crate) const POINTS_KEPT: usize = 900;
/// What the key figures are of.
const KPI_SPAN: Duration = Duration::from_secs(60);
/// How often the counters are kept, to tell the key figures from.
const KPI_STEP: Duration = Duration::from_secs(5);

pub(crate) struct Record {
    pub(crate) last: Pulse,
    pub(crate) alerts: Alerts,
    pub(crate) log: Log,
    points: VecDeque<Point>,
    /// The counters, every few seconds of the last minute; never empty.
    counted: VecDeque<(Time, Stats)>,
    /// What began or ceased to fire, and was told to nobody yet; oldest first.
    untold: VecDeque<Alert>,
    /// The pool is closed or forgotten: nothing more is taken in.
    is_over: bool,
}

impl Record {
    /// Begins with the pool as it is.
    pub(crate) fn new(pool: &impl Watched) -> Self {
        let (log, last) = (Log::new(pool.events()), pool.pulse());
        let counted = VecDeque::from([(last.at, last.stats.clone())]);
        let (points, untold) = (VecDeque::new(), VecDeque::new());
        Record { last, alerts: Alerts::default(), log, points, counted, untold, is_over: false }
    }

    /// Takes in the pool as it is now.
    pub(crate) fn take(&mut self, name: &str, rules: &[Rule], pulse: Pulse) {
        if self.is_over {
            return;
        }
        let seq = self.last_seq() + 1;
        let point = Point::between(seq, (self.last.at, &self.last.stats), &pulse);
        if self.points.len() == POINTS_KEPT {
            self.points.pop_front();
        }
        self.points.push_back(point);
        if pulse.stats.detached > self.last.stats.detached {
            self.log.doubt();
        }
        self.last = pulse;
        self.count();
        let held = self.log.held();
        let Pulse { at: now, ref status, ref endpoints, .. } = self.last;
        if status.phase == Phase::Closed {
            return self.end(name, rules);
        }
        let signs = Signs { now, status, endpoints, point: &point, held };
        let changed = self.alerts.judge(name, rules, &signs);
        self.note(changed);
    }

    /// Nothing more will be taken in: what fires has ceased to.
    pub(crate) fn end(&mut self, name: &str, rules: &[Rule]) {
        self.is_over = true;
        let over = self.alerts.end(name, rules, self.last.at);
        self.note(over);
    }

    fn note(&mut self, changed: Vec<Alert>) {
        for alert in &changed {
            self.log.alert(self.last.at, alert);
        }
        self.untold.extend(changed);
    }

    /// The alert that is to be told next.
    pub(crate) fn next_untold(&mut self) -> Option<Alert> {
        self.untold.pop_front()
    }

    pub(crate) fn is_all_told(&self) -> bool {
        self.untold.is_empty()
    }

    /// Keeps the counters, if it is time, and forgets those that no figure needs any more.
    fn count(&mut self) {
        let (now, stats) = (self.last.at, &self.last.stats);
        if self.counted.back().is_none_or(|(at, _)| now.since(*at) >= KPI_STEP) {
            self.counted.push_back((now, stats.clone()));
        }
        while self.counted.get(1).is_some_and(|(at, _)| now.since(*at) >= KPI_SPAN) {
            self.counted.pop_front();
        }
    }

    /// The key figures of the last minute, or since the beginning.
    pub(crate) fn kpis(&self) -> (Kpis, Stats) {
        let (from, before) = &self.counted[0];
        let stats = self.last.stats.since(before);
        (Kpis::of(self.last.at.since(*from), &self.last.status, &stats), stats)
    }

    /// The points after the one with this number.
    pub(crate) fn after(&self, seq: u64) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(move |point| point.seq > seq)
    }

    /// The number of the newest point; 0 before the first.
    pub(crate) fn last_seq(&self) -> u64 {
        self.points.back().map_or(0, |point| point.seq)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }
}
