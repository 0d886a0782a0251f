//! Mutation testing of `pool-core` and `pool-async` in one build.
//!
//! `cargo mutants` lists what could be changed; building and testing each change on its own takes hours. This program compiles all
//! of them into one copy of the workspace, each behind a switch, and runs the tests once per mutant, the cheap ones first. A mutant
//! that no test notices must stand in `mutants.txt` with the reason why it may, or the run fails; so does one that stands there and
//! is caught.
//!
//! ```console
//! cargo run -p pool-mutants                     # both packages
//! cargo run -p pool-mutants -- pool-core settle # mutants whose name contains the word
//! cargo run -p pool-mutants -- --quick          # without the dear tests: a first look
//! ```

mod build;
mod known;
mod list;
mod rewrite;
mod run;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use list::Mutant;
use run::{Fate, Stage};

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

const ALL: &[&str] = &["pool-core", "pool-world", "pool-async"];

const fn stage(program: &'static str, arguments: &'static [&'static str], times: &'static str) -> Stage {
    Stage { program, arguments, times }
}

/// The tests that judge a mutant of that package, cheap ones first.
fn stages(package: &str, quick: bool) -> Vec<Stage> {
    const STORIES: &[&str] =
        &["stories_callers::", "stories_health::", "stories_load::", "regressions::", "matrix::"];
    const RANDOM: &[&str] =
        &["--skip", "stories_callers", "--skip", "stories_health", "--skip", "exhaustive"];
    let driver = [
        stage("pool-async/pool-async", &[], "1"),
        stage("pool-async/it", &[], "1"),
        stage("pool-async/allocations", &[], "1"),
        stage("pool-async/blocking", &[], "1"),
    ];
    let cheap = [
        stage("pool-core/pool-core", &[], "1"),
        stage("pool-world/it", STORIES, "1"),
        stage("pool-world/it", RANDOM, "0.02"),
        stage("pool-world/alloc", &[], "1"),
    ];
    let dear = [
        stage("pool-world/it", RANDOM, "0.2"),
        stage("pool-world/it", &["exhaustive"], "0.1"),
        stage("pool-world/it", RANDOM, "1"),
    ];
    match package {
        "pool-core" if quick => cheap.into_iter().chain(driver).collect(),
        "pool-core" => cheap.into_iter().chain(driver).chain(dear).collect(),
        _ => driver.into(),
    }
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match work(&words) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::from(2)
        }
    }
}

fn work(words: &[String]) -> Result<bool, Failure> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let quick = words.iter().any(|word| word == "--quick");
    let (packages, filter): (Vec<&str>, Vec<&str>) = words
        .iter()
        .map(String::as_str)
        .filter(|word| *word != "--quick")
        .partition(|word| ["pool-core", "pool-async"].contains(word));
    let packages = if packages.is_empty() { vec!["pool-core", "pool-async"] } else { packages };
    let mutants = list::list(&packages)?;
    let tree = root.join("target/mutants");
    let built = build::build(&root, &tree, &mutants, ALL)?;
    let wanted: Vec<usize> = (0..mutants.len())
        .filter(|n| built.placed.contains(n))
        .filter(|n| filter.is_empty() || filter.iter().any(|word| mutants[*n].key.contains(word)))
        .collect();
    let unplaced = mutants.len() - built.placed.len();
    println!(
        "{} mutants; {unplaced} do not compile or are in constants; {} to run",
        mutants.len(),
        wanted.len()
    );
    let mut fates = Vec::new();
    for package in packages {
        let of = |n: &&usize| mutants[**n].file.starts_with(&format!("crates/{package}/"));
        let wanted: Vec<usize> = wanted.iter().filter(of).copied().collect();
        let stages = stages(package, quick);
        let usual = run::baseline(&built.programs, &stages)?;
        println!("{package}: the tests take {usual:?} without a mutant");
        fates.extend(all(&built, &stages, &usual, &mutants, &wanted)?);
    }
    let whole = filter.is_empty() && words.is_empty();
    known::report(&root.join("crates/pool-mutants/mutants.txt"), &mutants, &fates, unplaced, whole)
}

/// Runs the mutants on all cores.
fn all(
    built: &build::Built,
    stages: &[Stage],
    usual: &[std::time::Duration],
    mutants: &[Mutant],
    wanted: &[usize],
) -> Result<Vec<(usize, Fate)>, Failure> {
    let (next, fates) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || -> Result<(), Failure> {
        while let Some(&number) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
            let fate = run::judge(&built.programs, stages, usual, number)?;
            if fate == Fate::Missed {
                println!("missed: {} ({})", mutants[number].key, mutants[number].place());
            }
            let mut fates = fates.lock().map_err(|_| "a worker has panicked")?;
            fates.push((number, fate));
            if fates.len().is_multiple_of(10) {
                println!("progress: {}/{}", fates.len(), wanted.len());
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| "a worker has panicked")?)
    })?;
    Ok(fates.into_inner().map_err(|_| "a worker has panicked")?)
}
