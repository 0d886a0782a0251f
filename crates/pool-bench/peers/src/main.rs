//! This pool beside others, on the same work: `peers FOLDER [--short] [WORD]`. It prints a table per contest and writes `pools.json`,
//! `pools.md` and `readme.md` into the folder; a word runs only the contests with it in their titles, and writes nothing.
//!
//! Rules: every contender is used as its users write it; a scenario is written once, for all; everyone has a turn in each round; what is told is
//! a median over rounds, and ratios are those within a round.

mod contender;
mod contest;
mod scenario;
mod site;
mod threads;

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use contest::{Contest, Field, OURS, Plan, STRAWMAN, smol, tokio};
use ground::contest::{Board, leave, number};
use scenario::{Alone, AtWork, Crowd, Down, Dropped, Half, Hold, Idle, Two, Waiters};

fn contests() -> Vec<Contest> {
    let mut contests = vec![
        tokio("one task, nobody waits", Field::NobodyWaits, Alone),
        tokio("two threads, nobody waits", Field::NobodyWaits, Two),
        tokio("two threads at work", Field::Everyone, AtWork),
        tokio("64 tasks on 8", Field::Everyone, Crowd(64)),
        tokio("1,000 tasks on 8", Field::Everyone, Crowd(1_000)),
        tokio("10,000 tasks on 8", Field::Everyone, Crowd(10_000)),
        tokio("64 tasks on 8, a fifth of the waits dropped", Field::Everyone, Dropped),
        tokio("10,000 waiters", Field::Everyone, Waiters(10_000)),
        tokio("256 tasks on 16, held for 1 ms", Field::Everyone, Hold),
        tokio("every second connect refused", Field::Dialling, Half),
        tokio("every connect refused for a second", Field::Dialling, Down),
        tokio("1,000 idle connections", Field::Everyone, Idle(1_000)),
        smol("one task, nobody waits", Alone),
        smol("two threads, nobody waits", Two),
        smol("two threads at work", AtWork),
        smol("64 tasks on 8", Crowd(64)),
        smol("1,000 tasks on 8", Crowd(1_000)),
        smol("10,000 tasks on 8", Crowd(10_000)),
        smol("64 tasks on 8, a fifth of the waits dropped", Dropped),
        smol("256 tasks on 16, held for 1 ms", Hold),
    ];
    contests.extend(threads::contests());
    contests
}

fn main() -> ExitCode {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let short = words.iter().any(|word| word == "--short");
    words.retain(|word| word != "--short");
    let (folder, only) = match &words[..] {
        [folder] => (folder, None),
        [folder, word] => (folder, Some(word)),
        _ => {
            eprintln!("usage: peers FOLDER [--short] [WORD]");
            return ExitCode::FAILURE;
        }
    };
    let plan = if short { Plan::SHORT } else { Plan::FULL };
    let mut boards = Vec::new();
    for contest in contests() {
        if only.is_some_and(|word| !contest.title().contains(word.as_str())) {
            continue;
        }
        let board = contest.run(plan.rounds, plan);
        println!("{}", board.table());
        boards.push(board);
    }
    if only.is_some() {
        return ExitCode::SUCCESS;
    }
    match write(Path::new(folder), plan, &boards) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{folder}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(folder: &Path, plan: Plan, boards: &[Board]) -> std::io::Result<()> {
    let tables: Vec<String> = boards.iter().map(Board::table).collect();
    let text = format!("Medians of {} rounds.\n\n{}", plan.rounds, tables.join("\n"));
    leave(folder, "pools", plan.rounds, boards, &text)?;
    std::fs::write(folder.join("readme.md"), readme(boards))
}

/// The README's table: nanoseconds per pair, and how many times ours that is.
fn readme(boards: &[Board]) -> String {
    const BESIDE: [&str; 5] = ["asyncband", "deadpool", "bb8", "mobc", STRAWMAN];
    let mut text = format!("| ns for an acquire and a release | here | {} |\n", BESIDE.join(" | "));
    let _ = writeln!(text, "|---|---:{}|", "|---:".repeat(BESIDE.len()));
    for board in boards.iter().filter(|board| wanted(board.title())) {
        let Some((ours, _)) = board.first(OURS) else { continue };
        let _ = write!(text, "| {} | {} |", board.title(), number(ours));
        for name in BESIDE {
            let cell = board.first(name).map(|(ns, ratio)| format!("{} (× {ratio:.2})", number(ns)));
            let _ = write!(text, " {} |", cell.as_deref().unwrap_or("–"));
        }
        text.push('\n');
    }
    text
}

/// Contests that end in nanoseconds per pair, on tokio.
fn wanted(title: &str) -> bool {
    (title.contains("nobody waits") || title.contains("tasks on 8"))
        && !title.contains("smol")
        && !title.contains("no runtime")
}
