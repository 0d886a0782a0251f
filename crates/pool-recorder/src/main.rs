//! `pool-recorder replay FILE`, `explain FILE REQUEST`, `shrink FILE TEXT`.

use std::error::Error;
use std::fs;
use std::io::{Write, stdout};
use std::process::ExitCode;

use pool_recorder::{Asked, Recording};

const USAGE: &str = "\
pool-recorder replay FILE            every decision, a line each; fails when the end is not the one that was recorded
pool-recorder explain FILE REQUEST   why a request waited or failed; REQUEST is a ticket (#3v7) or the number of a call (@12)
pool-recorder shrink FILE TEXT       the shortest history with TEXT in one of its decisions, as a test in Rust;
                                     a broken invariant is the text BROKEN, a panic of the core PANIC";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(text) => {
            // A reader that has read enough is no error.
            let _ = stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    match *arguments {
        ["replay", file] => {
            let recording = read(file)?;
            let lines = recording.decisions().join("\n");
            recording.verify().map_err(|diverged| format!("{lines}\n{diverged}"))?;
            let end =
                recording.last().map_or("", |_| "\nThe end is the one that was recorded, byte for byte.");
            Ok(format!("{lines}{end}\n"))
        }
        ["explain", file, request] => Ok(read(file)?.explain(request.parse::<Asked>()?)?),
        ["shrink", file, text] => {
            let shows = |recording: &Recording| recording.decisions().iter().any(|line| line.contains(text));
            let recording = read(file)?;
            if !shows(&recording) {
                return Err(format!("no decision of this recording has {text:?} in it").into());
            }
            Ok(recording.shrink(shows).to_rust("name_the_rule_that_was_broken"))
        }
        _ => Err(USAGE.into()),
    }
}

fn read(file: &str) -> Result<Recording, Box<dyn Error>> {
    let bytes = fs::read(file).map_err(|error| format!("{file}: {error}"))?;
    Ok(Recording::from_bytes(&bytes).map_err(|error| format!("{file}: {error}"))?)
}
