//! Runs one test program, until it ends, a test of it fails, or its time is up.
//!
//! Rules kept here: nobody waits for the other tests of a program in which one has failed; a program that does not end is ended.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use crate::Failure;
use crate::build::Program;

/// What is run of which program.
#[derive(Clone, Debug)]
pub(crate) struct Run<'a> {
    pub(crate) program: &'a str,
    pub(crate) arguments: Vec<&'a str>,
    /// What `POOL_WORLD_TIMES` is set to.
    pub(crate) times: &'a str,
    /// In this program a panic is a failure: no test of it catches one.
    pub(crate) strict: bool,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Passed,
    /// The test that failed, if one was named.
    Failed(Option<String>),
    /// It was ended: it had not ended by itself.
    TimedOut,
}

impl Run<'_> {
    /// Runs it, with the mutant switched on if there is one.
    pub(crate) fn run(
        &self,
        programs: &BTreeMap<String, Program>,
        mutant: Option<usize>,
        limit: Duration,
    ) -> Result<(End, Duration), Failure> {
        let program =
            programs.get(self.program).ok_or_else(|| format!("no test program {}", self.program))?;
        // A mutant may allocate for ever.
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -v 6000000; exec \"$@\"", "sh"]).arg(&program.path);
        command.args(&self.arguments).current_dir(&program.folder);
        command.env("POOL_WORLD_TIMES", self.times).env("RUST_BACKTRACE", "0");
        // The same draws for every mutant: what is caught today is caught tomorrow.
        command.env("PROPTEST_MAX_SHRINK_ITERS", "0").env("PROPTEST_RNG_SEED", "1");
        command.env("RUST_TEST_THREADS", "4");
        if self.strict {
            command.arg("--nocapture");
        }
        if let Some(mutant) = mutant {
            command.env("POOL_MUTANT", mutant.to_string());
        }
        let start = Instant::now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let (failures, failure) = mpsc::channel();
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let listen = |pipe: Box<dyn Read + Send>, heard: fn(&str) -> Option<String>| {
            let failures = failures.clone();
            std::thread::spawn(move || listen(pipe, heard, &failures))
        };
        let panicked: fn(&str) -> Option<String> = if self.strict { panicked } else { |_| None };
        let listeners = [
            out.map(|pipe| listen(Box::new(pipe), failed)),
            err.map(|pipe| listen(Box::new(pipe), panicked)),
        ];
        drop(failures);
        let end = match failure.recv_timeout(limit) {
            Ok(name) => Some(End::Failed(Some(name).filter(|name| !name.is_empty()))),
            Err(RecvTimeoutError::Timeout) => Some(End::TimedOut),
            Err(RecvTimeoutError::Disconnected) => None,
        };
        if end.is_some() {
            child.kill()?;
        }
        let status = child.wait()?;
        for listener in listeners.into_iter().flatten() {
            listener.join().map_err(|_| "a listener has panicked")?;
        }
        let end = end.unwrap_or(if status.success() { End::Passed } else { End::Failed(None) });
        Ok((end, start.elapsed()))
    }
}

fn listen(pipe: Box<dyn Read + Send>, heard: fn(&str) -> Option<String>, failures: &Sender<String>) {
    for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
        if let Some(name) = heard(&String::from_utf8_lossy(&line)) {
            // Nobody listens any more once one has been heard.
            let _ = failures.send(name);
        }
    }
}

/// The test that a line of libtest says has failed.
fn failed(line: &str) -> Option<String> {
    let name = line.strip_prefix("test ")?.strip_suffix("... FAILED")?;
    Some(name.split(" ... ").next().unwrap_or(name).trim().to_owned())
}

/// The test whose thread has panicked; empty, if it was a thread of the test's own.
fn panicked(line: &str) -> Option<String> {
    let (before, _) = line.split_once(" panicked at ")?;
    let name = before.split('\'').nth(1)?;
    Some(if name.starts_with('<') { String::new() } else { name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libtest_says_of_a_failure_is_understood() {
        assert_eq!(failed("test a::b ... FAILED").as_deref(), Some("a::b"));
        assert_eq!(failed("test a::b ... ok"), None);
        let line = "thread 'a::b' (12) panicked at crates/x.rs:1:2:";
        assert_eq!(panicked(line).as_deref(), Some("a::b"));
        assert_eq!(panicked("thread '<unnamed>' panicked at x.rs:1:2:").as_deref(), Some(""));
        assert_eq!(panicked("nothing of note"), None);
    }
}
