//! `pool-bench`: see [`USAGE`]. It runs itself again under valgrind, which `cargo xtask bench` installs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use pool_bench::baseline::Baseline;
use pool_bench::callgrind::{self, Counts};
use pool_bench::cycles::{CYCLES, Cycle};
use pool_bench::scale::{self, Plan};

const USAGE: &str = "\
usage: pool-bench core FOLDER [--short]   count and time every input by size; writes core.json and core.md there
       pool-bench gate FOLDER             compare what inputs cost with the baseline
       pool-bench baseline FOLDER         write the baseline anew
       pool-bench once CYCLE SIZE TIMES   what callgrind is given: one cycle, so often, or `all` of them
FOLDER takes profiles and results
";

/// The size of pool and queue, and the repetitions, of the gate.
const GATE: [&str; 4] = ["once", "all", "10", "1000"];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["core", folder] => core(Path::new(folder), Plan::FULL),
        ["core", folder, "--short"] => core(Path::new(folder), Plan::SHORT),
        ["gate", folder] => gate(Path::new(folder)),
        ["baseline", folder] => write_baseline(Path::new(folder)),
        ["once", cycle, size, times] => once(cycle, size, times),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            eprintln!("{what}");
            ExitCode::FAILURE
        }
    }
}

fn once(name: &str, size: &str, times: &str) -> Result<(), String> {
    let cycles: Vec<&Cycle> = match name {
        "all" => CYCLES.iter().collect(),
        name => vec![Cycle::named(name).ok_or(format!("`{name}` is no cycle"))?],
    };
    let size = size.parse().map_err(|error| format!("`{size}` is no size: {error}"))?;
    let times = times.parse().map_err(|error| format!("`{times}` is no number: {error}"))?;
    cycles.iter().for_each(|cycle| cycle.prepare(size)(times));
    Ok(())
}

fn core(folder: &Path, plan: Plan) -> Result<(), String> {
    let report = scale::measure(plan, folder)?;
    println!("{}", report.table);
    write(&folder.join("core.json"), &format!("{:#}\n", report.json))?;
    write(&folder.join("core.md"), &report.table)
}

fn gate(folder: &Path) -> Result<(), String> {
    let path = baseline_path();
    let text =
        fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let baseline = Baseline::parse(&text).map_err(|what| format!("{}: {what}", path.display()))?;
    let compiler = compiler()?;
    if baseline.compiler != compiler {
        println!(
            "instructions: NOT compared: the baseline is for rustc {}, and this is rustc {compiler}",
            baseline.compiler
        );
        return Ok(());
    }
    let verdict = baseline.compare(&counted(folder)?);
    verdict.lines.iter().for_each(|line| println!("{line}"));
    if verdict.problems.is_empty() {
        println!("instructions: {} inputs, none has grown by more than 3 %", verdict.lines.len());
        return Ok(());
    }
    Err(format!(
        "{}\nif it is worth it: cargo xtask bench baseline, and say in the commit what it buys",
        verdict.problems.join("\n")
    ))
}

fn write_baseline(folder: &Path) -> Result<(), String> {
    let baseline = Baseline::new(compiler()?, &counted(folder)?);
    print!("{}", baseline.render());
    write(&baseline_path(), &baseline.render())
}

fn counted(folder: &Path) -> Result<Counts, String> {
    callgrind::count(&GATE.map(str::to_owned), folder)
}

fn baseline_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("baseline.txt")
}

/// The compiler's release and host.
fn compiler() -> Result<String, String> {
    let output = Command::new("rustc").arg("-vV").output();
    let output = output.map_err(|error| format!("rustc cannot be run: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
    match (value("release:"), value("host:")) {
        (Some(release), Some(host)) => Ok(format!("{release} {host}")),
        _ => Err("rustc -vV does not name its release and host".to_owned()),
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}
