//! `cargo xtask bench`: what things cost. Rules: a figure comes from one command, which builds what it measures; the gate counts
//! instructions and times nothing; results are left in `target/bench`, and go into the docs only when told.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::failure::{Context, Failure};
use crate::state::workspace;
use crate::{gate, install, pages, run};

/// Where tables stand: the file, the mark's name, the table that `target/bench` has for it.
const PLACES: [(&str, &str, &str); 3] = [
    ("README.md", "bench", "readme.md"),
    ("docs/benchmarks.md", "pools", "pools.md"),
    ("docs/benchmarks.md", "core", "core.md"),
];

const NO_PART: &str = "`cargo xtask bench` takes core, pools, gate, baseline, --short, --docs";

/// Measures the parts that are named, core and pools if none is; `--short` only shows that it works, `--docs` puts the
/// tables into the docs.
pub fn bench(words: &[&str]) -> Result<(), Failure> {
    let flags = |flag: &str| words.contains(&flag);
    let (short, docs) = (flags("--short"), flags("--docs"));
    let mut parts: Vec<&str> = words.iter().copied().filter(|word| !word.starts_with("--")).collect();
    if words.iter().any(|word| word.starts_with("--") && !matches!(*word, "--short" | "--docs")) {
        return Err(Failure::new(NO_PART));
    }
    if short && docs {
        return Err(Failure::new("`--short` measures nothing that is fit for the docs").mend("leave one out"));
    }
    if parts.is_empty() {
        parts = vec!["core", "pools"];
    }
    for part in parts {
        match part {
            "core" => core(short)?,
            "pools" => pools(short)?,
            "gate" => instructions()?,
            "baseline" => counted("baseline", &[])?,
            _ => return Err(Failure::new(format!("`{part}` is no part of it: {NO_PART}"))),
        }
    }
    if docs { write() } else { Ok(()) }
}

/// The gate: what the inputs of the core, and an acquire and a release, cost in instructions; part of `cargo xtask test`.
pub(crate) fn instructions() -> Result<(), Failure> {
    counted("gate", &[])
}

fn core(short: bool) -> Result<(), Failure> {
    counted("core", if short { &["--short"] } else { &[] })
}

/// Runs `pool-bench`, alone in its build: features that tests switch on would be counted too.
fn counted(command: &str, more: &[&str]) -> Result<(), Failure> {
    install::valgrind()?;
    let mut bench = gate::cargo(&["run", "--quiet", "--release", "--package", "pool-bench", "--", command]);
    bench.arg(folder()?).args(more);
    run::show(&mut bench, "what inputs cost is not as it should be")
        .map_err(|failure| failure.mend("see above"))
}

/// Runs the other pools beside ours, in their own workspace.
fn pools(short: bool) -> Result<(), Failure> {
    let peers = workspace().join("crates/pool-bench/peers");
    let mut bench: Command = gate::cargo(&["run", "--quiet", "--release", "--locked", "--"]);
    bench.current_dir(peers).env("CARGO_TARGET_DIR", workspace().join("target/peers")).arg(folder()?);
    if short {
        bench.arg("--short");
    }
    run::show(&mut bench, "the pools could not be compared")
}

/// `target/bench`, made if it is not there.
fn folder() -> Result<PathBuf, Failure> {
    let folder = workspace().join("target").join("bench");
    fs::create_dir_all(&folder).context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

/// Puts the tables that were measured last between their marks.
fn write() -> Result<(), Failure> {
    for (file, name, table) in PLACES {
        let table = folder()?.join(table);
        let Ok(table) = fs::read_to_string(table) else { continue };
        pages::put(file, name, &table)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_part_is_named() {
        assert!(bench(&["luck"]).unwrap_err().to_string().contains("`luck`"));
        assert!(bench(&["--short", "--docs"]).unwrap_err().to_string().contains("fit for the docs"));
        assert!(bench(&["--fast"]).unwrap_err().to_string().contains("--short"));
    }
}
