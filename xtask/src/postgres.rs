//! One PostgreSQL cluster on loopback. Rules: TCP on 127.0.0.1 only, passwords always; a commit has
//! reached the kernel before it is acknowledged, so that killing the server loses nothing (only the
//! machine's own crash may); the database is made anew whenever the SQL in `sql/` has changed.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::account::{Account, clean};
use crate::failure::{Context, Failure};
use crate::keys::{Secrets, fingerprint};
use crate::net;
use crate::process::{tail, until};
use crate::run;
use crate::state::make_folder;

/// The database that PostgREST serves.
pub(crate) const DATABASE: &str = "app";

/// Its tables, rows, functions and rights.
const SQL: [&str; 4] = [
    include_str!("../sql/roles.sql"),
    include_str!("../sql/tables.sql"),
    include_str!("../sql/functions.sql"),
    include_str!("../sql/rows.sql"),
];

/// How long a start or a stop may take, in seconds; a loaded machine needs some.
const PATIENCE: &str = "60";

/// Settings for a test server: room for many PostgRESTs, no waiting for the disk.
const SETTINGS: &str = "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200 \
                        -c shared_buffers=64MB -c fsync=off -c full_page_writes=off";

/// How the server is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Sessions are ended, then a checkpoint.
    Fast,
    /// As in a crash: every process ends at once, the next start recovers.
    Immediate,
}

/// A cluster: its folder, port and passwords.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    /// Holds `data` and `log`.
    pub(crate) folder: PathBuf,
    pub(crate) port: u16,
    pub(crate) secrets: Secrets,
    pub(crate) programs: PathBuf,
    pub(crate) account: Account,
}

impl Cluster {
    /// Whether the cluster has been made.
    pub(crate) fn exists(&self) -> bool {
        // Written last by `create`: a set-up that was interrupted starts over.
        self.folder.join("made").exists()
    }

