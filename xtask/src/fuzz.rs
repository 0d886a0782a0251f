//! `cargo xtask fuzz [SECONDS]`: every fuzzer for so long, from the corpus on, and what each has covered. Rules: the corpus is
//! read and not written, what is found goes to `fuzz/target/found`; the first crash fails, with what mends it.

use std::fs;
use std::process::Command;

use crate::failure::{Context, Failure};
use crate::state::workspace;
use crate::{gate, run};

/// How long each target runs, if nobody says otherwise.
const SECONDS: u32 = 60;
/// The longest input: a history of some 250 steps.
const MAX_LEN: u32 = 1024;
/// The targets whose bytes are texts have words.
const WITH_WORDS: [&str; 3] = ["config", "errors", "query"];

/// Runs every target.
pub fn fuzz(words: &[&str]) -> Result<(), Failure> {
    let seconds = match words {
        [] => SECONDS,
        [seconds] => {
            let refused = |_| Failure::new(format!("`{seconds}` is no number of seconds"));
            seconds.parse().map_err(refused)?
        }
        _ => return Err(Failure::new("fuzz takes one number, the seconds for each target")),
    };
    look_for_tools()?;
    let list = run::capture(&mut cargo_fuzz(&["list"]), "the fuzzers cannot be listed")?;
    run::show(&mut cargo_fuzz(&["build", "-s", "none"]), "the fuzzers cannot be built")?;
    let targets: Vec<&str> = list.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    for (n, target) in targets.iter().enumerate() {
        println!("progress: {n}/{}", targets.len());
        one(target, seconds)?;
    }
    Ok(())
}

/// Says which of the three things that fuzzing needs is not there. The tests need none of them: they replay the corpus on stable.
fn look_for_tools() -> Result<(), Failure> {
    let missing = |what: &str, mend: &str| Err(Failure::new(format!("fuzzing needs {what}")).mend(mend));
    if !run::succeeds(&mut nightly(&["--version"])) {
        return missing("a nightly compiler", "rustup toolchain install nightly");
    }
    if !run::succeeds(&mut cargo_fuzz(&["--version"])) {
        return missing("cargo-fuzz", "cargo install cargo-fuzz --locked");
    }
    if !["c++", "g++", "clang++"].into_iter().any(run::on_path) {
        return missing("a C++ compiler, for libFuzzer", "apt-get install g++");
    }
    Ok(())
}

/// Cargo of the nightly toolchain.
fn nightly(arguments: &[&str]) -> Command {
    let mut command = gate::cargo(&["+nightly"]);
    // The cargo that runs us has set the toolchain for its children.
    command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO").args(arguments);
    command
}

fn cargo_fuzz(arguments: &[&str]) -> Command {
    // There is no unsafe code for a sanitizer to look at, and without one it is several times faster.
    let mut command = nightly(&["fuzz"]);
    command.args(arguments);
    command
}

fn one(target: &str, seconds: u32) -> Result<(), Failure> {
    let found = workspace().join("fuzz/target/found").join(target);
    fs::create_dir_all(&found).context(|| format!("cannot make {}", found.display()))?;
    let mut command = cargo_fuzz(&["run", "-s", "none", target]);
    command.arg(&found).arg(format!("fuzz/corpus/{target}")).arg("--");
    command.args([format!("-max_total_time={seconds}"), format!("-max_len={MAX_LEN}")]);
    command.arg("-print_final_stats=1");
    if WITH_WORDS.contains(&target) {
        command.arg("-dict=fuzz/words.dict");
    }
    // libFuzzer talks on standard error.
    let output = command.output().context(|| format!("cannot run {}", run::line(&command)))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let end: Vec<&str> =
            said.lines().filter(|line| line.contains("panicked") || line.contains("Test unit")).collect();
        return Err(Failure::new(format!("the fuzzer {target} has found something"))
            .command(run::line(&command))
            .said(&end.join("\n"))
            .mend("fuzz/README.md says how a crash becomes a test"));
    }
    let (inputs, edges) = (last(&said, "stat::number_of_executed_units:"), last(&said, "cov:"));
    println!("proved: engine=fuzz-{target} inputs={inputs} edges={edges} seconds={seconds}");
    Ok(())
}

/// The number after the last `word`.
fn last(said: &str, word: &str) -> u64 {
    let after = said.rsplit_once(word).map_or("", |(_, after)| after);
    after.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}
