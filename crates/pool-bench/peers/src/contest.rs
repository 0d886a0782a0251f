//! A contest: the same work for every contender, in rounds; in each, everyone has a turn, and the order moves on by one. Ratios are
//! taken within a round; what is told is the median over the rounds, with the least and the most.

use std::fmt::Write as _;
use std::time::Duration;

use pool_bench::median::Figure;
use serde_json::{Value, json};

use crate::contender::{Asyncband, Bb8, Bound, Contender, Deadpool, Mobc, Ours, Strawman, Unmanaged};
use crate::runtime::{Runtime, Smol, Tokio};

pub const OURS: &str = "here";
pub const STRAWMAN: &str = "semaphore + mutex";

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Plan {
    pub rounds: usize,
    /// Pairs in a turn, where they are counted.
    pub pairs: u64,
    /// How long a turn is, where it is timed.
    pub turn: Duration,
}

impl Plan {
    pub const FULL: Plan = Plan { rounds: 9, pairs: 300_000, turn: Duration::from_millis(250) };
    pub const SHORT: Plan = Plan { rounds: 2, pairs: 10_000, turn: Duration::from_millis(40) };
}

/// What a turn gives: figures by name. The first is what contenders are compared by.
pub type Sample = Vec<(&'static str, f64)>;

/// Work that any pool can be put to.
pub trait Scenario: Copy + 'static {
    fn play<R: Runtime, C: Contender<R>>(self, plan: Plan) -> Sample;
}

/// Who takes part.
#[derive(Clone, Copy)]
pub enum Field {
    /// Everyone, and the lower bounds, which nobody can wait for.
    NobodyWaits,
    Everyone,
    /// Those that connect by themselves.
    Dialling,
}

type Play = Box<dyn FnMut(Plan) -> Sample>;

pub struct Contest {
    title: String,
    entries: Vec<(&'static str, Play)>,
}

impl Contest {
    pub fn new(title: &str) -> Contest {
        Contest { title: title.to_owned(), entries: Vec::new() }
    }

    pub fn entry(mut self, name: &'static str, play: impl FnMut(Plan) -> Sample + 'static) -> Self {
        self.entries.push((name, Box::new(play)));
        self
    }

    fn on<R: Runtime, C: Contender<R>>(self, name: &'static str, scenario: impl Scenario) -> Self {
        self.entry(name, move |plan| scenario.play::<R, C>(plan))
    }

    pub fn tokio(title: &str, field: Field, scenario: impl Scenario) -> Contest {
        let mut contest = Contest::new(title)
            .on::<Tokio, Ours<Tokio>>(OURS, scenario)
            .on::<Tokio, Asyncband>("asyncband", scenario)
            .on::<Tokio, Deadpool>("deadpool", scenario)
            .on::<Tokio, Bb8>("bb8", scenario)
            .on::<Tokio, Mobc>("mobc", scenario);
        if !matches!(field, Field::Dialling) {
            contest = contest
                .on::<Tokio, Unmanaged>("deadpool, unmanaged", scenario)
                .on::<Tokio, Strawman>(STRAWMAN, scenario);
        }
        if matches!(field, Field::NobodyWaits) {
            contest = contest
                .on::<Tokio, Bound<false>>("bound: two mutex pairs", scenario)
                .on::<Tokio, Bound<true>>("… and two clock reads", scenario);
        }
        contest
    }

    /// Those that need no tokio.
    pub fn smol(title: &str, scenario: impl Scenario) -> Contest {
        Contest::new(&format!("{title}, on smol"))
            .on::<Smol, Ours<Smol>>(OURS, scenario)
            .on::<Smol, Asyncband>("asyncband", scenario)
            .on::<Smol, Deadpool>("deadpool", scenario)
            .on::<Smol, Unmanaged>("deadpool, unmanaged", scenario)
            .on::<Smol, Strawman>(STRAWMAN, scenario)
    }

    pub fn title(&self) -> &str {
        &self.title
    }

    pub fn run(mut self, plan: Plan) -> Board {
        eprint!("{}:", self.title);
        let count = self.entries.len();
        let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); count];
        for round in 0..plan.rounds {
            for turn in 0..count {
                let place = (round + turn) % count;
                let (_, play) = &mut self.entries[place];
                samples[place].push(play(plan));
            }
            eprint!(" {}", round + 1);
        }
        eprintln!();
        Board::new(self.title, self.entries.iter().map(|(name, _)| *name).zip(samples).collect())
    }
}

