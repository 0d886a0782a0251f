//! A copy of the workspace in which every mutant is compiled in, and its test programs.
//!
//! What does not compile is found by compiling: a mutant that the compiler complains of is left out (it is unviable, as it would be
//! on its own), and a function that a constant calls stays constant and is not mutated here.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::Failure;
use crate::list::Mutant;
use crate::rewrite::{self, Kept};

/// What a crate's root gets: the switch, and what it needs in a crate without the standard library.
const SWITCH: &str = "
#[allow(unused_extern_crates)]
extern crate std;
/// Whether this mutant is the one that the environment asks for.
#[doc(hidden)]
pub(crate) fn mutant(number: u32) -> bool {
    static CHOSEN: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    *CHOSEN.get_or_init(|| std::env::var(\"POOL_MUTANT\").ok().and_then(|n| n.parse().ok()).unwrap_or(u32::MAX)) == number
}
";

/// The test programs with the mutants in them.
pub(crate) struct Built {
    /// By package and name: `pool-world/it`.
    pub(crate) programs: BTreeMap<String, Program>,
    /// The mutants that are in them.
    pub(crate) placed: HashSet<usize>,
}

pub(crate) struct Program {
    pub(crate) path: PathBuf,
    /// Where it is run: the folder of its package.
    pub(crate) folder: PathBuf,
}

/// Copies what git knows of into `tree`, and builds it until it compiles.
pub(crate) fn build(
    root: &Path,
    tree: &Path,
    mutants: &[Mutant],
    packages: &[&str],
) -> Result<Built, Failure> {
    copy(root, tree)?;
    let incompatible = (0..mutants.len()).filter(|n| !mutants[*n].is_compatible());
    let mut kept = Kept { unviable: incompatible.collect(), ..Kept::default() };
    let by_file = mutants.iter().enumerate().fold(BTreeMap::<_, Vec<_>>::new(), |mut files, (n, mutant)| {
        files.entry(mutant.file.as_str()).or_default().push((n, mutant));
        files
    });
    for round in 1..=60 {
        let mut placed = HashSet::new();
        for (file, mutants) in &by_file {
            let source = fs::read_to_string(root.join(file))?;
            let (mut text, here) = rewrite::rewrite(&source, mutants, &kept)?;
            if file.ends_with("src/lib.rs") {
                text.push_str(SWITCH);
            }
            placed.extend(here);
            fs::write(tree.join(file), text)?;
        }
        for package in packages {
            let lib = format!("crates/{package}/src/lib.rs");
            if !by_file.contains_key(lib.as_str()) {
                fs::write(tree.join(&lib), fs::read_to_string(root.join(&lib))? + SWITCH)?;
            }
        }
        let (programs, complaints) = compile(tree, packages)?;
        if complaints.is_empty() {
            return Ok(Built { programs, placed });
        }
        let learnt = complaints.iter().filter(|complaint| complaint.teach(tree, &mut kept)).count();
        eprintln!(
            "build {round}: {} complaints, {} mutants left out so far",
            complaints.len(),
            kept.unviable.len()
        );
        if learnt == 0 {
            let texts: Vec<_> = complaints.iter().map(|complaint| complaint.text.as_str()).collect();
            return Err(format!("the mutated tree does not compile:\n{}", texts.join("\n")).into());
        }
    }
    Err("the mutated tree still does not compile after 60 rounds".into())
}

fn copy(root: &Path, tree: &Path) -> Result<(), Failure> {
    let listed = Command::new("git").args(["ls-files"]).current_dir(root).output()?;
    for file in String::from_utf8(listed.stdout)?.lines() {
        let (from, to) = (root.join(file), tree.join(file));
        let text = fs::read(&from)?;
        if fs::read(&to).ok().as_ref() != Some(&text) {
            fs::create_dir_all(to.parent().expect("a file is in a folder"))?;
            fs::write(&to, text)?;
        }
    }
    Ok(())
}

/// One error of the compiler.
struct Complaint {
    message: String,
    text: String,
    /// File and lines.
    places: Vec<(String, usize, usize)>,
}

impl Complaint {
    fn read(message: &Value) -> Option<Complaint> {
        if message["level"] != "error" {
            return None;
        }
        let places = message["spans"].as_array()?.iter().filter(|span| span["is_primary"] == true);
        let number = |value: &Value| value.as_u64().unwrap_or(0) as usize;
        Some(Complaint {
            message: message["message"].as_str()?.to_owned(),
            text: message["rendered"].as_str().unwrap_or_default().to_owned(),
            places: places
                .map(|span| {
                    let file = span["file_name"].as_str().unwrap_or_default().to_owned();
                    (file, number(&span["line_start"]), number(&span["line_end"]))
                })
                .collect(),
        })
    }

    /// Learns what to leave alone; whether that was new.
    fn teach(&self, tree: &Path, kept: &mut Kept) -> bool {
        if self.message.starts_with("cannot call non-const") {
            let name = self.message.split('`').nth(1).unwrap_or_default();
            let name = name.rsplit("::").next().unwrap_or_default();
            let name = name.split('<').next().unwrap_or_default();
            return kept.constant.insert(name.to_owned());
        }
        let mut learnt = false;
        for (file, first, last) in &self.places {
            let Ok(text) = fs::read_to_string(tree.join(file)) else { continue };
            for line in text.lines().skip(first - 1).take(last + 1 - first) {
                let marks = line.split("/*M").skip(1).filter_map(|rest| rest.split("*/").next());
                learnt |=
                    marks.filter_map(|n| n.parse().ok()).filter(|n| kept.unviable.insert(*n)).count() > 0;
            }
        }
        learnt
    }
}

fn compile(tree: &Path, packages: &[&str]) -> Result<(BTreeMap<String, Program>, Vec<Complaint>), Failure> {
    let mut command = Command::new("cargo");
    command.args(["test", "--no-run", "--message-format=json", "-q"]).current_dir(tree);
    command.env("RUSTFLAGS", "-Awarnings").env("CARGO_TARGET_DIR", tree.join("target"));
    for package in packages {
        command.args(["-p", package]);
    }
    let output = command.output()?;
    let (mut programs, mut complaints) = (BTreeMap::new(), Vec::new());
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let message: Value = serde_json::from_str(line)?;
        complaints.extend(Complaint::read(&message["message"]));
        if let Some(path) = message["executable"].as_str() {
            let manifest = PathBuf::from(message["manifest_path"].as_str().unwrap_or_default());
            let folder = manifest.parent().map(Path::to_path_buf).unwrap_or_default();
            let package = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let name = message["target"]["name"].as_str().unwrap_or_default().replace('_', "-");
            programs.insert(format!("{package}/{name}"), Program { path: path.into(), folder });
        }
    }
    complaints.retain(|complaint| !complaint.places.is_empty());
    if !output.status.success() && complaints.is_empty() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok((programs, complaints))
}
