//! The three tables of `pool-core/src/state.rs`, drawn: the text of `docs/lifecycle.md`, made from the code and from nothing else.

use std::fmt::Write;

use pool_core::{CloseReason, Health, Lifecycle, health_transition, markable, transition};

/// States in which a connection can be marked, in the order of the matrix.
const MARKED_IN: [Lifecycle; 4] =
    [Lifecycle::Connecting, Lifecycle::Idle, Lifecycle::Leased, Lifecycle::Probing];

const HEAD: &str = "\
# The life of a connection

Made from the tables of `crates/pool-core/src/state.rs` by `crates/pool-world/src/diagram.rs`; a test fails when this page is out of
date, and rewrites it with `POOL_WORLD_BLESS=1 cargo test -p pool-world lifecycle`.

A connection has three independent dimensions. Each changes in one function of the core, which asks its table (I5).
";

const LIFE: &str = "
## Lifecycle

Where it is. The slot counts against the maximum in every state but the last.
";

const HEALTH: &str = "
## Health

What its traffic and its probes say. `Unhealthy` is not granted and waits for its replacement; `Probation` carries one lease at a time.
";

const MARK: &str = "
## Mark

Why it is to close. The first mark stands; it takes effect at once when no lease is on the connection, else when the last one ends. On
each arrow: the states of life in which that reason may be given.
";

/// The whole page.
pub fn page() -> String {
    let life: Vec<String> = Lifecycle::ALL.iter().map(|state| format!("{state:?}")).collect();
    let healths: Vec<String> = Health::ALL.iter().map(|health| format!("{health:?}")).collect();
    let reasons: Vec<String> = CloseReason::ALL.iter().map(|reason| format!("{reason:?}")).collect();
    let states: Vec<String> = MARKED_IN.iter().map(|state| format!("{state:?}")).collect();
    let of_life = |from: usize, to: usize| transition(Lifecycle::ALL[from], Lifecycle::ALL[to]);
    let of_health = |from: usize, to: usize| health_transition(Health::ALL[from], Health::ALL[to]);
    let may = |reason: usize, state: usize| markable(MARKED_IN[state], CloseReason::ALL[reason]);
    let mut page = String::from(HEAD);
    page += LIFE;
    page += &fenced("mermaid", &arrows(&life, of_life));
    page += &fenced("text", &matrix(&life, &life, |from, to| of_life(from, to).is_some()).join("\n"));
    page += HEALTH;
    page += &fenced("mermaid", &arrows(&healths, of_health));
    page += &fenced("text", &matrix(&healths, &healths, |from, to| of_health(from, to).is_some()).join("\n"));
    page += MARK;
    page += &fenced("mermaid", &marks());
    page += &fenced("text", &matrix(&reasons, &states, may).join("\n"));
    page
}

/// A table as text: a row per state before, a column per state after, `x` where the one may become the other.
pub fn matrix(rows: &[String], columns: &[String], legal: impl Fn(usize, usize) -> bool) -> Vec<String> {
    let width = rows.iter().map(String::len).max().unwrap_or(0);
    let head = format!("{:width$} {}", "", columns.join(" "));
    let cells = |row: usize| {
        let cell = |(n, column): (usize, &String)| {
            format!(" {:^width$}", if legal(row, n) { "x" } else { "." }, width = column.len())
        };
        columns.iter().enumerate().map(cell).collect::<String>()
    };
    let rows = rows.iter().enumerate().map(|(n, row)| format!("{row:width$}{}", cells(n)));
    std::iter::once(head).chain(rows).map(|line| line.trim_end().to_owned()).collect()
}

fn fenced(language: &str, text: &str) -> String {
    format!("\n```{language}\n{}\n```\n", text.trim_end())
}

/// The first state is where everything begins; `Gone` is where it ends.
fn arrows(states: &[String], label: impl Fn(usize, usize) -> Option<&'static str>) -> String {
    let mut text = format!("stateDiagram-v2\n    [*] --> {}\n", states[0]);
    for from in 0..states.len() {
        for to in 0..states.len() {
            let name = if states[to] == "Gone" { "[*]" } else { &states[to] };
            if let Some(label) = label(from, to) {
                let _ = writeln!(text, "    {} --> {name}: {label}", states[from]);
            }
        }
    }
    text
}

fn marks() -> String {
    let mut text = String::from("stateDiagram-v2\n    [*] --> Unmarked\n");
    for reason in CloseReason::ALL {
        let may = MARKED_IN.iter().filter(|&&state| markable(state, reason));
        let states: Vec<String> = may.map(|state| format!("{state:?}")).collect();
        let _ = writeln!(text, "    Unmarked --> {reason:?}: {}", states.join(", "));
    }
    text
}
