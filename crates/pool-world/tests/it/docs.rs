//! Pages of the docs that are made from the code: compared with the file, or written to it when `POOL_WORLD_BLESS` is set.

use std::path::PathBuf;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file of the repository, as text.
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Compares the file with what the code says it should be, line by line; or makes it so.
pub(crate) fn same_as_file(path: &str, text: &str) {
    if std::env::var_os("POOL_WORLD_BLESS").is_some() {
        std::fs::write(root().join(path), text).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
    let file = read(path);
    let stale = file.lines().zip(text.lines()).position(|(old, new)| old != new);
    let stale = stale.or_else(|| (file != text).then(|| file.lines().count().min(text.lines().count())));
    if let Some(line) = stale {
        let at = |text: &str| text.lines().nth(line).unwrap_or("(nothing)").to_owned();
        panic!(
            "{path} is out of date at line {}:\n  file {}\n  code {}\nPOOL_WORLD_BLESS=1 rewrites it",
            line + 1,
            at(&file),
            at(text)
        );
    }
}
