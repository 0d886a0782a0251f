//! What the database says about the writes, beside what their callers were told.

use std::collections::BTreeMap;

use xtask::Pair;

use crate::crew::{Known, Report};
use crate::scratch::Scratch;

/// Each viewer stands for one write: none may be there twice, and each that was answered is there.
pub(crate) fn check(pair: &Pair, scratch: &Scratch<'_>, report: &Report) {
    let rows = pair.sql(&format!(
        "select viewer, count(*) from blog_views where viewer like '{}-%' group by viewer",
        scratch.name()
    ));
    let rows = rows.unwrap();
    let executed: BTreeMap<&str, u32> = rows
        .lines()
        .map(|line| line.split_once('|').map(|(viewer, count)| (viewer, count.parse().unwrap())).unwrap())
        .collect();
    for (viewer, known) in &report.writes {
        let times = executed.get(viewer.as_str()).copied().unwrap_or_default();
        match known {
            Known::Done => assert_eq!(times, 1, "{viewer} was answered"),
            Known::NotDone => assert_eq!(times, 0, "{viewer} was never sent"),
            Known::Maybe => assert!(times <= 1, "{viewer} was written {times} times"),
        }
    }
    let unknown = executed.keys().filter(|viewer| !report.writes.contains_key(**viewer)).count();
    assert_eq!(unknown, 0, "writes that nobody asked for");
    assert!(report.writes.values().any(|known| *known == Known::Done));
}
