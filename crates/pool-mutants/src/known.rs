//! The committed list of mutants that no test notices, each with its reason: `mutants.txt`.
//!
//! A line is `key | reason`; a key that ends in `*` stands for all that begin so. Empty lines and lines that begin with `#` are for the reader.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::Failure;
use crate::list::Mutant;
use crate::run::Fate;

/// Prints the sums and what is wrong; whether nothing is.
pub(crate) fn report(
    file: &Path,
    mutants: &[Mutant],
    fates: &[(usize, Fate)],
    unplaced: usize,
    whole: bool,
) -> Result<bool, Failure> {
    let known = read(&fs::read_to_string(file).unwrap_or_default())?;
    let covers = |pattern: &str, key: &str| match pattern.strip_suffix('*') {
        Some(start) => key.starts_with(start),
        None => key == pattern,
    };
    let missed: Vec<&Mutant> =
        fates.iter().filter(|(_, fate)| *fate == Fate::Missed).map(|(n, _)| &mutants[*n]).collect();
    let timed_out = fates.iter().filter(|(_, fate)| matches!(fate, Fate::TimedOut { .. })).count();
    let (mut used, mut new) = (BTreeSet::new(), Vec::new());
    for mutant in &missed {
        match known.iter().find(|pattern| covers(pattern, &mutant.key)) {
            Some(pattern) => {
                used.insert(pattern);
            }
            None => new.push(*mutant),
        }
    }
    for mutant in &new {
        println!("missed, and not in the list: {}   {}", mutant.key, mutant.place());
    }
    let idle: Vec<_> = known.iter().filter(|pattern| whole && !used.contains(pattern)).collect();
    for pattern in &idle {
        println!("in the list, but caught: {pattern}");
    }
    println!(
        "proved: engine=mutants mutants={} caught={} timed_out={timed_out} missed={} allowed={} unviable={unplaced}",
        fates.len(),
        fates.len() - missed.len() - timed_out,
        new.len(),
        missed.len() - new.len(),
    );
    Ok(new.is_empty() && idle.is_empty())
}

fn read(text: &str) -> Result<Vec<String>, Failure> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| match line.split_once(" | ") {
            Some((key, reason)) if !reason.trim().is_empty() => Ok(key.trim().to_owned()),
            _ => Err(format!("mutants.txt: `{line}` has no reason: write `key | reason`").into()),
        })
        .collect()
}
