//! `cargo xtask prove`: every engine at length, with what each has covered. Rules: a step that finds
//! something fails, and the others still run; the figures are what the engines said of themselves in
//! lines of the form `proved: engine=NAME key=number …`; lines `progress: 3/17` move the bar.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::{gate, pages, run};

/// How many times the usual length, if nobody says otherwise.
const TIMES: f64 = 20.0;

struct Step {
    name: &'static str,
    /// What it does, for the one who waits.
    what: &'static str,
    command: fn(f64) -> Command,
}

const STEPS: [Step; 5] = [
    Step {
        name: "engines",
        what: "random, simulated and exhaustive histories of the core",
        command: engines,
    },
    Step { name: "model", what: "interleavings of the driver's threads", command: model },
    Step { name: "planted", what: "ten bugs of other pools, planted into this one", command: planted },
    Step { name: "mutants", what: "every small change of core and driver", command: mutants },
    Step { name: "fuzz", what: "inputs that a fuzzer makes up", command: fuzz },
];

fn engines(times: f64) -> Command {
    let mut command = gate::cargo(&["test", "-q", "-p", "pool-world", "--test", "it", "--", "--nocapture"]);
    command.env("POOL_WORLD_TIMES", times.to_string());
    command
}

fn model(times: f64) -> Command {
    let mut command = gate::cargo(&["xtask", "model"]);
    command.env("POOL_MODEL_TIMES", times.to_string());
    command
}

fn planted(_: f64) -> Command {
    gate::cargo(&["xtask", "planted"])
}

fn mutants(_: f64) -> Command {
    gate::cargo(&["run", "-q", "-p", "pool-mutants"])
}

fn fuzz(times: f64) -> Command {
    let mut command = gate::cargo(&["xtask", "fuzz"]);
    command.arg((times * 6.0).ceil().to_string());
    command
}

/// What the engines have said: per engine, the sums by key, in the order in which they were first heard.
#[derive(Default)]
struct Covered {
    engines: Vec<(String, Vec<(String, f64)>)>,
}

impl Covered {
    fn hear(&mut self, line: &str) {
        let Some((_, words)) = line.split_once("proved: ") else { return };
        let pairs = words.split_whitespace().filter_map(|word| word.split_once('='));
        let pairs: BTreeMap<&str, &str> = pairs.collect();
        let Some(engine) = pairs.get("engine") else { return };
        let place = self.engines.iter().position(|(name, _)| name == engine).unwrap_or_else(|| {
            self.engines.push(((*engine).to_owned(), Vec::new()));
            self.engines.len() - 1
        });
        let sums = &mut self.engines[place].1;
        for (key, value) in pairs.into_iter().filter(|(key, _)| *key != "engine") {
            let Ok(value) = value.parse::<f64>() else { continue };
            match sums.iter_mut().find(|(name, _)| name == key) {
                Some((_, sum)) => *sum += value,
                None => sums.push((key.to_owned(), value)),
            }
        }
    }

    /// The table, as Markdown.
    fn table(&self) -> String {
        let mut text = String::from("| engine | covered | time |\n|---|---|---|\n");
        for (engine, sums) in &self.engines {
            let counts = sums.iter().filter(|(key, _)| key != "seconds");
            let counts: Vec<_> = counts.map(|(key, sum)| format!("{} {key}", thousands(*sum))).collect();
            let seconds = sums.iter().find(|(key, _)| key == "seconds");
            let time = seconds.map_or(String::new(), |(_, seconds)| clock(Duration::from_secs_f64(*seconds)));
            let _ = writeln!(
                text,
                "| {} | {} | {time} |",
                engine.replace('_', " "),
                counts.join(", ").replace('_', " ")
            );
        }
        text
    }
}

/// Runs every step, or those that are named; `times` the usual length. With `readme`, the table goes there.
pub fn prove(words: &[&str]) -> Result<(), Failure> {
    let (mut times, mut readme, mut chosen) = (TIMES, false, Vec::new());
    let mut words = words.iter();
    while let Some(&word) = words.next() {
        match word {
            "--times" => times = number(words.next().copied().unwrap_or_default())?,
            "--readme" => readme = true,
            name if STEPS.iter().any(|step| step.name == name) => chosen.push(name),
            other => {
                let names = STEPS.map(|step| step.name).join(", ");
                return Err(Failure::new(format!("`{other}` is no step of the proof: it has {names}")));
            }
        }
    }
    let steps: Vec<&Step> =
        STEPS.iter().filter(|step| chosen.is_empty() || chosen.contains(&step.name)).collect();
    let (mut covered, mut failed) = (Covered::default(), Vec::new());
    for (number, step) in steps.iter().enumerate() {
        if let Err(failure) = step.run((number + 1, steps.len()), times, &mut covered) {
            eprintln!("{failure}");
            failed.push(step.name);
        }
    }
    let table = covered.table();
    println!("\n{table}");
    if !failed.is_empty() {
        return Err(Failure::new(format!("not proved: {}", failed.join(", "))));
    }
    if readme { pages::put("README.md", "prove", &format!("\n{table}")) } else { Ok(()) }
}

