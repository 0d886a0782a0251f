//! The gate: what an input may cost. The baseline is a file of lines `input instructions` under the compiler that it is for; an
//! input that has grown by more than [`GROWTH_MAX`] fails, and so does one that the file does not know. Whoever means to pay more
//! writes the file anew, and says in the commit what it buys.

use std::fmt::Write as _;

use crate::callgrind::Counts;

/// How much an input may have grown: 3 %.
pub const GROWTH_MAX: f64 = 1.03;

/// What inputs cost with one compiler, on one kind of machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// Its release and its host, such as `1.95.0 x86_64-unknown-linux-gnu`.
    pub compiler: String,
    inputs: Vec<(String, f64)>,
}

/// What comparing has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// A line per input.
    pub lines: Vec<String>,
    /// What is wrong, a line each.
    pub problems: Vec<String>,
}

impl Baseline {
    /// What was counted, to be written down.
    pub fn new(compiler: String, counts: &Counts) -> Baseline {
        let inputs = counts.iter().map(|(name, count)| (name.clone(), count.per_call())).collect();
        Baseline { compiler, inputs }
    }

    /// Reads the file.
    ///
    /// # Errors
    ///
    /// The first line that is none of it.
    pub fn parse(text: &str) -> Result<Baseline, String> {
        let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let compiler = lines.next().and_then(|line| line.strip_prefix("rustc "));
        let compiler = compiler.ok_or("it does not begin with `rustc RELEASE HOST`")?.to_owned();
        let input = |line: &str| {
            let (name, cost) = line.split_once(' ')?;
            Some((name.to_owned(), cost.trim().parse().ok().filter(|cost: &f64| *cost > 0.0)?))
        };
        let inputs = lines.map(|line| input(line).ok_or(format!("`{line}` is not `input instructions`")));
        Ok(Baseline { compiler, inputs: inputs.collect::<Result<_, _>>()? })
    }

    /// The file.
    pub fn render(&self) -> String {
        let mut text = String::from(
            "# Instructions per call of each input, by callgrind. `cargo xtask bench gate` fails where one grows by more than 3 %.\n\
             # To raise it: `cargo xtask bench baseline`, and say in the commit what the cost buys.\n",
        );
        let _ = writeln!(text, "rustc {}", self.compiler);
        for (name, cost) in &self.inputs {
            let _ = writeln!(text, "{name} {cost:.1}");
        }
        text
    }

    /// Compares what was counted with what it may be.
    pub fn compare(&self, counts: &Counts) -> Verdict {
        let mut verdict = Verdict { lines: Vec::new(), problems: Vec::new() };
        for (name, count) in counts {
            let now = count.per_call();
            let Some((_, then)) = self.inputs.iter().find(|(known, _)| known == name) else {
                verdict
                    .problems
                    .push(format!("{name} takes {now:.1} instructions, and the baseline does not know it"));
                continue;
            };
            let ratio = now / then;
            verdict.lines.push(format!("{name:20} {now:8.1} of {then:8.1}  {:+.1} %", (ratio - 1.0) * 100.0));
            if ratio > GROWTH_MAX {
                verdict.problems.push(format!(
                    "{name} has grown from {then:.1} to {now:.1} instructions ({:+.1} %, allowed are 3 %)",
                    (ratio - 1.0) * 100.0
                ));
            }
        }
        for (name, _) in self.inputs.iter().filter(|(name, _)| !counts.contains_key(name)) {
            verdict.problems.push(format!("{name} is in the baseline, and was not counted"));
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callgrind::Count;

    fn counts(acquire: u64) -> Counts {
        Counts::from([("acquire".to_owned(), Count { calls: 10, instructions: acquire })])
    }

    #[test]
    fn growth_beyond_three_percent_fails_and_shrinking_does_not() {
        let baseline = Baseline::parse("# why\nrustc 1.95.0 here\nacquire 100.0\n").unwrap();
        assert_eq!(baseline.compare(&counts(1029)).problems, Vec::<String>::new());
        assert_eq!(baseline.compare(&counts(500)).problems, Vec::<String>::new());
        let problems = baseline.compare(&counts(1031)).problems;
        assert_eq!(
            problems,
            ["acquire has grown from 100.0 to 103.1 instructions (+3.1 %, allowed are 3 %)"]
        );
    }

    #[test]
    fn what_is_missing_on_either_side_fails() {
        let baseline = Baseline::parse("rustc 1.95.0 here\nclaim 90\n").unwrap();
        assert_eq!(baseline.compare(&counts(1000)).problems.len(), 2);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let baseline = Baseline::new("1.95.0 here".to_owned(), &counts(1234));
        assert_eq!(Baseline::parse(&baseline.render()), Ok(baseline));
        for wrong in ["", "acquire 3", "rustc 1\nacquire", "rustc 1\nacquire 0", "rustc 1\nacquire x"] {
            assert!(Baseline::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
