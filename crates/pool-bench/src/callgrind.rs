//! Instructions per call of an input, counted by callgrind: exact, and the same on a busy machine. What is counted is everything
//! between the call and its return, by the calls that callgrind writes down; so what comes before and after does not matter.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Calls and instructions, by the input's name.
pub type Counts = BTreeMap<String, Count>;

/// What callgrind has seen of one function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How often it was called.
    pub calls: u64,
    /// Instructions in all its calls, with what those called.
    pub instructions: u64,
}

impl Count {
    /// Instructions per call.
    pub fn per_call(self) -> f64 {
        self.instructions as f64 / self.calls as f64
    }
}

/// Runs this program under callgrind with `arguments`, and reads what its inputs took. `folder` is for the profile.
///
/// # Errors
///
/// When valgrind cannot be run or fails, with what it said.
pub fn count(arguments: &[String], folder: &Path) -> Result<Counts, String> {
    let program = std::env::current_exe().map_err(|error| format!("this program has no path: {error}"))?;
    let profile = folder.join(format!("callgrind-{}-{}", std::process::id(), arguments.join("-")));
    fs::create_dir_all(folder).map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--tool=callgrind", "--compress-strings=no", "--compress-pos=no"])
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(program)
        .args(arguments)
        .stdin(Stdio::null());
    let output = valgrind.output().map_err(|error| format!("valgrind cannot be run: {error}"))?;
    if !output.status.success() {
        return Err(format!("valgrind: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)));
    }
    let text = fs::read_to_string(&profile)
        .map_err(|error| format!("valgrind left no {}: {error}", profile.display()))?;
    let _ = fs::remove_file(&profile);
    Ok(parse(&text))
}

/// The calls into `inputs` of an uncompressed profile.
fn parse(profile: &str) -> Counts {
    const INPUTS: &str = "cfn=pool_bench::inputs::";
    let mut counts = Counts::new();
    let mut callee: Option<&str> = None;
    let mut lines = profile.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("cfn=") {
            callee = line.strip_prefix(INPUTS);
        } else if let Some(calls) = line.strip_prefix("calls=") {
            let cost = lines.next().unwrap_or_default();
            if let Some(name) = callee.take() {
                let count = counts.entry(name.to_owned()).or_default();
                count.calls += number(calls.split(' ').next());
                count.instructions += number(cost.split(' ').nth(1));
            }
        }
    }
    counts
}

fn number(word: Option<&str>) -> u64 {
    word.and_then(|word| word.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_into_the_inputs_are_summed() {
        let profile = "fn=pool_bench::cycles::idle\n12 5\ncfi=a.rs\ncfn=pool_bench::inputs::acquire\ncalls=10 0\n0 1200\n\
                       cfn=core::ptr::drop\ncalls=3 0\n0 77\nfn=pool_bench::inputs::acquire\n9 40\n\
                       fn=other\ncfn=pool_bench::inputs::acquire\ncalls=2 0\n0 300\n";
        let counts = parse(profile);
        assert_eq!(counts.len(), 1);
        assert_eq!(counts["acquire"], Count { calls: 12, instructions: 1500 });
        assert_eq!(counts["acquire"].per_call(), 125.0);
    }
}
