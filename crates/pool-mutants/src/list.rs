//! What is to be mutated: the list of cargo-mutants, read from its `--list --json`.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::Failure;

/// One change of the source.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Mutant {
    pub(crate) file: String,
    pub(crate) genre: Genre,
    pub(crate) replacement: String,
    pub(crate) span: Range,
    function: Option<Function>,
    /// `file:line:column: what is changed`.
    name: String,
    /// The name without its place, and a number if the function has several of the same: stable while other lines move.
    #[serde(skip)]
    pub(crate) key: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Function {
    return_type: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
pub(crate) enum Genre {
    FnValue,
    BinaryOperator,
    UnaryOperator,
    MatchArm,
    MatchArmGuard,
    StructField,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Range {
    pub(crate) start: Place,
    /// The first place after it.
    pub(crate) end: Place,
}

/// Both count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Mutant {
    /// Whether it can stand beside the code that it replaces: another type behind `impl Trait` cannot.
    pub(crate) fn is_compatible(&self) -> bool {
        self.genre != Genre::FnValue
            || !self.function.as_ref().is_some_and(|function| function.return_type.contains("impl "))
    }

    /// The package that it is of.
    pub(crate) fn package(&self) -> &str {
        self.file.split('/').nth(1).unwrap_or_default()
    }

    /// Where to look.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}:{}", self.file, self.span.start.line, self.span.start.column)
    }
}

/// Every mutant of the packages, in the order of the files.
pub(crate) fn list(root: &Path, packages: &[&str]) -> Result<Vec<Mutant>, Failure> {
    let mut command = Command::new("cargo");
    // Bugs on purpose are in nobody's build.
    command.args(["mutants", "--list", "--json", "--exclude", "planted.rs"]).current_dir(root);
    for package in packages {
        command.args(["--package", package]);
    }
    let output = command.output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "cargo-mutants, which lists the mutants, does not run: {}\n  to mend it: cargo install cargo-mutants --locked",
            said.trim()
        )
        .into());
    }
    let mut mutants: Vec<Mutant> = serde_json::from_slice(&output.stdout)?;
    let mut seen: HashMap<String, u32> = HashMap::new();
    for mutant in &mut mutants {
        let change = mutant.name.splitn(4, ':').nth(3).unwrap_or(&mutant.name).trim();
        let key = format!("{}: {change}", mutant.file);
        let count = seen.entry(key.clone()).or_default();
        *count += 1;
        mutant.key = if *count == 1 { key } else { format!("{key} #{count}") };
    }
    Ok(mutants)
}
