//! Server processes that outlive the command that started them. Rules: a process is known by its id
//! *and* its start time, so a reused id is never signalled; a zombie counts as gone; waiting is
//! asking again until a deadline.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::failure::{Context, Failure};
use crate::run;

/// How often a condition is asked for.
const ASK_EVERY: Duration = Duration::from_millis(10);

/// One process, told from a later one with the same id by the kernel's start time (clock ticks since boot).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    id: i32,
    started: u64,
}

impl Process {
    /// This very process.
    pub(crate) fn current() -> Option<Process> {
        Process::find(std::process::id().cast_signed())
    }

    /// The process that has this id now.
    pub(crate) fn find(id: i32) -> Option<Process> {
        Some(Process { id, started: Stat::read(id)?.started })
    }

    /// Starts a server in a process group of its own, so that an interrupt at the terminal does not
    /// reach it, with its output appended to `log`.
    pub(crate) fn spawn(command: &mut Command, log: &Path, what: &str) -> Result<Process, Failure> {
        let file = File::options().create(true).append(true).open(log);
        let file = file.context(|| format!("{what}: cannot open its log {}", log.display()))?;
        let errors = file.try_clone().context(|| format!("{what}: cannot open its log {}", log.display()))?;
        command.process_group(0).stdin(Stdio::null()).stdout(file).stderr(errors);
        let started = command.spawn();
        let mut child = started.context(|| format!("{what}: cannot run {}", run::line(command)))?;
        let id = child.id().cast_signed();
        let process = Process::find(id);
        // Reaped here: should it end while we live, no zombie is left behind.
        thread::spawn(move || child.wait());
        process.ok_or_else(|| Failure::new(format!("{what}: ended at once")).said(&tail(log)))
    }

    /// Reads back what [`Process::save`] wrote; `None` when there is none or it is no longer that process.
    pub(crate) fn load(file: &Path) -> Option<Process> {
        let text = fs::read_to_string(file).ok()?;
        let process = Process::parse(text.trim())?;
        process.alive().then_some(process)
    }

    pub(crate) fn save(self, file: &Path) -> Result<(), Failure> {
        fs::write(file, self.to_string()).context(|| format!("cannot write {}", file.display()))
    }

    /// Reads `ID-STARTED`, the text that `Display` writes.
    pub(crate) fn parse(text: &str) -> Option<Process> {
        let (id, started) = text.split_once('-')?;
        Some(Process { id: id.parse().ok()?, started: started.parse().ok()? })
    }

    /// Whether this process is still running.
    pub(crate) fn alive(self) -> bool {
        Stat::read(self.id).is_some_and(|stat| stat.started == self.started && !stat.gone())
    }

    /// Sends the signal and waits until the process is gone; says whether it is gone by the deadline.
    pub(crate) fn end(self, signal: Signal, within: Duration) -> bool {
        if self.alive()
            && let Some(pid) = Pid::from_raw(self.id)
        {
            // An error here means that it ended in between, which the wait below sees.
            let _ = kill_process(pid, signal);
        }
        until(within, || (!self.alive()).then_some(())).is_some()
    }
}

impl std::fmt::Display for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.id, self.started)
    }
}

/// Asks until the answer is `Some` or the time is over.
pub(crate) fn until<T>(within: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + within;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() >= deadline {
            return None;
        }
        thread::sleep(ASK_EVERY);
    }
}

/// The text of a log for a failure's last lines; empty when there is none.
pub(crate) fn tail(log: &Path) -> String {
    fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// What `/proc/ID/stat` says: the state letter, the number of threads and the start time (fields 3, 20, 22).
struct Stat {
    state: char,
    threads: u32,
    started: u64,
}

impl Stat {
    fn read(id: i32) -> Option<Stat> {
        let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // Field 2 is the name in parentheses and may hold anything: count from the last closing one.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let state = fields.first()?.chars().next()?;
        Some(Stat { state, threads: fields.get(17)?.parse().ok()?, started: fields.get(19)?.parse().ok()? })
    }

    /// Whether nothing of the process runs any more. A zombie whose other threads are still ending may
    /// still hold its sockets, so it does not count.
    fn gone(&self) -> bool {
        self.state == 'X' || (self.state == 'Z' && self.threads <= 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_id_and_start_time() {
        let here = Process::current().unwrap();
        assert!(here.alive());
        assert_eq!(Process::parse(&here.to_string()), Some(here));
        let earlier = Process { started: here.started - 1, ..here };
        assert!(!earlier.alive(), "a reused id must not be taken for the process");
    }

    #[test]
    fn a_killed_process_is_gone_and_an_old_record_of_it_is_not_loaded() {
        let folder = std::env::temp_dir().join(format!("xtask-process-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let process = Process::spawn(Command::new("sleep").arg("600"), &folder.join("log"), "sleep").unwrap();
        process.save(&folder.join("process")).unwrap();
        assert_eq!(Process::load(&folder.join("process")), Some(process));
        assert!(process.end(Signal::KILL, Duration::from_secs(60)));
        assert_eq!(Process::load(&folder.join("process")), None);
        fs::remove_dir_all(folder).unwrap();
    }
}
