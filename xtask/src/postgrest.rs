//! One PostgREST process on loopback. Rules: it is configured by its environment alone (no file holds
//! a password, no argument shows one); it counts as up when its admin port says ready *and* a row was
//! served; its process is remembered on disk, so that any command or test can end it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;

use crate::account::clean;
use crate::failure::Failure;
use crate::net::{self, Answer};
use crate::process::{Process, tail, until};

/// How long a start may take; a loaded machine needs some.
const START: Duration = Duration::from_secs(60);

/// How long a stop may take before the process is killed.
const STOP: Duration = Duration::from_secs(10);

/// How long one request for readiness may take.
const ASK: Duration = Duration::from_secs(5);

/// How much PostgREST takes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Its own connections to PostgreSQL. Default: 10, as hosted projects have.
    pub connections: u16,
    /// Whole seconds that a request waits for one of them before PGRST003. Default: 10.
    pub acquisition_timeout: u16,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { connections: 10, acquisition_timeout: 10 }
    }
}

/// A PostgREST: where its process and log are remembered, its ports, and what it is told.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    /// Holds `process` and `log`.
    pub(crate) folder: PathBuf,
    pub(crate) program: PathBuf,
    pub(crate) port: u16,
    pub(crate) admin: u16,
    pub(crate) database: String,
    pub(crate) jwt_secret: String,
    pub(crate) limits: Limits,
}

impl Server {
    /// Starts the process and waits until it serves; nothing when it already does.
    pub(crate) fn start(&self) -> Result<(), Failure> {
        if self.process().is_none() {
            self.spawn()?;
        }
        self.wait_ready()
    }

    /// Waits until rows are served.
    pub(crate) fn wait_ready(&self) -> Result<(), Failure> {
        let outcome = until(START, || {
            if self.process().is_none() { Some(Err("ended")) } else { self.ready().then_some(Ok(())) }
        });
        let what = match outcome {
            Some(Ok(())) => return Ok(()),
            Some(Err(_)) => format!("PostgREST on 127.0.0.1:{} has ended", self.port),
            None => format!("PostgREST on 127.0.0.1:{} was not ready within {START:?}", self.port),
        };
        Err(Failure::new(what).said(&tail(&self.log())).mend("cargo xtask setup"))
    }

    /// Whether rows are served at this moment.
    pub(crate) fn ready(&self) -> bool {
        let good = |answer: std::io::Result<Answer>| answer.is_ok_and(|answer| answer.status == 200);
        good(net::get(self.admin, "/ready", None, ASK))
            && good(net::get(self.port, "/blogs?select=id&limit=1", None, ASK))
    }

    /// Ends the process in order: requests that run are finished first.
    pub(crate) fn stop(&self) -> Result<(), Failure> {
        match self.process() {
            Some(process) if !process.end(Signal::TERM, STOP) => self.kill(),
            _ => Ok(()),
        }
    }

    /// Ends the process at once, as in a crash, and waits until it is gone.
    pub(crate) fn kill(&self) -> Result<(), Failure> {
        end(&self.folder)
    }

    pub(crate) fn process(&self) -> Option<Process> {
        Process::load(&self.folder.join("process"))
    }

    fn spawn(&self) -> Result<(), Failure> {
        let mut command = clean(&self.program);
        let settings = [
            ("DB_URI", self.database.clone()),
            ("DB_SCHEMAS", "public".into()),
            ("DB_ANON_ROLE", "anon".into()),
            ("DB_POOL", self.limits.connections.to_string()),
            ("DB_POOL_ACQUISITION_TIMEOUT", self.limits.acquisition_timeout.to_string()),
            ("JWT_SECRET", self.jwt_secret.clone()),
            ("SERVER_HOST", "127.0.0.1".into()),
            ("SERVER_PORT", self.port.to_string()),
            ("ADMIN_SERVER_PORT", self.admin.to_string()),
            ("LOG_LEVEL", "error".into()),
        ];
        command.envs(settings.map(|(name, value)| (format!("PGRST_{name}"), value)));
        Process::spawn(&mut command, &self.log(), "PostgREST")?.save(&self.folder.join("process"))
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }
}

/// Kills the PostgREST that is remembered in this folder, if it still runs.
pub(crate) fn end(folder: &Path) -> Result<(), Failure> {
    match Process::load(&folder.join("process")) {
        Some(process) if !process.end(Signal::KILL, STOP) => {
            Err(Failure::new(format!("PostgREST (process {process}) did not end within {STOP:?} of a kill")))
        }
        _ => Ok(()),
    }
}
