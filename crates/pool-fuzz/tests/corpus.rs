//! Everything that the fuzzers kept is tried again; and each target has a fuzzer, a corpus and a place here.

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use pool_fuzz::TARGETS;

fn fuzz(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz").join(path)
}

/// The files or folders there, in the order of their names.
fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| {
        panic!("{}: {error}; what the fuzzers kept has to be here", folder.display())
    });
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    paths
}

fn names(folder: &str) -> BTreeSet<String> {
    let stem = |path: PathBuf| path.file_stem().expect("a name").to_string_lossy().into_owned();
    listed(&fuzz(folder)).into_iter().map(stem).collect()
}

/// Gives every file of the target's corpus to its function.
fn replay(name: &str) {
    let (_, check) = TARGETS.into_iter().find(|target| target.0 == name).expect("a target of that name");
    let files = listed(&fuzz("corpus").join(name));
    assert!(!files.is_empty(), "the corpus of {name} is empty");
    let fails = |file: &PathBuf| {
        let data = fs::read(file).expect("a readable file");
        catch_unwind(|| check(&data)).is_err()
    };
    let failed: Vec<PathBuf> = files.into_iter().filter(fails).collect();
    assert!(failed.is_empty(), "these broke a rule, each as told above: {failed:#?}");
}

macro_rules! replayed {
    ($($target:ident)*) => {
        $(
            #[test]
            fn $target() {
                replay(stringify!($target));
            }
        )*

        const REPLAYED: &[&str] = &[$(stringify!($target)),*];
    };
}

replayed! { config differential errors history query }

#[test]
fn every_target_has_a_fuzzer_a_corpus_and_a_test() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|target| target.0.to_owned()).collect();
    assert_eq!(names("fuzz_targets"), targets);
    assert_eq!(names("corpus"), targets);
    assert_eq!(REPLAYED.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>(), targets);
    let manifest = fs::read_to_string(fuzz("Cargo.toml")).expect("a readable manifest");
    for name in targets {
        let path = fuzz("fuzz_targets").join(&name).with_extension("rs");
        let code = fs::read_to_string(path).expect("a readable target");
        let calls = format!("libfuzzer_sys::fuzz_target!(|data: &[u8]| pool_fuzz::{name}::check(data));");
        assert!(code.contains(&calls), "the fuzzer {name} does not run {name}::check");
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "fuzz/Cargo.toml does not name {name}");
    }
}
