//! The core by size: whether an input stays as cheap when there are more connections or more waiters, and what each of those holds.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use crate::callgrind;
use crate::cycles::{CYCLES, Cycle, busy_pool, fill_queue, open_pool};
use crate::median::Figure;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How often each cycle gets its turn; the median counts.
    pub rounds: usize,
    /// Repetitions in a turn.
    pub repetitions: u64,
    /// Repetitions under callgrind.
    pub counted: u64,
}

impl Plan {
    /// For figures that are kept.
    pub const FULL: Plan = Plan { rounds: 9, repetitions: 100_000, counted: 5_000 };
    /// To see that it works.
    pub const SHORT: Plan = Plan { rounds: 3, repetitions: 2_000, counted: 500 };
}

/// What is told about in a row of the table.
#[derive(Clone, Copy)]
enum Subject {
    /// An input, in instructions.
    Input(&'static str),
    /// The whole cycle, in nanoseconds.
    Cycle,
    /// What the memory alone takes for it, in nanoseconds.
    Memory,
}

/// What a row of the table says.
struct Row {
    cycle: &'static Cycle,
    subject: Subject,
    figures: Vec<f64>,
}

impl Row {
    /// The most that a size costs of what a smaller one does: 1 is flat, below it the larger ones are the cheaper ones.
    fn growth(&self) -> f64 {
        let mut least = f64::INFINITY;
        let mut growth: f64 = 0.0;
        for &figure in &self.figures {
            growth = growth.max(figure / least);
            least = least.min(figure);
        }
        growth
    }
}

/// The result: the table as Markdown, and the same as JSON.
#[derive(Debug)]
pub struct Report {
    /// For people.
    pub table: String,
    /// For programs.
    pub json: Value,
}

/// Counts and times every cycle at every size.
///
/// # Errors
///
/// When callgrind cannot be run.
pub fn measure(plan: Plan, folder: &Path) -> Result<Report, String> {
    let mut rows = Vec::new();
    for cycle in &CYCLES {
        eprintln!("core: {} by {:?} {:?}", cycle.name, cycle.by, cycle.sizes());
        let mut inputs: Vec<Row> = cycle
            .inputs
            .iter()
            .map(|&input| Row { cycle, subject: Subject::Input(input), figures: Vec::new() })
            .collect();
        for size in cycle.sizes() {
            let arguments = ["once", cycle.name, &size.to_string(), &plan.counted.to_string()];
            let counts = callgrind::count(&arguments.map(str::to_owned), folder)?;
            for row in &mut inputs {
                let Subject::Input(input) = row.subject else { continue };
                let count = counts.get(input).ok_or(format!("callgrind saw no `{input}`"))?;
                row.figures.push(count.per_call());
            }
        }
        rows.append(&mut inputs);
        let sizes = cycle.sizes().into_iter();
        let cycles = sizes.clone().map(|size| cycle.prepare(size)).collect();
        rows.push(Row { cycle, subject: Subject::Cycle, figures: nanoseconds(cycles, plan) });
        let bounds: Vec<_> = sizes.filter_map(|size| cycle.prepare_bound(size)).collect();
        if !bounds.is_empty() {
            rows.push(Row { cycle, subject: Subject::Memory, figures: nanoseconds(bounds, plan) });
        }
    }
    let (connection, waiter) = (bytes_per_connection(100_000), bytes_per_waiter(1_000_000));
    let json = json!({
        "rows": rows.iter().map(json_of).collect::<Vec<_>>(),
        "bytes_per_connection": connection,
        "bytes_per_waiter": waiter,
    });
    Ok(Report { table: table(&rows, connection, waiter), json })
}

/// Nanoseconds per cycle at each size, the sizes taking turns.
fn nanoseconds(mut prepared: Vec<Box<dyn FnMut(u64)>>, plan: Plan) -> Vec<f64> {
    prepared.iter_mut().for_each(|repeat| repeat(plan.repetitions / 10));
    let mut rounds = vec![Vec::new(); prepared.len()];
    for _ in 0..plan.rounds {
        for (repeat, rounds) in prepared.iter_mut().zip(&mut rounds) {
            let start = Instant::now();
            repeat(plan.repetitions);
            rounds.push(start.elapsed().as_nanos() as f64 / plan.repetitions as f64);
        }
    }
    rounds.into_iter().filter_map(|rounds| Figure::of(rounds).map(|figure| figure.median)).collect()
}

/// What the core holds for each connection.
pub fn bytes_per_connection(connections: u32) -> f64 {
    let held = allocation_counter::measure(|| std::mem::forget(black_box(open_pool(connections))));
    held.bytes_current as f64 / f64::from(connections)
}

/// What the core holds for each waiter, its ticket in the caller's hand not counted.
pub fn bytes_per_waiter(waiters: u32) -> f64 {
    let (mut pool, lease) = busy_pool();
    let held = allocation_counter::measure(|| drop(black_box(fill_queue(&mut pool, waiters))));
    std::mem::forget((pool, lease));
    held.bytes_current as f64 / f64::from(waiters)
}

fn json_of(row: &Row) -> Value {
    let (of, unit) = match row.subject {
        Subject::Input(input) => (input, "instructions"),
        Subject::Cycle => ("cycle", "ns"),
        Subject::Memory => ("memory", "ns"),
    };
    json!({
        "cycle": row.cycle.name,
        "by": format!("{:?}", row.cycle.by).to_lowercase(),
        "of": of,
        "unit": unit,
        "sizes": row.cycle.sizes(),
        "figures": row.figures,
        "growth": row.growth(),
    })
}

fn table(rows: &[Row], connection: f64, waiter: f64) -> String {
    let mut text =
        String::from("| the core | by | small | middle | large | growth |\n|---|---|---:|---:|---:|---:|\n");
    for row in rows {
        let [small, middle, large] = row.cycle.sizes();
        let what = match row.subject {
            Subject::Input(input) => format!("`{input}`, instructions"),
            Subject::Cycle => format!("the cycle `{}`, ns", row.cycle.name),
            Subject::Memory => "… of that, the memory alone".to_owned(),
        };
        let by = format!("{:?} {small}, {middle}, {large}", row.cycle.by).to_lowercase();
        let figures: Vec<_> = row.figures.iter().map(|figure| format!("{figure:.0}")).collect();
        let _ = writeln!(text, "| {what} | {by} | {} | {:.2} |", figures.join(" | "), row.growth());
    }
    let _ = writeln!(
        text,
        "\nHeld: {connection:.0} bytes per connection at 100,000, {waiter:.0} bytes per waiter at 1,000,000."
    );
    text
}
