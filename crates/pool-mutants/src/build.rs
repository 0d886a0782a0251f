//! A copy of the workspace in which every mutant is compiled in, and its test programs.
//!
//! What does not compile is found by compiling: a mutant that the compiler complains of is left out (it is unviable, as it would be
//! on its own), and a function that a constant calls stays constant and is not mutated here.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};
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

/// What is mutated and no dev-dependency turns on.
const FEATURES: &str = "pool-async/tokio";

/// The test programs with the mutants in them.
pub(crate) struct Built {
    /// By package and name: `pool-world/it`.
    pub(crate) programs: BTreeMap<String, Program>,
    /// The mutants that are in them.
    pub(crate) placed: HashSet<usize>,
    /// The mutants that do not compile.
    pub(crate) unviable: HashSet<usize>,
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
    let mut by_file: BTreeMap<&str, Vec<(usize, &Mutant)>> = BTreeMap::new();
    for (n, mutant) in mutants.iter().enumerate() {
        by_file.entry(mutant.file.as_str()).or_default().push((n, mutant));
    }
    let roots: Vec<String> = packages.iter().map(|package| format!("crates/{package}/src/lib.rs")).collect();
    for root_file in &roots {
        by_file.entry(root_file.as_str()).or_default();
    }
    copy(root, tree, |file| by_file.contains_key(file))?;
    let mut words = vec!["--features", FEATURES];
    words.extend(packages.iter().flat_map(|package| ["-p", package]));
    let lessons = tree.join("lessons.json");
    let mut kept = Kept::recall(root, &lessons, mutants)?;
    for round in 1..=60 {
        let mut placed = HashSet::new();
        for (file, mutants) in &by_file {
            let source = fs::read_to_string(root.join(file))?;
            let (mut text, here) = rewrite::rewrite(&source, mutants, &mut kept)?;
            if roots.iter().any(|root_file| root_file == file) {
                text.push_str(SWITCH);
            }
            placed.extend(here);
            write_if_new(&tree.join(file), text.as_bytes())?;
        }
        let (programs, complaints) = compile(tree, &words)?;
        if complaints.is_empty() {
            kept.remember(root, &lessons, mutants)?;
            tell_left_out(&tree.join("left-out.txt"), mutants, &placed, &kept)?;
            let unviable = kept.unviable.into_keys().collect();
            return Ok(Built { programs, placed, unviable });
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

/// Copies the files of the work tree that git does not ignore, but for those that will be `rewritten`.
pub(crate) fn copy(root: &Path, tree: &Path, rewritten: impl Fn(&str) -> bool) -> Result<(), Failure> {
    let words = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let listed = Command::new("git").args(words).current_dir(root).output()?;
    for file in String::from_utf8(listed.stdout)?.lines().filter(|file| !rewritten(file)) {
        // What git knows and is not there has been deleted.
        if let Ok(text) = fs::read(root.join(file)) {
            write_if_new(&tree.join(file), &text)?;
        }
    }
    Ok(())
}

/// A file whose text stays is not touched: cargo would build it again.
fn write_if_new(path: &Path, text: &[u8]) -> Result<(), Failure> {
    if fs::read(path).ok().as_deref() != Some(text) {
        fs::create_dir_all(path.parent().expect("a file is in a folder"))?;
        fs::write(path, text)?;
    }
    Ok(())
}

/// Writes down which mutants could not be tried, and why.
fn tell_left_out(
    file: &Path,
    mutants: &[Mutant],
    placed: &HashSet<usize>,
    kept: &Kept,
) -> Result<(), Failure> {
    let mut text = String::new();
    for (n, mutant) in mutants.iter().enumerate().filter(|(n, _)| !placed.contains(n)) {
        let why = kept.unviable.get(&n).map_or("in what is constant, or not in this build", String::as_str);
        text.push_str(&format!("{}   {}\n    {why}\n", mutant.key, mutant.place()));
    }
    Ok(fs::write(file, text)?)
}

impl Kept {
    /// What the last build has taught, of the files that are still as they were.
    fn recall(root: &Path, lessons: &Path, mutants: &[Mutant]) -> Result<Kept, Failure> {
        let text = fs::read_to_string(lessons).unwrap_or_default();
        let lessons: Lessons = serde_json::from_str(&text).unwrap_or_default();
        let mut kept = Kept::default();
        for (n, mutant) in mutants.iter().enumerate() {
            if !mutant.is_compatible() {
                kept.unviable.insert(n, "its function returns a type without a name".to_owned());
            }
            if let Some((digest, unviable)) = lessons.files.get(&mutant.file)
                && let Some(why) = unviable.get(&mutant.key)
                && *digest == digest_of(&root.join(&mutant.file))?
            {
                kept.unviable.insert(n, why.clone());
            }
        }
        if lessons.all == digest_of_all(root, mutants)? {
            kept.constant = lessons.constant;
        }
        Ok(kept)
    }

    fn remember(&self, root: &Path, file: &Path, mutants: &[Mutant]) -> Result<(), Failure> {
        let mut lessons = Lessons { all: digest_of_all(root, mutants)?, ..Lessons::default() };
        lessons.constant.clone_from(&self.constant);
        for (&n, why) in &self.unviable {
            let mutant = &mutants[n];
            let digest = digest_of(&root.join(&mutant.file))?;
            let lesson = lessons.files.entry(mutant.file.clone()).or_insert((digest, BTreeMap::new()));
            lesson.1.insert(mutant.key.clone(), why.clone());
        }
        Ok(fs::write(file, serde_json::to_string(&lessons)?)?)
    }
}

/// What building has taught, kept for the next time.
#[derive(Default, Serialize, Deserialize)]
struct Lessons {
    /// Of all files together: another file may call what was constant.
    all: u64,
    constant: HashSet<String>,
    /// By file: its digest, and the keys of what does not compile, with the reasons.
    files: BTreeMap<String, (u64, BTreeMap<String, String>)>,
}

fn digest_of(file: &Path) -> Result<u64, Failure> {
    let mut hasher = DefaultHasher::new();
    fs::read(file)?.hash(&mut hasher);
    Ok(hasher.finish())
}

fn digest_of_all(root: &Path, mutants: &[Mutant]) -> Result<u64, Failure> {
    let files: BTreeSet<&str> = mutants.iter().map(|mutant| mutant.file.as_str()).collect();
    files.into_iter().try_fold(0_u64, |all, file| Ok(all.rotate_left(1) ^ digest_of(&root.join(file))?))
}

/// One error of the compiler.
pub(crate) struct Complaint {
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
                for n in marks.filter_map(|n| n.parse().ok()) {
                    learnt |= kept.unviable.insert(n, self.message.clone()).is_none();
                }
            }
        }
        learnt
    }
}

/// Builds the test programs that `words` choose.
pub(crate) fn compile(
    tree: &Path,
    words: &[&str],
) -> Result<(BTreeMap<String, Program>, Vec<Complaint>), Failure> {
    let mut command = Command::new("cargo");
    command.args(["test", "--no-run", "--message-format=json", "-q"]).args(words);
    command.current_dir(tree).env("RUSTFLAGS", "-Awarnings").env("CARGO_TARGET_DIR", tree.join("target"));
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
