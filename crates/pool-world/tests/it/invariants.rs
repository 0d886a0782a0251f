//! `docs/invariants.md`: what must hold, where that is asserted, and which engines ask. An assertion is a text in the sources that
//! begins with the number; the page is made from them, so a number that nothing asserts, an assertion that is gone and a number
//! that nobody knows are all found here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use pool_world::invariants::{INVARIANTS, NOT_YET};

use crate::docs::{read, root, same_as_file};

/// Whatever judges every step of every history.
const EVERY_STEP: &str = "every step of all engines";

/// Who runs the assertions of a file: by how its path begins.
const ENGINES: [(&str, &str); 20] = [
    ("pool-core/src/check.rs", EVERY_STEP),
    ("pool-core/src/lifecycle.rs", EVERY_STEP),
    ("pool-core/src/output.rs", "compiler"),
    ("pool-core/src/", "unit tests"),
    ("pool-world/src/books/", EVERY_STEP),
    ("pool-world/src/oracle/", EVERY_STEP),
    ("pool-world/src/world/", EVERY_STEP),
    ("pool-world/src/naive/", "naive model"),
    ("pool-world/src/sim/", "simulator"),
    ("pool-world/src/tape.rs", "metamorphic"),
    ("pool-world/tests/alloc.rs", "counting allocator"),
    ("pool-world/tests/it/image.rs", "images"),
    ("pool-world/tests/it/matrix.rs", "pictures of the tables"),
    ("pool-world/tests/it/metamorphic.rs", "metamorphic"),
    ("pool-world/tests/it/stories_", "stories"),
    ("pool-async/tests/model/", "model of the driver"),
    ("pool-async/tests/", "tests of the driver"),
    ("pool-recorder/tests/", "tests of the recorder"),
    ("pool-fuzz/", "fuzzers"),
    ("pool-suite/", "suite of the adapters"),
];

/// By number: the files with assertions, each with its functions.
type Assertions = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Every file of Rust below `crates`, by its path from there.
fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder of the sources").flatten() {
            let path = entry.path();
            if path.is_dir() && entry.file_name() != "target" {
                walk(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(path);
            }
        }
    }
    let (crates, mut paths) = (root().join("crates"), Vec::new());
    walk(&crates, &mut paths);
    paths.sort();
    let text = |path: &Path| std::fs::read_to_string(path).expect("a source is text");
    let name = |path: &Path| path.strip_prefix(&crates).expect("below crates").to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), text(path))).collect()
}

/// The number that a text begins with: `I17b: …`.
fn number_at(text: &str) -> Option<&str> {
    let digits = text.strip_prefix('I')?;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let end = end + usize::from(digits[end..].starts_with('b'));
    let whole = !digits[end..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    (whole && end > 0 && digits.starts_with(|c: char| c.is_ascii_digit())).then(|| &text[..=end])
}

/// The name of the function that begins in this line.
fn function_in(line: &str) -> Option<&str> {
    let rest = line.trim_start();
    let rest = rest.strip_prefix("pub(crate) ").or(rest.strip_prefix("pub(super) ")).unwrap_or(rest);
    let rest = rest.strip_prefix("pub ").unwrap_or(rest);
    let name = rest.strip_prefix("const fn ").or(rest.strip_prefix("fn "))?;
    name.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

/// Texts that begin with a number, and the functions that they are in. The table itself asserts nothing.
fn assertions(sources: &[(String, String)]) -> Assertions {
    let mut found = Assertions::new();
    let judging = |path: &str| !path.ends_with("/invariants.rs") && !path.ends_with("/planted.rs");
    for (path, text) in sources.iter().filter(|source| judging(&source.0)) {
        let mut function = "const";
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            function = function_in(line).unwrap_or(function);
            for number in line.split('"').skip(1).filter_map(number_at) {
                let files = found.entry(number.to_owned()).or_default();
                files.entry(path.clone()).or_default().insert(function.to_owned());
            }
        }
    }
    found
}

/// Numbers that are cited, in comments, texts and the names of tests, and where.
fn citations(sources: &[(String, String)]) -> BTreeMap<String, String> {
    let mut cited = BTreeMap::new();
    for (path, text) in sources {
        let tested = text.contains("#[test]");
        for line in text.lines() {
            let words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let whole = words.clone().filter_map(|word| number_at(word).filter(|number| *number == word));
            // The visitors of serde are named after types.
            let name = function_in(line).filter(|name| tested && !name.starts_with("visit_"));
            let names = name.unwrap_or_default().split('_');
            let in_names = names.filter_map(|part| part.strip_prefix('i').map(|rest| format!("I{rest}")));
            let in_names = in_names.filter(|name| number_at(name) == Some(name.as_str()));
            for number in whole.map(str::to_owned).chain(in_names) {
                cited.entry(number).or_insert_with(|| path.clone());
            }
        }
    }
    cited
}

/// Which engines run the assertions of these files.
fn engines<'a>(files: impl Iterator<Item = &'a String>) -> String {
    let engine = |path: &String| {
        let known = ENGINES.iter().find(|(start, _)| path.starts_with(start));
        known.unwrap_or_else(|| panic!("crates/{path} asserts, and this test does not know who runs it")).1
    };
    let mut names: Vec<&str> = Vec::new();
    for name in files.map(engine) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.sort_by_key(|name| *name != EVERY_STEP);
    names.join(", ")
}