    /// Makes the cluster; what an interrupted attempt left is removed first.
    pub(crate) fn create(&self) -> Result<(), Failure> {
        let context = || format!("cannot prepare {}", self.folder.display());
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder).context(context)?;
        }
        make_folder(&self.folder)?;
        self.account.give(&self.folder)?;
        let password = self.folder.join("password");
        let opened = fs::File::options().create(true).truncate(true).write(true).mode(0o600).open(&password);
        opened.and_then(|mut file| file.write_all(self.secrets.superuser.as_bytes())).context(context)?;
        self.account.give(&password)?;
        let mut initdb = self.account.command(&self.programs.join("initdb"));
        initdb.arg("-D").arg(self.data()).args(["-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"]);
        initdb.arg("--auth=scram-sha-256").arg(format!("--pwfile={}", password.display()));
        run::capture(&mut initdb, "the PostgreSQL cluster cannot be made")?;
        fs::remove_file(&password).context(context)?;
        fs::write(self.folder.join("made"), "").context(context)
    }

    /// Starts the server and waits until it answers; nothing when it is already up.
    pub(crate) fn start(&self) -> Result<(), Failure> {
        if !self.running() {
            let options = format!("-p {} {SETTINGS}", self.port);
            let mut start = self.pg_ctl();
            start.arg("-l").arg(self.log()).args(["-w", "-t", PATIENCE, "-s", "-o", &options, "start"]);
            let started = run::capture(&mut start, "PostgreSQL did not start");
            started.map_err(|failure| failure.said(&tail(&self.log())).mend("cargo xtask setup"))?;
        }
        let answers = || self.query("postgres", "select 1").is_ok().then_some(());
        until(Duration::from_secs(60), answers).ok_or_else(|| {
            Failure::new(format!("PostgreSQL on 127.0.0.1:{} does not answer", self.port))
                .said(&tail(&self.log()))
                .mend("cargo xtask restart postgres")
        })
    }

    /// Ends the server and waits until it is gone; nothing when it is not up.
    pub(crate) fn stop(&self, how: Stop) -> Result<(), Failure> {
        if !self.running() {
            return Ok(());
        }
        let mode = match how {
            Stop::Fast => "fast",
            Stop::Immediate => "immediate",
        };
        let mut stop = self.pg_ctl();
        stop.args(["-w", "-t", PATIENCE, "-s", "-m", mode, "stop"]);
        run::capture(&mut stop, "PostgreSQL did not stop").map(drop)
    }

    pub(crate) fn running(&self) -> bool {
        self.data().exists() && run::succeeds(self.pg_ctl().arg("status"))
    }

    /// Whether the port may be used: by this server, or by nobody.
    pub(crate) fn port_is_ours(&self) -> bool {
        self.running() || net::is_free(self.port)
    }

    /// Makes the database from the SQL in `sql/` unless the one that is there was made from the same text.
    pub(crate) fn ensure_schema(&self) -> Result<(), Failure> {
        let text = SQL.concat();
        let mark = format!("made from {}", fingerprint(&text));
        let known = format!(
            "select shobj_description(oid, 'pg_database') from pg_database where datname = '{DATABASE}'"
        );
        if self.query("postgres", &known)? == mark {
            return Ok(());
        }
        self.query("postgres", &format!("drop database if exists {DATABASE} with (force)"))?;
        self.query("postgres", &format!("create database {DATABASE}"))?;
        // The password goes by standard input: arguments show in `ps`.
        let password = &self.secrets.authenticator;
        let text = format!(
            "{text}\nalter role authenticator password '{password}';\n\
             comment on database {DATABASE} is '{mark}';\nnotify pgrst, 'reload schema';\n"
        );
        let mut psql = self.psql(DATABASE);
        psql.args(["--single-transaction", "-f", "-"]);
        feed(&mut psql, &text, "the database's schema cannot be made")
    }

    /// Runs SQL as the superuser; rows as lines, columns parted by `|`.
    pub(crate) fn query(&self, database: &str, sql: &str) -> Result<String, Failure> {
        let mut psql = self.psql(database);
        let rows = run::capture(psql.args(["-c", sql]), "the SQL failed")?;
        Ok(rows.trim_end().to_owned())
    }

    /// The address at which PostgREST logs in.
    pub(crate) fn uri(&self) -> String {
        let password = &self.secrets.authenticator;
        format!("postgres://authenticator:{password}@127.0.0.1:{}/{DATABASE}", self.port)
    }

    fn psql(&self, database: &str) -> Command {
        let mut psql = clean(&self.programs.join("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "postgres"]);
        psql.args(["-p", &self.port.to_string(), "-d", database]);
        psql.env("PGPASSWORD", &self.secrets.superuser).env("PGCONNECT_TIMEOUT", "10");
        psql
    }

    fn pg_ctl(&self) -> Command {
        let mut command = self.account.command(&self.programs.join("pg_ctl"));
        command.arg("-D").arg(self.data());
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }
}

/// Ends whatever server runs in a cluster's folder that its owner left behind.
pub(crate) fn end_orphan(folder: &Path, programs: &Path, account: Account) {
    let data = folder.join("data");
    if data.exists() {
        let mut stop = account.command(&programs.join("pg_ctl"));
        stop.arg("-D").arg(data).args(["-w", "-t", PATIENCE, "-s", "-m", "immediate", "stop"]);
        // It fails where nothing runs, which is just as good.
        run::succeeds(&mut stop);
    }
}

/// Runs a command with `text` as its input.
fn feed(command: &mut Command, text: &str, what: &str) -> Result<(), Failure> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let line = run::line(command);
    let failed = |output: &str| Failure::new(what).command(&line).said(output);
    let done = command.spawn().and_then(|mut child| {
        // A broken pipe means that psql ended early; its own words say why.
        let written = child.stdin.take().map_or(Ok(()), |mut input| input.write_all(text.as_bytes()));
        let output = child.wait_with_output()?;
        if output.status.success() { written.map(|()| output) } else { Ok(output) }
    });
    let output = done.map_err(|error| failed(&error.to_string()))?;
    if output.status.success() { Ok(()) } else { Err(failed(&String::from_utf8_lossy(&output.stderr))) }
}
