//! This pool beside HTTP clients without one: `peers-http http|faults FOLDER [--short] [WORD]`. It prints a table per contest and writes
//! `http.json`, `http.md` and `http-readme.md` (or `faults…`) into the folder; a word runs only the contests with it in their titles, and
//! writes nothing. With `PEERS_WHY` set, each failure under faults is printed.
//!
//! Rules: every contender is used as its users write it; all have a turn in each round, or run at once; the server is a process of its own
//! where time is measured; what is told is a median over rounds, and ratios are those within a round.

mod caller;
mod fault;
mod load;
mod matrix;
mod report;
mod server;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use ground::contest::{Board, leave};

use fault::Place;
use matrix::Cell;
use server::Server;

/// Where a saturated PostgREST is, and its key; `cargo xtask bench` starts one. Without it that contest is left out.
const POSTGREST: [&str; 2] = ["PEERS_POSTGREST_URL", "PEERS_POSTGREST_KEY"];

fn main() -> ExitCode {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let short = words.iter().any(|word| word == "--short");
    words.retain(|word| word != "--short");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ended = match words[..] {
        ["serve"] => server::serve().map_err(Into::into),
        ["http", folder] => http(Some(Path::new(folder)), short, ""),
        ["http", _, word] => http(None, short, word),
        ["faults", folder] => faults(Some(Path::new(folder)), short, ""),
        ["faults", _, word] => faults(None, short, word),
        _ => Err("usage: peers-http http|faults FOLDER [--short] [WORD]".into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn http(folder: Option<&Path>, short: bool, word: &str) -> Result<(), Box<dyn Error>> {
    let (rounds, turn) =
        if short { (2, Duration::from_millis(250)) } else { (7, Duration::from_millis(300)) };
    let server = Server::start()?;
    let mut boards: Vec<(Cell, Board)> = Vec::new();
    for cell in Cell::all(short) {
        if cell.title().contains(word) {
            let board = cell.contest(&server).run(rounds, turn);
            println!("{}", board.table());
            boards.push((cell, board));
        }
    }
    let Some(folder) = folder else { return Ok(()) };
    let text = report::http(&boards, rounds, turn);
    std::fs::write(folder.join("http-readme.md"), report::http_readme(&boards))?;
    let boards: Vec<Board> = boards.into_iter().map(|(_, board)| board).collect();
    Ok(leave(folder, "http", rounds, &boards, &text)?)
}

fn faults(folder: Option<&Path>, short: bool, word: &str) -> Result<(), Box<dyn Error>> {
    let rounds = if short { 1 } else { 7 };
    let server = Server::start()?;
    let boards = fault::run(&server, postgrest(), short, rounds, word);
    let Some(folder) = folder else { return Ok(()) };
    let tables: Vec<String> = boards.iter().map(Board::table).collect();
    let text = format!("Medians of {rounds} rounds.\n\n{}", tables.join("\n"));
    std::fs::write(folder.join("faults-readme.md"), report::faults_readme(&boards))?;
    Ok(leave(folder, "faults", rounds, &boards, &text)?)
}

fn postgrest() -> Option<Place> {
    let [url, key] = POSTGREST.map(std::env::var);
    match (url, key) {
        (Ok(url), Ok(key)) => Some(Place { url, key }),
        _ => {
            let [url, key] = POSTGREST;
            eprintln!("no PostgREST: `cargo xtask bench faults` starts one; or set {url} and {key}");
            None
        }
    }
}
