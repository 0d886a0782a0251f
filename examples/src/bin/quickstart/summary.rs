//! The end, in words: what was asked, what came of it, and whether all is well again.

use examples::blog::BlogService;
use examples::screen::{Line, Paint};
use examples::target::Target;
use examples::words::{self, count, time};
use pool_tokio::PoolStatus;
use pool_tokio::pool_core::{CloseReason, Phase};

use crate::load::Tally;
use crate::rehearsal::{Rehearsal, view};
use crate::show::Ending;
use crate::story::Recovery;

/// Longer texts are broken.
const WIDTH: usize = 100;

/// What the simulator has counted, on the other side of the wire.
struct Witness {
    connections_max: usize,
    views_counted_twice: usize,
}

/// The end.
pub(crate) struct Summary {
    tally: Tally,
    pool: PoolStatus,
    recoveries: Option<Vec<Recovery>>,
    witness: Option<Witness>,
    /// What is not as it should be, now that the round is over.
    broken: Vec<String>,
}

impl Summary {
    /// Looks at everything once more. To be called when the load has ended.
    pub(crate) async fn of(
        blog: &BlogService,
        target: &Target,
        rehearsal: &Rehearsal,
        tally: Tally,
        ending: Ending,
    ) -> Summary {
        let recoveries = match ending {
            Ending::Told(recoveries) => Some(recoveries),
            Ending::Interrupted => None,
        };
        let pool = blog.pool().status();
        let mut summary = Summary { tally, pool, recoveries, witness: None, broken: Vec::new() };
        // Who stops the round in the middle of an outage has not asked for a verdict.
        if summary.recoveries.is_some() {
            summary.examine_pool();
            summary.examine_service(blog, rehearsal).await;
        }
        summary.hear_witness(target);
        summary
    }

    /// Whether everything recovered.
    pub(crate) fn is_good(&self) -> bool {
        self.broken.is_empty()
    }

    /// The whole of it.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let heading = format!("What happened in {}", time(self.pool.kpis.span));
        let mut lines = vec![Line::new(), Line::new().paint(Paint::Bold, heading)];
        lines.extend(self.requests());
        lines.push(self.times());
        lines.extend(self.connections());
        lines.extend(self.recoveries.iter().flatten().map(recovery));
        lines.push(Line::new());
        lines.extend(self.verdict());
        lines
    }

    fn examine_pool(&mut self) {
        let unhealthy = self.pool.status.unhealthy;
        if self.pool.status.phase != Phase::Running || unhealthy > 0 {
            let phase = self.pool.status.phase.name();
            self.broken.push(format!(
                "the pool is {phase}, with {}",
                count(unhealthy.into(), "unhealthy connection")
            ));
        }
        for recovery in self.recoveries.iter().flatten().filter(|recovery| recovery.took.is_none()) {
            self.broken.push(format!("the pool has not recovered from {}", recovery.harm));
        }
        let Tally { asked, succeeded, .. } = self.tally;
        if asked != succeeded + self.tally.failed() {
            self.broken.push("requests are missing: not every one has ended in rows or an error".to_owned());
        }
    }

    /// Each operation that worked before the round has to work after it.
    async fn examine_service(&mut self, blog: &BlogService, rehearsal: &Rehearsal) {
        let post = rehearsal.posts.first().copied().unwrap_or_default();
        for kind in &rehearsal.kinds {
            if let Err(error) = kind.run(blog, || view(post, 0)).await {
                self.broken.push(format!("{} does not work any more: {error}", kind.name()));
            }
        }
    }

    fn hear_witness(&mut self, target: &Target) {
        let Some(simulator) = target.simulator() else { return };
        let witness = simulator.observe(|counters| Witness {
            connections_max: counters.open_max,
            views_counted_twice: counters.keys_applied_twice().len(),
        });
        if witness.views_counted_twice > 0 {
            let views = count(witness.views_counted_twice as u64, "view");
            self.broken.push(format!("the server has counted {views} more than once"));
        }
        self.witness = Some(witness);
    }

    fn requests(&self) -> Vec<Line> {
        let Tally { asked, succeeded, ref failures, .. } = self.tally;
        let (retries, refused) = (self.pool.stats.retries, self.pool.stats.retries_refused);
        let mut lines = vec![item(format!(
            "{}: {succeeded} succeeded, {} failed with a typed error, {} cut off",
            count(asked, "operation"),
            self.tally.failed(),
            asked - succeeded - self.tally.failed(),
        ))];
        for failures in failures {
            lines.push(
                Line::new().paint(Paint::Warn, format!("      {} x {:?}", failures.count, failures.class)),
            );
            let example = words::wrapped(&format!("such as: {}", failures.example), WIDTH - 8);
            lines.extend(example.iter().map(|line| Line::new().paint(Paint::Dim, format!("        {line}"))));
        }
        lines.push(item(format!(
            "{} made by the pool by itself; {refused} more refused, to spare a failing server",
            count(retries, "further attempt")
        )));
        lines
    }

    fn times(&self) -> Line {
        let (kpis, stats) = (&self.pool.kpis, &self.pool.stats);
        item(format!(
            "response time p50 {}, p95 {}, p99 {}; wait for a connection p50 {}, p99 {}",
            time(kpis.response_p50),
            time(kpis.response_p95),
            time(kpis.response_p99),
            time(stats.wait.quantile(500)),
            time(kpis.wait_p99),
        ))
    }

    fn connections(&self) -> Vec<Line> {
        let stats = &self.pool.stats;
        let closed: u64 = stats.closed.iter().sum();
        let reasons = CloseReason::ALL.into_iter().filter(|&reason| stats.closed_for(reason) > 0);
        let reasons: Vec<String> = reasons
            .map(|reason| format!("{}: {}", words::reason(reason), stats.closed_for(reason)))
            .collect();
        let why = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
        let mut lines = vec![item(format!(
            "{} opened, {closed} closed{why}; {} failed",
            count(stats.opened, "connection"),
            count(stats.connect_failures, "dial"),
        ))];
        if let Some(witness) = &self.witness {
            let most = count(witness.connections_max as u64, "connection");
            let twice = count(witness.views_counted_twice as u64, "view");
            lines.push(item(format!(
                "the server saw at most {most} at once, and counted {twice} more than once"
            )));
        }
        lines
    }

    fn verdict(&self) -> Vec<Line> {
        if !self.broken.is_empty() {
            let broken = self.broken.iter();
            return broken
                .map(|what| Line::new().paint(Paint::Bad, format!("NOT RECOVERED: {what}")))
                .collect();
        }
        let says = match self.recoveries.as_deref() {
            None => "Stopped by Ctrl-C before its end.",
            Some([]) => "All is well: every operation that worked before the round works after it.",
            Some(_) => "Everything recovered: the pool is healthy, and every operation works.",
        };
        vec![Line::new().paint(Paint::Good, says)]
    }
}

fn item(text: String) -> Line {
    Line::new().text("  - ").text(text)
}

fn recovery(recovery: &Recovery) -> Line {
    match recovery.took {
        Some(took) => item(format!("{}: all well again {} later", recovery.harm, time(took))),
        None => item(format!("{}: not recovered", recovery.harm)),
    }
}
