//! What is constant cannot be switched on and off: it is changed in a copy of its own, built anew for each change, and judged by
//! the unit tests of its crate alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Failure;
use crate::build::{self, Program};
use crate::judge::Fate;
use crate::list::{Mutant, Place};
use crate::run::{End, Run};

/// A copy of the workspace in which one thing at a time is changed.
pub(crate) struct Single {
    root: PathBuf,
    tree: PathBuf,
}

impl Single {
    pub(crate) fn new(root: &Path, tree: PathBuf) -> Result<Single, Failure> {
        build::copy(root, &tree, |_| false)?;
        Ok(Single { root: root.into(), tree })
    }

    /// What the unit tests say of the mutant; nothing, if it does not compile.
    pub(crate) fn judge(&self, mutant: &Mutant) -> Result<Option<Fate>, Failure> {
        let source = fs::read_to_string(self.root.join(&mutant.file))?;
        let place = self.tree.join(&mutant.file);
        fs::write(&place, changed(&source, mutant)?)?;
        let built = self.compile(mutant.package());
        fs::write(&place, &source)?;
        let Some(programs) = built? else { return Ok(None) };
        let name = format!("{0}/{0}", mutant.package());
        let run = Run { program: &name, arguments: Vec::new(), times: "1", strict: true };
        // Unoptimised, they take a second.
        Ok(Some(match run.run(&programs, None, Duration::from_secs(30))?.0 {
            End::Passed => Fate::Missed,
            End::Failed(_) => Fate::Caught,
            End::TimedOut => Fate::TimedOut,
        }))
    }

    fn compile(&self, package: &str) -> Result<Option<BTreeMap<String, Program>>, Failure> {
        let optimisation = format!("profile.dev.package.{package}.opt-level=0");
        let words = ["-p", package, "--lib", "--all-features", "--config", &optimisation];
        let (programs, complaints) = build::compile(&self.tree, &words)?;
        Ok(complaints.is_empty().then_some(programs))
    }
}

/// The source with its one change.
fn changed(source: &str, mutant: &Mutant) -> Result<String, Failure> {
    let (start, end) = (offset(source, mutant.span.start), offset(source, mutant.span.end));
    let (Some(start), Some(end)) = (start, end) else {
        return Err(format!("{} is not in its file", mutant.place()).into());
    };
    Ok([&source[..start], &mutant.replacement, &source[end..]].concat())
}

/// Where in the text a line and a column are.
fn offset(source: &str, place: Place) -> Option<usize> {
    let before: usize = source.split_inclusive('\n').take(place.line - 1).map(str::len).sum();
    let line = source[before..].split_inclusive('\n').next()?;
    let mut columns = line.char_indices().map(|(at, _)| at).chain([line.len()]);
    Some(before + columns.nth(place.column - 1)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_from_one() {
        let source = "a\n∆ * b\n";
        assert_eq!(offset(source, Place { line: 2, column: 1 }), Some(2));
        assert_eq!(offset(source, Place { line: 2, column: 3 }), Some(6));
        assert_eq!(&source[6..7], "*");
    }
}