/// The figures of a contest.
pub struct Board {
    title: String,
    columns: Vec<&'static str>,
    rows: Vec<Row>,
}

struct Row {
    name: &'static str,
    figures: Vec<Option<Figure>>,
    to_ours: Option<Figure>,
    to_strawman: Option<Figure>,
}

impl Board {
    fn new(title: String, samples: Vec<(&'static str, Vec<Sample>)>) -> Board {
        let mut columns: Vec<&'static str> = Vec::new();
        for (name, _) in samples.iter().flat_map(|(_, rounds)| rounds).flatten() {
            if !columns.contains(name) {
                columns.push(name);
            }
        }
        let firsts = |wanted: &str| -> Option<Vec<f64>> {
            let (_, rounds) = samples.iter().find(|(name, _)| *name == wanted)?;
            Some(rounds.iter().map(|sample| sample[0].1).collect())
        };
        let (ours, strawman) = (firsts(OURS), firsts(STRAWMAN));
        let rows = samples.iter().map(|(name, rounds)| {
            let ratio = |to: &Option<Vec<f64>>| {
                let to = to.as_ref()?;
                let ratios = rounds.iter().zip(to).map(|(sample, to)| sample[0].1 / to);
                Figure::of(ratios.filter(|ratio| ratio.is_finite()))
            };
            Row {
                name,
                figures: columns.iter().map(|column| figure(rounds, column)).collect(),
                to_ours: ratio(&ours),
                to_strawman: ratio(&strawman),
            }
        });
        let rows = rows.collect();
        Board { title, columns, rows }
    }

    /// The first figure of a contender, and its ratio to ours.
    pub fn first(&self, name: &str) -> Option<(f64, f64)> {
        let row = self.rows.iter().find(|row| row.name == name)?;
        Some((row.figures[0]?.median, row.to_ours?.median))
    }

    pub fn title(&self) -> &str {
        &self.title
    }

    pub fn table(&self) -> String {
        let [first, others @ ..] = &self.columns[..] else { return String::new() };
        let mut text = format!("**{}**\n\n| | {first} | least–most | × here |", self.title);
        let strawman = self.rows.iter().any(|row| row.to_strawman.is_some());
        if strawman {
            text.push_str(" × strawman |");
        }
        others.iter().for_each(|column| text.push_str(&format!(" {column} |")));
        let _ = writeln!(text, "\n|---{}|", "|---:".repeat(3 + usize::from(strawman) + others.len()));
        for row in &self.rows {
            let [first, others @ ..] = &row.figures[..] else { continue };
            let spread = first.map(|it| format!("{}–{}", number(it.least), number(it.most)));
            let ratio =
                |ratio: Option<Figure>| ratio.map_or("–".to_owned(), |it| format!("{:.2}", it.median));
            let _ = write!(
                text,
                "| {} | {} | {} | {} |",
                row.name,
                shown(*first),
                spread.unwrap_or_default(),
                ratio(row.to_ours)
            );
            if strawman {
                let _ = write!(text, " {} |", ratio(row.to_strawman));
            }
            others.iter().for_each(|figure| text.push_str(&format!(" {} |", shown(*figure))));
            text.push('\n');
        }
        text
    }

    pub fn json(&self) -> Value {
        let of = |figure: &Option<Figure>| {
            figure.map(|it| json!({ "median": it.median, "least": it.least, "most": it.most }))
        };
        let row = |row: &Row| {
            let figures =
                self.columns.iter().zip(&row.figures).map(|(name, it)| ((*name).to_owned(), json!(of(it))));
            json!({
                "name": row.name,
                "figures": Value::Object(figures.collect()),
                "ratio_to_ours": of(&row.to_ours),
                "ratio_to_strawman": of(&row.to_strawman),
            })
        };
        json!({ "title": self.title, "rows": self.rows.iter().map(row).collect::<Vec<_>>() })
    }
}

/// A column of one contender's rounds; what is not finite is what a round could not tell.
fn figure(rounds: &[Sample], column: &str) -> Option<Figure> {
    let values = rounds.iter().flatten().filter(|(name, value)| *name == column && value.is_finite());
    Figure::of(values.map(|(_, value)| *value))
}

fn shown(figure: Option<Figure>) -> String {
    figure.map_or("–".to_owned(), |it| number(it.median))
}

pub fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 1e6 => format!("{:.1} M", value / 1e6),
        size if size >= 1e4 => format!("{:.1} k", value / 1e3),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