fn page(assertions: &Assertions) -> String {
    let mut text = String::from(PREFACE);
    for (question, invariants) in INVARIANTS {
        let _ =
            write!(text, "\n## {question}\n\n| | what holds | asserted in | asked by |\n|---|---|---|---|\n");
        for invariant in invariants {
            let number = invariant.number;
            let files = assertions
                .get(number)
                .unwrap_or_else(|| panic!("nothing asserts {number}: a text in an assertion begins with it"));
            let places: Vec<String> = files
                .iter()
                .map(|(path, functions)| {
                    let functions: Vec<String> = functions.iter().map(|name| format!("`{name}`")).collect();
                    format!("`{path}`: {}", functions.join(", "))
                })
                .collect();
            let (places, engines) = (places.join("<br>"), engines(files.keys()));
            let _ = writeln!(text, "| {number} | {} | {places} | {engines} |", invariant.says);
        }
    }
    text.push_str(
        "\n## Not yet: the mechanism is not there\n\n| | what is to hold | waits for |\n|---|---|---|\n",
    );
    for (invariant, reason) in NOT_YET {
        let _ = writeln!(text, "| {} | {} | {reason} |", invariant.number, invariant.says);
    }
    text
}

const PREFACE: &str = "\
# Invariants

What must hold of `pool-core`, by number, and what asserts it. The numbers are names: assertions begin with them, tests end with them,
commits and comments cite them. A test (`pool-world/tests/it/invariants.rs`) makes this page from the table in
`pool-world/src/invariants.rs` and from the assertions that it finds in the sources; it fails when a number has none, when one is cited
that is not here, and when this page is out of date. Paths are below `crates`.

*Every step of all engines* means that it is asked after each call of the pool, and after each drain of its actions, in stories, random
histories, the exhaustive exploration, the simulator with both its drivers, the fuzzers, and while the tapes of the naive model
and of the metamorphic tests are made. `check.rs` looks at the state from within; the oracle and the books of `pool-world` were
written from the specification and see only what a caller and a driver see.

| engine | where | in every test run |
|---|---|---|
| stories | `pool-world/tests/it/stories_*.rs`, `regressions.rs` | all |
| random histories | `pool-world/tests/it/histories.rs` | 5,500 |
| simulator: endpoints with faults, exact and sloppy driver, then an epilogue without faults | `pool-world/tests/it/simulator.rs` | 200 seeds, 20,000 steps each, by both drivers |
| exhaustive exploration, on a canonical fingerprint | `pool-world/tests/it/exhaustive.rs` | 9 pools, 10 steps |
| naive model, output for output | `pool-world/tests/it/differential.rs` | 1,000 histories |
| metamorphic: again, by the long ways only, chunked, shifted in time, with others in between, with the time told twice, with late reports | `pool-world/tests/it/metamorphic.rs` | 600 histories each |
| images: written and read between any two calls | `pool-world/tests/it/image.rs` | 400 histories each |
| model of the driver: its races, in every order up to a bound | `pool-async/tests/model` | all races |
| counting allocator | `pool-world/tests/alloc.rs`, `pool-async/tests/allocations.rs` | a million rounds |
| fuzzers | `fuzz/`, `pool-fuzz` | their corpus |
| known bugs of other pools, which the engines have to find | [planted.md](planted.md) | ten |
| mutants of `pool-core` and `pool-async`, which the tests have to notice | `pool-mutants` | by `cargo xtask prove` |
";

#[test]
fn the_page_on_the_invariants_is_made_from_the_assertions() {
    same_as_file("docs/invariants.md", &page(&assertions(&sources())));
}

#[test]
fn every_number_that_is_cited_is_on_the_page() {
    let tables = INVARIANTS.iter().flat_map(|(_, invariants)| invariants.iter());
    let known: BTreeSet<&str> = tables
        .chain(NOT_YET.iter().map(|(invariant, _)| invariant))
        .map(|invariant| invariant.number)
        .collect();
    for (number, path) in citations(&sources()) {
        assert!(
            known.contains(number.as_str()),
            "crates/{path} cites {number}, which docs/invariants.md does not have"
        );
    }
    for page in ["README.md", "ARCHITECTURE.md", "docs/planted.md"] {
        for (number, _) in citations(&[(page.to_owned(), read(page))]) {
            assert!(
                known.contains(number.as_str()),
                "{page} cites {number}, which docs/invariants.md does not have"
            );
        }
    }
}

#[test]
fn what_waits_for_its_mechanism_is_not_asserted_by_chance() {
    let assertions = assertions(&sources());
    for (invariant, _) in NOT_YET {
        assert!(
            !assertions.contains_key(invariant.number),
            "{} is asserted: it belongs with the others",
            invariant.number
        );
    }
}

#[test]
fn numbers_are_read_from_texts() {
    for (text, number) in [
        ("I17b: 3 connecting", Some("I17b")),
        ("I3", Some("I3")),
        ("I46: x", Some("I46")),
        ("I", None),
        ("Idle", None),
        ("I3x", None),
        ("i3", None),
    ] {
        assert_eq!(number_at(text), number, "{text}");
    }
    assert_eq!(function_in("    pub(crate) fn settle(&mut self) {"), Some("settle"));
    assert_eq!(function_in("let fn_name = 1;"), None);
}
