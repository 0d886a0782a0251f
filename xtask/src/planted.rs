//! `cargo xtask planted`: known bugs of other pools, planted into this one, and which engine finds each. Rules: each engine runs at
//! its ordinary length; a bug that no engine finds is a failure; what the table says was seen in this run.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::Command;
use std::time::Instant;

use crate::failure::Failure;
use crate::{gate, pages, run};

/// The programs that have engines in them: package and test.
const PROGRAMS: [[&str; 2]; 2] = [["pool-world", "it"], ["pool-async", "model"]];

/// Which engines find which bugs, each pair tried; with `--docs` the table goes into `docs/planted.md`.
pub fn planted(words: &[&str]) -> Result<(), Failure> {
    let docs = match words {
        [] => false,
        ["--docs"] => true,
        _ => return Err(Failure::new("`cargo xtask planted` takes --docs or nothing")),
    };
    let (start, mut table) = (Instant::now(), Table::default());
    for mut program in commands() {
        program.args(["--", "--nocapture", "planted::"]).env("POOL_PLANTED_TABLE", "1");
        run::listen(&mut program, "planted", |line| {
            let before = table.caught();
            if table.hear(line) && table.caught() > before {
                println!("progress: {}/10", table.caught());
            }
        })?;
    }
    println!("\n{}", table.text());
    let seconds = start.elapsed().as_secs_f64();
    println!("proved: engine=planted_bugs caught={} seconds={seconds:.1}", table.caught());
    if docs { pages::put("docs/planted.md", "planted", &table.text()) } else { Ok(()) }
}

/// The tests that plant the bugs, each until one engine has found it: what `cargo xtask test` runs.
pub(crate) fn tests() -> [Command; 2] {
    commands().map(|mut program| {
        program.args(["--", "planted::"]);
        program
    })
}

/// The model checker is in this build too, for the bugs that a driver can have.
fn commands() -> [Command; 2] {
    PROGRAMS.map(|[package, test]| {
        gate::with_cfgs(
            &["loom", "planted"],
            &["test", "--profile", "planted", "--package", package, "--test", test],
        )
    })
}

#[derive(Default)]
struct Table {
    engines: Vec<String>,
    bugs: Vec<Row>,
}

/// A bug, where it is from, and what each engine that was tried has found.
struct Row {
    bug: String,
    issue: String,
    finds: Vec<(String, Option<String>)>,
}

impl Table {
    /// A `caught: …` or `missed: …`; whether it was one.
    fn hear(&mut self, line: &str) -> bool {
        let Some((verdict, words)) = line.split_once(": ") else { return false };
        let word = |name: &str| {
            let pairs = words.split(' ').filter_map(|word| word.split_once('='));
            pairs.into_iter().find(|pair| pair.0 == name).map(|pair| pair.1.to_owned()).unwrap_or_default()
        };
        let find = match verdict {
            "caught" => Some(format!("{}, {} steps, {} s", word("by"), word("steps"), word("seconds"))),
            "missed" => None,
            _ => return false,
        };
        let (bug, engine) = (word("bug"), word("engine"));
        if !self.engines.contains(&engine) {
            self.engines.push(engine.clone());
        }
        if self.bugs.last().is_none_or(|row| row.bug != bug) {
            self.bugs.push(Row { bug, issue: word("issue"), finds: Vec::new() });
        }
        if let Some(row) = self.bugs.last_mut() {
            row.finds.push((engine, find));
        }
        true
    }

    fn caught(&self) -> usize {
        let caught = |row: &&Row| row.finds.iter().any(|find| find.1.is_some());
        self.bugs.iter().filter(caught).map(|row| &row.bug).collect::<BTreeSet<_>>().len()
    }

    /// As Markdown.
    fn text(&self) -> String {
        let mut text = format!("| bug | found in | {} |\n|---|---|", self.engines.join(" | "));
        text.push_str(&"---|".repeat(self.engines.len()));
        for row in &self.bugs {
            let _ = write!(text, "\n| `{}` | {} |", row.bug, row.issue);
            for engine in &self.engines {
                let cell = match row.finds.iter().find(|find| find.0 == *engine) {
                    Some((_, Some(find))) => find,
                    Some((_, None)) => "–",
                    None => "",
                };
                let _ = write!(text, " {cell} |");
            }
        }
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_engines_say_becomes_a_table() {
        let mut table = Table::default();
        assert!(!table.hear("running 1 test"));
        assert!(table.hear("missed: bug=A issue=x/y#1 engine=stories seconds=0.1"));
        assert!(table.hear("caught: bug=A issue=x/y#1 engine=exact by=I16 steps=12 seconds=0.02"));
        assert!(table.hear("caught: bug=B issue=x/y#2 engine=model by=deadlock steps=3 seconds=0.5"));
        assert_eq!(table.caught(), 2);
        let expected = [
            "| bug | found in | stories | exact | model |",
            "|---|---|---|---|---|",
            "| `A` | x/y#1 | – | I16, 12 steps, 0.02 s |  |",
            "| `B` | x/y#2 |  |  | deadlock, 3 steps, 0.5 s |",
        ];
        assert_eq!(table.text().lines().collect::<Vec<_>>(), expected);
    }
}
