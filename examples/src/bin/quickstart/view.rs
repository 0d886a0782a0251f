//! The picture: 30 rows of 100 columns at most, so that it fits an ordinary terminal.

use std::collections::BTreeMap;
use std::time::Duration;

use examples::screen::{Line, Mode, Paint};
use examples::table::{self, Cell, Column, numbers, words as text};
use examples::words;
use pool_tokio::pool_async::Connection;
use pool_tokio::pool_core::{Health, Phase};
use pool_tokio::pool_supabase::OperationStats;
use pool_tokio::{Kpis, PoolStatus};

use crate::journal::Journal;
use crate::rehearsal::Kind;
use crate::story::Act;

/// Rows for connections; more are counted.
const CONNECTIONS: usize = 8;
/// Characters of a connection's label; the rest is cut.
const LABEL: usize = 46;
/// Rows for what happened.
const EVENTS: usize = 6;

const CONNECTION: [Column; 7] = [
    text("id", 5),
    text("state", 10),
    text("health", 9),
    numbers("uses", 5),
    numbers("errors", 6),
    numbers("age", 6),
    text("label", LABEL),
];

const OPERATION: [Column; 7] = [
    text("operation", 18),
    numbers("succeeded", 9),
    numbers("failed", 6),
    numbers("under way", 9),
    numbers("p50", 9),
    numbers("p95", 9),
    numbers("p99", 9),
];

/// Everything that is in the picture.
pub(crate) struct Scene<'a> {
    pub(crate) title: &'a str,
    pub(crate) length: Duration,
    pub(crate) act: &'a Act,
    pub(crate) now: &'a PoolStatus,
    pub(crate) kpis: &'a Kpis,
    pub(crate) operations: &'a BTreeMap<&'static str, OperationStats>,
    pub(crate) journal: &'a Journal,
}

impl Scene<'_> {
    /// The picture. Plain, it has neither empty rows to keep it steady nor the news, which are printed as they come.
    pub(crate) fn lines(&self, mode: Mode) -> Vec<Line> {
        let mut lines = self.head().to_vec();
        lines.push(Line::new());
        lines.extend(self.pool());
        lines.push(Line::new());
        self.connections(&mut lines, mode);
        lines.push(Line::new());
        lines.push(table::heading(&OPERATION));
        lines.extend(Kind::ALL.iter().map(|kind| self.operation(kind.name())));
        if mode == Mode::Live {
            lines.extend([Line::new(), Line::new().paint(Paint::Dim, "what happened")]);
            lines.extend(self.journal.last(EVENTS));
        }
        lines
    }

    fn head(&self) -> [Line; 2] {
        let clock =
            format!("   {:.1} s of {} s", self.journal.elapsed().as_secs_f64(), self.length.as_secs());
        [
            Line::new()
                .paint(Paint::Bold, "supabase-pool quickstart")
                .text(format!(" on {}", self.title))
                .text(clock),
            Line::new().paint(Paint::Bold, self.act.title).text("   ").text(self.act.text.as_str()),
        ]
    }

    fn pool(&self) -> [Line; 3] {
        let (status, kpis) = (&self.now.status, self.kpis);
        let open = status.healthy + status.unhealthy + status.unknown;
        let oldest =
            status.oldest_wait.map_or(String::new(), |wait| format!(" (up to {})", words::time(wait)));
        [
            Line::new()
                .text("pool       ")
                .paint(phase_paint(status.phase), format!("{:<9}", status.phase.name()))
                .text(format!(
                    "  {open} open of {} to {}: {} in use, {} free, {} probing; {} connecting, {} closing",
                    status.min,
                    status.max,
                    status.in_use,
                    status.available,
                    status.probing,
                    status.connecting,
                    status.closing
                )),
            Line::new().text(format!(
                "last {:.0} s   utilisation {:>5}  throughput {:>5.0}/s  error rate {:>5}  health ratio {:>5}",
                kpis.span.as_secs_f64(),
                words::percent(kpis.utilization),
                kpis.throughput,
                words::percent(kpis.error_rate),
                words::percent(kpis.health_ratio)
            )),
            Line::new().text(format!(
                "           response p50 {} p95 {} p99 {};  wait p99 {};  {} waiting{oldest}",
                words::time(kpis.response_p50),
                words::time(kpis.response_p95),
                words::time(kpis.response_p99),
                words::time(kpis.wait_p99),
                status.waiting
            )),
        ]
    }

    fn connections(&self, lines: &mut Vec<Line>, mode: Mode) {
        lines.push(table::heading(&CONNECTION));
        let all = &self.now.connections;
        let shown = if all.len() > CONNECTIONS { CONNECTIONS - 1 } else { all.len() };
        lines.extend(all[..shown].iter().map(|connection| self.connection(connection)));
        if shown < all.len() {
            lines.push(Line::new().paint(Paint::Dim, format!("and {} more", all.len() - shown)));
        }
        if mode == Mode::Live {
            lines.extend((all.len()..CONNECTIONS).map(|_| Line::new()));
        }
    }

    fn connection(&self, connection: &Connection) -> Line {
        let info = &connection.info;
        let state = match info.mark {
            Some(_) => "leaving",
            None if info.stalled => "stalled",
            None => words::lifecycle(info.lifecycle),
        };
        let health = match info.health {
            Health::Healthy => Paint::Good,
            Health::Suspect | Health::Unknown | Health::Probation => Paint::Warn,
            Health::Unhealthy => Paint::Bad,
        };
        let errors = if info.error_count > 0 { Paint::Bad } else { Paint::Plain };
        let age = self.now.at.since(info.opened_at.unwrap_or(info.created_at));
        let label: String = connection.label.as_deref().unwrap_or("-").chars().take(LABEL).collect();
        let cells: [Cell; 7] = [
            (info.id.to_string(), Paint::Plain),
            (state.to_owned(), if info.in_use > 0 { Paint::Bold } else { Paint::Plain }),
            (info.health.word().to_owned(), health),
            (info.uses.to_string(), Paint::Plain),
            (info.error_count.to_string(), errors),
            (format!("{:.1} s", age.as_secs_f64()), Paint::Plain),
            (label, Paint::Dim),
        ];
        table::row(&CONNECTION, cells)
    }

    fn operation(&self, name: &'static str) -> Line {
        let Some(stats) = self.operations.get(name) else {
            return table::row(
                &OPERATION,
                [(name.to_owned(), Paint::Dim), ("left out".to_owned(), Paint::Dim)],
            );
        };
        let quantile = |permille| (words::time(stats.time.quantile(permille)), Paint::Plain);
        let failed = if stats.failed > 0 { Paint::Bad } else { Paint::Plain };
        let cells: [Cell; 7] = [
            (name.to_owned(), Paint::Plain),
            (stats.succeeded.to_string(), Paint::Plain),
            (stats.failed.to_string(), failed),
            (stats.in_flight.to_string(), Paint::Plain),
            quantile(500),
            quantile(950),
            quantile(990),
        ];
        table::row(&OPERATION, cells)
    }
}

const fn phase_paint(phase: Phase) -> Paint {
    match phase {
        Phase::Running => Paint::Good,
        Phase::Degraded => Paint::Bad,
        Phase::Starting | Phase::Suspended | Phase::Draining | Phase::Closed | _ => Paint::Warn,
    }
}
