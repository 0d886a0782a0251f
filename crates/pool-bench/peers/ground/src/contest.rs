//! A contest: the same work for every contender, in rounds; in each, everyone has a turn, and the order moves on by one. Ratios are
//! taken within a round; what is told is the median over the rounds, with the least and the most.

use std::fmt::Write as _;
use std::path::Path;
use std::thread;

use pool_bench::median::Figure;
use serde_json::{Map, Value, json};

/// What a turn gives: figures by name. The first is what contenders are compared by; what is not finite, the turn could not tell.
pub type Sample = Vec<(&'static str, f64)>;

type Play<P> = Box<dyn FnMut(P) -> Sample + Send>;

/// Contenders for the same work, of which each turn gets a plan.
pub struct Contest<P> {
    title: String,
    entries: Vec<(&'static str, Play<P>)>,
    bases: Vec<Base>,
}

/// A contender that all are compared with, and how a table calls that.
type Base = (&'static str, &'static str);

impl<P: Copy + Send> Contest<P> {
    pub fn new(title: impl Into<String>) -> Self {
        Contest { title: title.into(), entries: Vec::new(), bases: Vec::new() }
    }

    /// Adds a column, called `× label`, with the ratio to this contender.
    pub fn beside(mut self, name: &'static str, label: &'static str) -> Self {
        self.bases.push((name, label));
        self
    }

    pub fn entry(mut self, name: &'static str, play: impl FnMut(P) -> Sample + Send + 'static) -> Self {
        self.entries.push((name, Box::new(play)));
        self
    }

    pub fn title(&self) -> &str {
        &self.title
    }

    /// One after the other: each has the machine to itself.
    pub fn run(mut self, rounds: usize, plan: P) -> Board {
        let count = self.entries.len();
        let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); count];
        eprint!("{}:", self.title);
        for round in 0..rounds {
            for turn in 0..count {
                let place = (round + turn) % count;
                let (_, play) = &mut self.entries[place];
                samples[place].push(play(plan));
            }
            eprint!(" {}", round + 1);
        }
        eprintln!();
        self.board(samples)
    }

    /// All at once: for work that waits most of its time, and would take too long in turns.
    pub fn run_together(mut self, rounds: usize, plan: P) -> Board {
        let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); self.entries.len()];
        eprint!("{}:", self.title);
        for round in 0..rounds {
            thread::scope(|scope| {
                for ((_, play), samples) in self.entries.iter_mut().zip(&mut samples) {
                    scope.spawn(move || samples.push(play(plan)));
                }
            });
            eprint!(" {}", round + 1);
        }
        eprintln!();
        self.board(samples)
    }

    fn board(self, samples: Vec<Vec<Sample>>) -> Board {
        let names = self.entries.iter().map(|(name, _)| *name);
        Board::new(self.title, &self.bases, &names.zip(samples).collect::<Vec<_>>())
    }
}

/// The figures of a contest.
pub struct Board {
    title: String,
    columns: Vec<&'static str>,
    /// Whom all are compared with in the first place.
    base: Option<&'static str>,
    labels: Vec<&'static str>,
    rows: Vec<Row>,
}

struct Row {
    name: &'static str,
    figures: Vec<Option<Figure>>,
    /// As the labels.
    ratios: Vec<Option<Figure>>,
}

impl Board {
    fn new(title: String, bases: &[Base], samples: &[(&'static str, Vec<Sample>)]) -> Board {
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
        let base = bases.first().map(|(name, _)| *name);
        let bases = bases.iter().filter_map(|(name, label)| Some((*label, firsts(name)?)));
        let (labels, bases): (Vec<_>, Vec<_>) = bases.unzip();
        let rows = samples.iter().map(|(name, rounds)| {
            let ratio = |base: &Vec<f64>| {
                let ratios = rounds.iter().zip(base).map(|(sample, base)| sample[0].1 / base);
                Figure::of(ratios.filter(|ratio| ratio.is_finite()))
            };
            Row {
                name,
                figures: columns.iter().map(|column| figure(rounds, column)).collect(),
                ratios: bases.iter().map(ratio).collect(),
            }
        });
        let rows = rows.collect();
        Board { title, columns, base, labels, rows }
    }

    pub fn title(&self) -> &str {
        &self.title
    }

    /// The contender that all are compared with in the first place.
    pub fn base(&self) -> Option<&'static str> {
        self.base
    }

    /// The contenders, in the order of the table.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.rows.iter().map(|row| row.name)
    }

    /// The names of the figures.
    pub fn columns(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().copied()
    }

    /// One figure of a contender.
    pub fn figure(&self, name: &str, column: &str) -> Option<f64> {
        let place = self.columns.iter().position(|it| *it == column)?;
        Some(self.row(name)?.figures[place]?.median)
    }

    /// The first figure of a contender, and its ratio to the first base.
    pub fn first(&self, name: &str) -> Option<(f64, f64)> {
        let row = self.row(name)?;
        Some((row.figures.first()?.as_ref()?.median, row.ratios.first()?.as_ref()?.median))
    }

    fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }

    pub fn table(&self) -> String {
        let [first, others @ ..] = &self.columns[..] else { return String::new() };
        let mut text = format!("**{}**\n\n| | {first} | least–most |", self.title);
        self.labels.iter().for_each(|label| text.push_str(&format!(" × {label} |")));
        others.iter().for_each(|column| text.push_str(&format!(" {column} |")));
        let _ = writeln!(text, "\n|---{}|", "|---:".repeat(2 + self.labels.len() + others.len()));
        for row in &self.rows {
            let [first, others @ ..] = &row.figures[..] else { continue };
            let spread = first.map(|it| format!("{}–{}", number(it.least), number(it.most)));
            let _ = write!(text, "| {} | {} | {} |", row.name, shown(*first), spread.unwrap_or_default());
            for ratio in &row.ratios {
                let ratio = ratio.map_or("–".to_owned(), |it| format!("{:.2}", it.median));
                let _ = write!(text, " {ratio} |");
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
        let named = |names: &[&str], figures: &[Option<Figure>]| -> Map<String, Value> {
            names.iter().zip(figures).map(|(name, it)| ((*name).to_owned(), json!(of(it)))).collect()
        };
        let row = |row: &Row| {
            json!({
                "name": row.name,
                "figures": named(&self.columns, &row.figures),
                "ratios_to": named(&self.labels, &row.ratios),
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
        0.0 => "0".to_owned(),
        size if size >= 1e6 => format!("{:.1} M", value / 1e6),
        size if size >= 1e4 => format!("{:.1} k", value / 1e3),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// Leaves the boards as `NAME.json` and the text, which has their tables, as `NAME.md` in the folder.
pub fn leave(folder: &Path, name: &str, rounds: usize, boards: &[Board], text: &str) -> std::io::Result<()> {
    let contests: Vec<Value> = boards.iter().map(Board::json).collect();
    let json = json!({ "rounds": rounds, "contests": contests });
    std::fs::write(folder.join(format!("{name}.json")), format!("{json:#}\n"))?;
    std::fs::write(folder.join(format!("{name}.md")), text)
}
