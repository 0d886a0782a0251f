//! `cargo xtask ci`: what a change must pass. Rules: a step that cannot be done fails, or says in one
//! line that it was not done and why (only the advisory database may be out of reach); the tests come
//! last and run by the README's own command.

use std::fs;
use std::process::Command;
use std::time::Instant;

use crate::failure::{Context, Failure};
use crate::run;
use crate::state::workspace;
use crate::trees::trees;

/// The README's test command.
const TEST: &str = "cargo xtask test";

/// Targets for which the core must build: a browser's, and one that has no `std` at all.
const CORE_TARGETS: [&str; 2] = ["wasm32-unknown-unknown", "wasm32v1-none"];

/// A workspace of its own. Only its format is checked here: each of its targets is one line that calls `pool-fuzz`, which is
/// checked like every crate and whose tests compare those lines; it needs nightly and a C++ compiler, and is not shipped.
const FUZZERS: &str = "fuzz/Cargo.toml";

/// The command that mends a missing cargo-deny.
const INSTALL_DENY: &str = "cargo install cargo-deny --locked";

type Step = fn() -> Result<(), Failure>;

/// The steps in their order, each with the name by which it can be run alone.
const STEPS: [(&str, Step); 7] = [
    ("format", format),
    ("lints", lints),
    ("docs", docs),
    ("core-targets", core_targets),
    ("trees", trees),
    ("dependencies", dependencies),
    ("tests", tests),
];

/// Runs every step in order, or those that are named, and ends at the first that fails.
pub fn ci(chosen: &[&str]) -> Result<(), Failure> {
    let names = STEPS.map(|(name, _)| name);
    if let Some(unknown) = chosen.iter().find(|name| !names.contains(name)) {
        return Err(Failure::new(format!("the gate has no step `{unknown}`; it has {}", names.join(", "))));
    }
    for (name, step) in STEPS.iter().filter(|(name, _)| chosen.is_empty() || chosen.contains(name)) {
        println!("== {name}");
        let start = Instant::now();
        step()?;
        eprintln!("== {name}: passed in {:.1} s", start.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Cargo in the workspace's root, without the variables that the cargo which runs us has set: some build
/// scripts watch those, and would build anew at every other call.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(workspace());
    let ours = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(ours) {
            command.env_remove(name);
        }
    }
    command
}

/// Cargo for the driver's races, built with the model checker in the place of std's locks and atomics. It has a profile of its own,
/// and so a directory of its own under `target`.
pub(crate) fn under_loom(arguments: &[&str]) -> Command {
    let mut command = with_cfgs(&["loom"], arguments);
    command.args(["--profile", "model", "--package", "pool-async", "--test", "model"]);
    command
}

/// Cargo for another build of the same code: with these cfgs. It is to have a profile of its own.
pub(crate) fn with_cfgs(cfgs: &[&str], arguments: &[&str]) -> Command {
    let mut command = cargo(arguments);
    let mut flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    flags.extend(cfgs.iter().map(|cfg| format!(" --cfg {cfg}")));
    command.env("RUSTFLAGS", flags).env_remove("CARGO_ENCODED_RUSTFLAGS");
    command
}

fn format() -> Result<(), Failure> {
    for manifest in ["Cargo.toml", FUZZERS] {
        let arguments = ["fmt", "--all", "--check", "--manifest-path", manifest];
        run::show(&mut cargo(&arguments), "the code is not formatted")
            .map_err(|failure| failure.mend(format!("cargo fmt --all --manifest-path {manifest}")))?;
    }
    Ok(())
}

fn lints() -> Result<(), Failure> {
    let arguments = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    let mut races = under_loom(&["clippy", "--locked"]);
    races.args(["--", "-D", "warnings"]);
    let mut bugs = with_cfgs(&["loom", "planted"], &["clippy", "--locked", "--profile", "planted"]);
    bugs.args(["--package", "pool-world", "--test", "it", "--", "-D", "warnings"]);
    for mut clippy in [cargo(&arguments), races, bugs] {
        run::show(&mut clippy, "clippy found something")
            .map_err(|failure| failure.mend("change what the lines above name"))?;
    }
    Ok(())
}

fn docs() -> Result<(), Failure> {
    let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
    run::show(doc.env("RUSTDOCFLAGS", "-D warnings"), "rustdoc found something")
        .map_err(|failure| failure.mend("change what the lines above name"))
}

fn core_targets() -> Result<(), Failure> {
    for target in CORE_TARGETS {
        add_target(target)?;
        let build = ["build", "--package", "pool-core", "--locked", "--target", target];
        run::show(&mut cargo(&build), &format!("pool-core does not build for {target}"))
            .map_err(|failure| failure.mend("take out of pool-core what needs more than core and alloc"))?;
    }
    Ok(())
}

/// Adds the target's library where rustup says that it is missing. Without rustup the build itself tells.
fn add_target(target: &str) -> Result<(), Failure> {
    if !run::on_path("rustup") {
        return Ok(());
    }
    let mut list = Command::new("rustup");
    list.args(["target", "list", "--installed"]).current_dir(workspace());
    let installed = run::capture(&mut list, "rustup does not say which targets are installed")?;
    if installed.lines().any(|line| line == target) {
        return Ok(());
    }
    let mut add = Command::new("rustup");
    add.args(["target", "add", target]).current_dir(workspace());
    run::capture(
        &mut add,
        &format!("the target {target} cannot be added, so the core cannot be built for it"),
    )
    .map(drop)
    .map_err(|failure| failure.mend(format!("rustup target add {target}")))
}

fn dependencies() -> Result<(), Failure> {
    if !run::succeeds(&mut cargo(&["deny", "--version"])) {
        return Err(Failure::new("cargo-deny is not installed").mend(INSTALL_DENY));
    }
    let found = |failure: Failure| failure.mend("change the dependency, or deny.toml with the reason");
    let always = [
        "deny",
        "--workspace",
        "--all-features",
        "check",
        "--hide-inclusion-graph",
        "bans",
        "licenses",
        "sources",
    ];
    run::show(&mut cargo(&always), "cargo-deny found something").map_err(found)?;
    // The database is a git repository, out of reach where only package registries can be reached.
    if let Err(failure) =
        run::capture(&mut cargo(&["deny", "fetch", "db"]), "the RustSec database cannot be fetched")
    {
        println!("advisories: NOT checked: {}", failure.in_one_line());
        return Ok(());
    }
    let advisories = ["deny", "--workspace", "--all-features", "check", "--disable-fetch", "advisories"];
    run::show(&mut cargo(&advisories), "cargo-deny found an advisory").map_err(found)?;
    println!("advisories: checked");
    Ok(())
}

/// The suite, by the very words of the README.
fn tests() -> Result<(), Failure> {
    let readme = workspace().join("README.md");
    let text = fs::read_to_string(&readme).context(|| format!("cannot read {}", readme.display()))?;
    if !text.lines().any(|line| line.starts_with(TEST)) {
        return Err(Failure::new(format!("{} does not give the test command", readme.display()))
            .mend(format!("a line in a code block that begins with `{TEST}`")));
    }
    let arguments: Vec<&str> = TEST.split(' ').skip(1).collect();
    run::show(&mut cargo(&arguments), "the tests failed")
}
