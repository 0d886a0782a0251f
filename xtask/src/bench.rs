//! `cargo xtask bench`: what things cost. Rules: a figure comes from one command, which builds what it measures; the gate counts
//! instructions and times nothing; results are left in `target/bench`, and go into the docs only when told.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::failure::{Context, Failure};
use crate::pair::Pair;
use crate::postgrest::Limits;
use crate::state::workspace;
use crate::{gate, install, pages, run};

/// Where tables stand: the part that makes them, the file, the mark's name, the table that `target/bench` has for it.
const PLACES: [(&str, &str, &str, &str); 7] = [
    ("pools", "README.md", "bench", "readme.md"),
    ("http", "README.md", "bench-http", "http-readme.md"),
    ("faults", "README.md", "bench-faults", "faults-readme.md"),
    ("pools", "docs/benchmarks.md", "pools", "pools.md"),
    ("core", "docs/benchmarks.md", "core", "core.md"),
    ("http", "docs/benchmarks.md", "http", "http.md"),
    ("faults", "docs/benchmarks.md", "faults", "faults.md"),
];

const NO_PART: &str = "`cargo xtask bench` takes core, pools, http, faults, gate, baseline, --short, --docs";

/// What PostgREST has in the scenario where it is saturated: the connections of a hosted project, and a patience that its callers outlast.
const SATURATED: Limits = Limits { connections: 10, acquisition_timeout: 1 };

/// Measures the parts that are named, all but the gate if none is; `--short` only shows that it works, `--docs` puts
/// their tables into the docs.
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
        parts = vec!["core", "pools", "http", "faults"];
    }
    for &part in &parts {
        match part {
            "core" => core(short)?,
            "pools" => peers("peers", &[], short)?,
            "http" => peers("peers-http", &["http"], short)?,
            "faults" => faults(short)?,
            "gate" => instructions()?,
            "baseline" => counted("baseline", false)?,
            _ => return Err(Failure::new(format!("`{part}` is no part of it: {NO_PART}"))),
        }
    }
    if docs { write(&parts) } else { Ok(()) }
}

/// The gate: what the inputs of the core, and an acquire and a release, cost in instructions; part of `cargo xtask test`.
pub(crate) fn instructions() -> Result<(), Failure> {
    counted("gate", false)
}

fn core(short: bool) -> Result<(), Failure> {
    counted("core", short)
}

/// Runs `pool-bench`, alone in its build: features that tests switch on would be counted too.
fn counted(command: &str, short: bool) -> Result<(), Failure> {
    install::valgrind()?;
    let mut bench = gate::cargo(&["run", "--quiet", "--release", "--package", "pool-bench", "--", command]);
    bench.arg(folder(short)?).args(short.then_some("--short"));
    run::show(&mut bench, "what inputs cost is not as it should be")
        .map_err(|failure| failure.mend("see above"))
}

/// Runs others beside ours, in their own workspace.
fn peers(package: &str, words: &[&str], short: bool) -> Result<(), Failure> {
    compare(&mut comparison(package, words, short)?)
}

/// Runs the scenarios with faults, one of them with a PostgREST of its own.
fn faults(short: bool) -> Result<(), Failure> {
    Pair::setup()?;
    let pair = Pair::own_with(SATURATED)?;
    let mut bench = comparison("peers-http", &["faults"], short)?;
    bench.env("PEERS_POSTGREST_URL", pair.rest_url()).env("PEERS_POSTGREST_KEY", pair.anon_key());
    compare(&mut bench)
}

fn comparison(package: &str, words: &[&str], short: bool) -> Result<Command, Failure> {
    let peers = workspace().join("crates/pool-bench/peers");
    let mut bench = gate::cargo(&["run", "--quiet", "--release", "--locked", "--package", package, "--"]);
    bench.current_dir(peers).env("CARGO_TARGET_DIR", workspace().join("target/peers"));
    bench.args(words).arg(folder(short)?).args(short.then_some("--short"));
    Ok(bench)
}

fn compare(bench: &mut Command) -> Result<(), Failure> {
    run::show(bench, "others could not be compared with ours")
}

/// `target/bench`, made if it is not there. Of a short run it is a folder below it, where `--docs` does not look.
fn folder(short: bool) -> Result<PathBuf, Failure> {
    let mut folder = workspace().join("target").join("bench");
    if short {
        folder.push("short");
    }
    fs::create_dir_all(&folder).context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

/// The tables that these parts make.
fn made_by(parts: &[&str]) -> impl Iterator<Item = (&'static str, &'static str, &'static str, &'static str)> {
    PLACES.into_iter().filter(|(part, ..)| parts.contains(part))
}

/// Puts the tables of these parts, which have just been measured, between their marks; nothing that another run has left.
fn write(parts: &[&str]) -> Result<(), Failure> {
    for (_, file, name, table) in made_by(parts) {
        let path = folder(false)?.join(table);
        let table = fs::read_to_string(&path).context(|| format!("cannot read {}", path.display()))?;
        pages::put(file, name, &table)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_short_run_leaves_is_not_where_the_docs_look() {
        let (kept, short) = (folder(false).unwrap(), folder(true).unwrap());
        assert!(PLACES.iter().all(|(.., table)| kept.join(table) != short.join(table)));
    }

    #[test]
    fn the_docs_take_only_what_has_been_measured() {
        let tables = |parts: &[&str]| made_by(parts).map(|(.., table)| table).collect::<Vec<_>>();
        assert_eq!(tables(&["core", "gate"]), ["core.md"]);
        assert_eq!(tables(&["pools"]), ["readme.md", "pools.md"]);
        assert_eq!(tables(&["core", "pools", "http", "faults"]).len(), PLACES.len());
    }

    #[test]
    fn an_unknown_part_is_named() {
        assert!(bench(&["luck"]).unwrap_err().to_string().contains("`luck`"));
        assert!(bench(&["--short", "--docs"]).unwrap_err().to_string().contains("fit for the docs"));
        assert!(bench(&["--fast"]).unwrap_err().to_string().contains("--short"));
    }
}
