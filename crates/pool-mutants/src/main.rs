//! Mutation testing of `pool-core` and `pool-async` in one build.
//!
//! `cargo mutants` lists what could be changed; building and testing each change on its own takes hours. This program compiles all
//! of them into one copy of the workspace, each behind a switch, and runs the tests once per mutant, the cheap ones first. A mutant
//! that no test notices must stand in `mutants.txt` with the reason why it may, or the run fails; so does one that stands there and
//! is caught.
//!
//! ```console
//! cargo run -p pool-mutants                     # both packages
//! cargo run -p pool-mutants -- pool-core settle # mutants whose key contains the word
//! cargo run -p pool-mutants -- --quick          # without the dear tests and the constants: a first look
//! ```
//!
//! What it has made and learned is in `target/mutants`: the copy, `killers.json` (which test caught which mutant the last time),
//! `left-out.txt` (what could not be tried, and why) and `missed.txt`.

mod build;
mod judge;
mod known;
mod list;
mod rewrite;
mod run;
mod single;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use judge::{Bench, Fate, Memory};
use known::{Known, Sums};
use list::Mutant;
use single::Single;

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

const MUTATED: [&str; 2] = ["pool-core", "pool-async"];
/// Those, and what their tests need to have built.
const BUILT: [&str; 3] = ["pool-core", "pool-world", "pool-async"];

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
    let start = Instant::now();
    // As it is run, not as it was built: a checkout elsewhere may share the folder of what is built.
    let here = std::env::var_os("CARGO_MANIFEST_DIR").ok_or("start it with `cargo run -p pool-mutants`")?;
    let root = PathBuf::from(here).join("../..").canonicalize()?;
    let quick = words.iter().any(|word| word == "--quick");
    let (packages, filter): (Vec<&str>, Vec<&str>) = words
        .iter()
        .map(String::as_str)
        .filter(|word| *word != "--quick")
        .partition(|word| MUTATED.contains(word));
    let mutants = list::list(&root, &MUTATED)?;
    let known = Known::read(&root.join("crates/pool-mutants/mutants.txt"))?;
    let tree = root.join("target/mutants");
    let built = build::build(&root, &tree, &mutants, &BUILT)?;
    let asked = |mutant: &Mutant| {
        (packages.is_empty() || packages.contains(&mutant.package()))
            && (filter.is_empty() || filter.iter().any(|word| mutant.key.contains(word)))
    };
    let asked: Vec<usize> = (0..mutants.len()).filter(|&n| asked(&mutants[n])).collect();
    let aside = asked.iter().filter(|&&n| known.sets_aside(&mutants[n].key)).count();
    let viable = asked.iter().filter(|n| !built.unviable.contains(n));
    let (wanted, constant): (Vec<usize>, Vec<usize>) =
        viable.filter(|&&n| !known.sets_aside(&mutants[n].key)).partition(|&n| built.placed.contains(n));
    println!("{} mutants: {} in one build, {} in constants", asked.len(), wanted.len(), constant.len());
    let memory = Memory::read(tree.join("killers.json"));
    let mut fates = judge_all(&built, quick, &mutants, &wanted, &memory)?;
    memory.write()?;
    let constant = if quick { Vec::new() } else { constant };
    let single = Single::new(&root, tree.join("single"))?;
    for (done, &n) in constant.iter().enumerate() {
        println!("progress: {}/{}", wanted.len() + done, wanted.len() + constant.len());
        if let Some(fate) = single.judge(&mutants[n])? {
            fates.push((n, fate));
        }
    }
    let sums = Sums {
        aside,
        unviable: asked.len() - aside - fates.len(),
        whole: asked.len() == mutants.len(),
        took: start.elapsed(),
    };
    known.report(&tree.join("missed.txt"), &mutants, &fates, &sums)
}

/// Judges the mutants, two at a time.
fn judge_all(
    built: &build::Built,
    quick: bool,
    mutants: &[Mutant],
    wanted: &[usize],
    memory: &Memory,
) -> Result<Vec<(usize, Fate)>, Failure> {
    let mut benches = Vec::new();
    for package in MUTATED {
        if wanted.iter().any(|&n| mutants[n].package() == package) {
            let bench = Bench::new(built, judge::stages(package, quick))?;
            println!("{package}: a mutant that nothing notices costs {}", bench.usual());
            benches.push((package, bench));
        }
    }
    let bench_of = |mutant: &Mutant| {
        let bench = benches.iter().find(|(package, _)| *package == mutant.package());
        bench.map(|(_, bench)| bench).ok_or("a mutant of no package")
    };
    let (next, fates) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || -> Result<(), Failure> {
        while let Some(&number) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mutant = &mutants[number];
            let begun = Instant::now();
            let (fate, stage) = bench_of(mutant)?.judge(number, &mutant.key, memory)?;
            if std::env::var_os("POOL_MUTANTS_TOLD").is_some() || fate == Fate::Missed {
                let took = begun.elapsed().as_secs_f64();
                println!("{fate:?} after {took:.2} s at stage {stage}: {} ({})", mutant.key, mutant.place());
            }
            let mut fates = fates.lock().map_err(|_| "a worker has panicked")?;
            fates.push((number, fate));
            if fates.len().is_multiple_of(10) {
                println!("progress: {}/{}", fates.len(), wanted.len());
                memory.write()?;
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
