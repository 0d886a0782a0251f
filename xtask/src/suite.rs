//! `cargo xtask test`: the whole suite against real servers. Rules: the servers are there before the
//! first test runs, or the command fails; a run in which no test ran has failed; the last line is the
//! total over all test binaries. When the whole suite runs, so do the driver's races under the model checker, the engines over
//! planted bugs, and the gate of instructions before that line.

use std::fmt;
use std::process::Command;

use crate::failure::Failure;
use crate::pair::Pair;
use crate::{bench, gate, planted, run};

/// The counts of one `test result:` line, or the sum of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Total {
    passed: u64,
    failed: u64,
    skipped: u64,
}

/// Sets up the servers, runs every test of the workspace (or what the arguments for `cargo test` choose
/// instead), prints `N passed, N failed`.
pub fn test(chosen: &[&str]) -> Result<(), Failure> {
    println!("{}", Pair::setup()?.describe());
    let mut total = Total::default();
    let mut tests = gate::cargo(&["test", "--no-fail-fast"]);
    tests.args(if chosen.is_empty() { &["--workspace"] } else { chosen });
    let outcome = run(&mut tests, &mut total);
    let races = if chosen.is_empty() { run(&mut races(), &mut total) } else { Ok(()) };
    let bugs = if chosen.is_empty() { bugs(&mut total) } else { Ok(()) };
    let instructions = if chosen.is_empty() { bench::instructions() } else { Ok(()) };
    println!("{total}");
    outcome?;
    races?;
    bugs?;
    instructions?;
    if total.passed == 0 {
        return Err(Failure::new("no test ran").command(run::line(&tests)));
    }
    Ok(())
}

/// Runs the driver's races alone, and shows what they have covered.
pub fn model() -> Result<(), Failure> {
    let mut total = Total::default();
    let mut races = races();
    run(races.args(["--", "--nocapture"]), &mut total)?;
    if total.passed == 0 { Err(Failure::new("no race ran").command(run::line(&races))) } else { Ok(()) }
}

/// Known bugs, planted on purpose, have to be found.
fn bugs(total: &mut Total) -> Result<(), Failure> {
    planted::tests().iter_mut().try_for_each(|tests| run(tests, total))
}

fn races() -> Command {
    gate::under_loom(&["test", "--no-fail-fast"])
}

fn run(tests: &mut Command, total: &mut Total) -> Result<(), Failure> {
    run::watch(tests, "the tests failed", |line| {
        if let Some(more) = Total::parse(line) {
            total.passed += more.passed;
            total.failed += more.failed;
            total.skipped += more.skipped;
        }
    })
}

impl Total {
    /// Reads libtest's `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
    fn parse(line: &str) -> Option<Total> {
        let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let mut total = Total::default();
        for count in counts.split("; ") {
            let (number, word) = count.split_once(' ')?;
            let field = match word {
                "passed" => &mut total.passed,
                "failed" => &mut total.failed,
                "ignored" => &mut total.skipped,
                _ => continue,
            };
            *field = number.parse().ok()?;
        }
        Some(total)
    }
}

impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 { write!(f, ", {} skipped", self.skipped) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_libtests_closing_lines_and_no_others() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.00s";
        let total = Total::parse(line).unwrap();
        assert_eq!(total, Total { passed: 12, failed: 3, skipped: 1 });
        assert_eq!(total.to_string(), "12 passed, 3 failed, 1 skipped");
        assert_eq!(Total::parse("test result_parser ... ok"), None);
        assert_eq!(Total { skipped: 0, ..total }.to_string(), "12 passed, 3 failed");
    }

    #[test]
    fn a_failed_run_still_counts_what_it_said() {
        let mut total = Total::default();
        let mut tests = Command::new("sh");
        tests.args(["-c", "echo 'test result: ok. 2 passed; 0 failed; 0 ignored'; exit 101"]);
        run(&mut tests, &mut total).expect_err("the exit status counts, whatever was printed");
        assert_eq!(total.passed, 2);
    }
}
