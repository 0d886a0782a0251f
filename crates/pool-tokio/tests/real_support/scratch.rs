//! Rows of a test's own in the database that all share: found by a name that nobody else has, and removed with it.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use xtask::Pair;

/// A name for the author of blogs, or the viewers of them.
pub(crate) struct Scratch<'p> {
    pair: &'p Pair,
    name: String,
}

impl<'p> Scratch<'p> {
    pub(crate) fn new(pair: &'p Pair) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let (process, n) = (process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        Scratch { pair, name: format!("scratch-{process}-{now}-{n}") }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Scratch<'_> {
    fn drop(&mut self) {
        let name = &self.name;
        let removed = self.pair.sql(&format!(
            "delete from blog_views where viewer like '{name}%'; delete from blogs where author = '{name}'"
        ));
        if let Err(failure) = removed {
            eprintln!("the rows of {name} are left behind: {failure}");
        }
    }
}