fn number(word: &str) -> Result<f64, Failure> {
    match word.parse() {
        Ok(times) if times > 0.0 => Ok(times),
        _ => Err(Failure::new(format!("`--times {word}`: it takes a number above 0, such as 20 or 0.5"))),
    }
}

impl Step {
    fn run(&self, place: (usize, usize), times: f64, covered: &mut Covered) -> Result<(), Failure> {
        let mut bar = Bar::new(format!("{}/{} {}: {}", place.0, place.1, self.name, self.what));
        let before = covered.engines.len();
        let mut command = (self.command)(times);
        let done = run::listen(&mut command, self.name, |line| {
            covered.hear(line);
            bar.hear(line);
        });
        bar.end(done.is_ok());
        done?;
        if covered.engines.len() == before {
            let failure = Failure::new(format!("{} has not said what it covered", self.name));
            return Err(failure.command(run::line(&command)));
        }
        Ok(())
    }
}

/// One line that moves, on a terminal; two that stay, elsewhere.
struct Bar {
    title: String,
    start: Instant,
    done: usize,
    of: usize,
}

impl Bar {
    fn new(title: String) -> Bar {
        let bar = Bar { title, start: Instant::now(), done: 0, of: 0 };
        if std::io::stderr().is_terminal() {
            bar.draw()
        } else {
            eprintln!("{}", bar.title)
        }
        bar
    }

    /// A `progress: 3/17` of the engine, or a test of libtest that has ended.
    fn hear(&mut self, line: &str) {
        if let Some((done, of)) = line.strip_prefix("progress: ").and_then(|text| text.split_once('/')) {
            (self.done, self.of) = (done.parse().unwrap_or(0), of.trim().parse().unwrap_or(0));
        } else if let Some(of) = line.strip_prefix("running ").and_then(|text| text.strip_suffix(" tests")) {
            (self.done, self.of) = (0, of.parse().unwrap_or(0));
        } else if line.contains("proved: ") {
            self.done += 1;
        }
        if std::io::stderr().is_terminal() {
            self.draw();
        }
    }

    fn draw(&self) {
        const WIDTH: usize = 24;
        let full = (WIDTH * self.done).checked_div(self.of).unwrap_or(0).min(WIDTH);
        let (done, rest) = ("█".repeat(full), "░".repeat(WIDTH - full));
        eprint!("\r\x1b[2K{done}{rest} {} {}", clock(self.start.elapsed()), self.title);
        let _ = std::io::stderr().flush();
    }

    fn end(&self, passed: bool) {
        let start = if std::io::stderr().is_terminal() { "\r\x1b[2K" } else { "" };
        let verdict = if passed { "passed" } else { "FAILED" };
        eprintln!("{start}{}: {verdict} in {}", self.title, clock(self.start.elapsed()));
    }
}

/// `1234567.0` is `1,234,567`.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_engines_say_is_summed_and_told() {
        let mut covered = Covered::default();
        covered.hear("test a ... proved: engine=simulator seeds=100 steps=2500000 seconds=61.5");
        covered.hear("proved: engine=simulator seeds=100 steps=2500001 seconds=10");
        covered.hear("proved: engine=mutants missed=0");
        covered.hear("nothing of note");
        let table = covered.table();
        assert!(table.contains("| simulator | 200 seeds, 5,000,001 steps | 1 min 11 s |"), "{table}");
        assert!(table.contains("| mutants | 0 missed |  |"), "{table}");
    }

    #[test]
    fn a_length_is_a_number_above_zero() {
        assert!(number("0.5").is_ok());
        for wrong in ["", "0", "-1", "many", "NaN"] {
            let text = number(wrong).unwrap_err().to_string();
            assert!(text.contains(&format!("`--times {wrong}`")), "{text}");
        }
    }

    #[test]
    fn an_unknown_step_is_named() {
        let text = prove(&["faith"]).unwrap_err().to_string();
        assert!(text.contains("`faith`") && text.contains("engines, model"), "{text}");
    }
}
