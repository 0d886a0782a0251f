//! The committed list of mutants that no test notices, each with its reason: `mutants.txt`.
//!
//! A line is `key => reason`. A key that ends in `*` stands for all that begin so, and these are not judged at all: what they change
//! is no part of the product. Empty lines and lines that begin with `#` are for the reader.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::Failure;
use crate::judge::Fate;
use crate::list::Mutant;

pub(crate) struct Known {
    keys: Vec<String>,
    /// Beginnings of keys.
    aside: Vec<String>,
}

/// What else there is to say of a run.
pub(crate) struct Sums {
    /// Not judged.
    pub(crate) aside: usize,
    /// They do not compile.
    pub(crate) unviable: usize,
    /// Every mutant was asked for.
    pub(crate) whole: bool,
    pub(crate) took: Duration,
}

impl Known {
    pub(crate) fn read(file: &Path) -> Result<Known, Failure> {
        Known::parse(&fs::read_to_string(file)?)
    }

    fn parse(text: &str) -> Result<Known, Failure> {
        let mut known = Known { keys: Vec::new(), aside: Vec::new() };
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            let key = match line.split_once(" => ") {
                Some((key, reason)) if !reason.trim().is_empty() => key.trim(),
                _ => return Err(format!("mutants.txt: `{line}` has no reason: write `key => reason`").into()),
            };
            match key.strip_suffix('*') {
                Some(start) => known.aside.push(start.to_owned()),
                None => known.keys.push(key.to_owned()),
            }
        }
        Ok(known)
    }

    /// Whether the mutant is not to be judged.
    pub(crate) fn sets_aside(&self, key: &str) -> bool {
        self.aside.iter().any(|start| key.starts_with(start))
    }

    /// Prints the sums and what is wrong, and writes what was missed; whether nothing is wrong.
    pub(crate) fn report(
        &self,
        file: &Path,
        mutants: &[Mutant],
        fates: &[(usize, Fate)],
        sums: &Sums,
    ) -> Result<bool, Failure> {
        let with =
            |fate: Fate| fates.iter().filter(move |(_, other)| *other == fate).map(|(n, _)| &mutants[*n]);
        let (mut allowed, mut new): (Vec<&Mutant>, Vec<&Mutant>) =
            with(Fate::Missed).partition(|mutant| self.keys.contains(&mutant.key));
        new.sort_by_key(|mutant| mutant.place());
        allowed.sort_by_key(|mutant| mutant.place());
        let lines: String =
            new.iter().map(|mutant| format!("{}   {}\n", mutant.key, mutant.place())).collect();
        fs::write(file, &lines)?;
        print!(
            "{}",
            lines.lines().map(|line| format!("missed, and not in the list: {line}\n")).collect::<String>()
        );
        let caught =
            |key: &&String| fates.iter().any(|(n, fate)| *fate != Fate::Missed && mutants[*n].key == **key);
        let gone = |key: &&String| sums.whole && !allowed.iter().any(|mutant| mutant.key == **key);
        let idle: Vec<&String> = self.keys.iter().filter(|key| caught(key) || gone(key)).collect();
        for key in &idle {
            println!("in the list, but caught or gone: {key}");
        }
        println!(
            "proved: engine=mutants mutants={} caught={} timed_out={} missed={} allowed={} set_aside={} unviable={} seconds={:.1}",
            fates.len(),
            with(Fate::Caught).count(),
            with(Fate::TimedOut).count(),
            new.len(),
            allowed.len(),
            sums.aside,
            sums.unviable,
            sums.took.as_secs_f64(),
        );
        Ok(new.is_empty() && idle.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_key_and_its_reason() {
        let known =
            Known::parse("# why\n\na.rs: replace f -> u8 with 0 => it is zero\nb.rs: * => a test\n").unwrap();
        assert_eq!(known.keys, ["a.rs: replace f -> u8 with 0"]);
        assert!(known.sets_aside("b.rs: replace g with ()") && !known.sets_aside("a.rs: replace f"));
        let error = Known::parse("a.rs: replace f | with ^").err().unwrap().to_string();
        assert!(error.contains("`a.rs: replace f | with ^` has no reason"), "{error}");
    }
}
