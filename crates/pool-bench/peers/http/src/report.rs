//! The tables for the docs and the README.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use ground::contest::{Board, number};

use crate::caller::{Kit, Shared};
use crate::matrix::Cell;

/// All cells: for each group one table with the ratios, and the figures behind it.
pub fn http(boards: &[(Cell, Board)], rounds: usize, turn: Duration) -> String {
    let mut text = format!("Medians of {rounds} rounds; a turn is {turn:?}.\n");
    let mut seen = BTreeSet::new();
    for group in boards.iter().map(|(cell, _)| cell.group()).filter(|group| seen.insert(group.clone())) {
        let boards: Vec<_> = boards.iter().filter(|(cell, _)| cell.group() == group).collect();
        let _ = write!(text, "\n{}", ratios(&group, &boards));
        let _ = write!(text, "\n<details><summary>{group}: requests/s, latency, CPU</summary>\n\n");
        boards.iter().for_each(|(_, board)| text.push_str(&format!("{}\n", board.table())));
        text.push_str("</details>\n");
    }
    text
}

/// Requests a second of the contender that all are compared with, and of the others as multiples of it.
fn ratios(group: &str, boards: &[&(Cell, Board)]) -> String {
    let Some((_, board)) = boards.first() else { return String::new() };
    let Some(first) = board.base() else { return String::new() };
    let others: Vec<_> = board.names().filter(|name| *name != first).collect();
    let mut text = format!("**{group}**, requests/s\n\n| service, ms | at once | {first} |");
    others.iter().for_each(|name| text.push_str(&format!(" {name} |")));
    let _ = writeln!(text, "\n|---:|---:{}|", "|---:".repeat(1 + others.len()));
    for (cell, board) in boards {
        let base = board.first(first).map(|(rate, _)| number(rate)).unwrap_or_default();
        let _ = write!(text, "| {} | {} | {base} |", cell.service, cell.callers);
        for name in &others {
            let ratio = board.first(name).map(|(_, ratio)| format!("× {ratio:.2}"));
            let _ = write!(text, " {} |", ratio.as_deref().unwrap_or("–"));
        }
        text.push('\n');
    }
    text
}

/// 64 at once, a millisecond of service.
pub fn http_readme(boards: &[(Cell, Board)]) -> String {
    let mut text = String::from(
        "| 64 callers at once, 1 ms of service | requests/s | × | p99, ms | CPU, µs a request |\n",
    );
    text.push_str("|---|---:|---:|---:|---:|\n");
    for (cell, board) in boards.iter().filter(|(cell, _)| cell.service == 1 && cell.callers == 64) {
        for name in board.names() {
            let Some((rate, ratio)) = board.first(name) else { continue };
            let figure = |column| board.figure(name, column).map_or("–".to_owned(), number);
            let (p99, used) = (figure("p99 ms"), figure("CPU µs/request"));
            let _ = writeln!(
                text,
                "| {}: {name} | {} | {ratio:.2} | {p99} | {used} |",
                cell.group(),
                number(rate)
            );
        }
    }
    text
}

/// The first figures of each scenario, for whoever is in all of them.
pub fn faults_readme(boards: &[Board]) -> String {
    let mut text = String::from(
        "| | | a shared reqwest client | with retry and semaphore | here |\n|---|---|---:|---:|---:|\n",
    );
    for board in boards {
        let names: Vec<_> = board.names().collect();
        let Some(ours) = names.iter().find(|name| name.starts_with("here")) else { continue };
        let [shared, kit] = [Shared::NAME, Kit::NAME];
        for column in board.columns().take(2) {
            let cell = |name| board.figure(name, column).map_or("–".to_owned(), number);
            let (shared, kit, ours) = (cell(shared), cell(kit), cell(ours));
            let _ = writeln!(text, "| {} | {column} | {shared} | {kit} | {ours} |", board.title());
        }
    }
    text
}
