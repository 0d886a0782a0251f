//! A real PostgREST over a real PostgreSQL, for tests and for use by hand. Rules: the shared pair is
//! changed only under the lock; what a test owns ends with the value that owns it, or is swept by the
//! next one if the test died; readiness is asked for, never waited out.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::account::Account;
use crate::failure::{Context, Failure};
use crate::install::Tools;
use crate::keys::Secrets;
use crate::net::{self, Answer, free_port};
use crate::postgres::{Cluster, DATABASE, Stop, end_orphan};
use crate::postgrest::{self, Limits, Server};
use crate::state::{Lock, Ports, Record, State, make_folder};

/// How often a start is tried when the chosen port was taken in between.
const TRIES: usize = 3;

/// How long one request by hand may take.
const GET: Duration = Duration::from_secs(30);

/// A PostgREST and its PostgreSQL. `Send + Sync`; every method takes `&self`, so that one thread may
/// kill a server while others use it.
#[derive(Debug)]
pub struct Pair {
    state: State,
    cluster: Cluster,
    server: Server,
    belongs: Belongs,
}

/// Which of the two servers is the test's own.
#[derive(Debug)]
enum Belongs {
    /// Neither: all commands and tests share them, and they stay up.
    Shared,
    /// The PostgREST, in this folder.
    Server(PathBuf),
    /// Both, in this folder.
    Both(PathBuf),
}

impl Pair {
    /// The pair that all share, started where it is not up. A missing program is a failure that names
    /// `cargo xtask setup`.
    ///
    /// Killing or restarting one of its servers is seen by every test that runs meanwhile: tests that do
    /// so take [`Pair::own`] or [`Pair::own_cluster`].
    pub fn ensure() -> Result<Pair, Failure> {
        let state = State::open()?;
        let tools = Tools::find(&state)?;
        let _lock = state.lock()?;
        let account = Account::find()?;
        for orphan in state.orphans(account)? {
            remove(&orphan, &tools.postgres, account)?;
        }
        let pair = Pair::shared(state, &tools, account)?;
        pair.server.start()?;
        Ok(pair)
    }

    /// Installs what is missing on this machine, then as [`Pair::ensure`].
    pub fn setup() -> Result<Pair, Failure> {
        let state = State::open()?;
        let lock = state.lock()?;
        Tools::install(&state)?;
        drop(lock);
        Pair::ensure()
    }

    /// The shared pair as it is, up or down; `None` when it was never set up here.
    pub fn existing() -> Result<Option<Pair>, Failure> {
        let state = State::open()?;
        let Some(record) = state.load()? else { return Ok(None) };
        let tools = Tools::find(&state)?;
        let account = Account::find()?;
        assemble(state, &tools, account, &record).map(Some)
    }

    /// A PostgREST of the caller's own, on its own port, over the shared PostgreSQL. Killed on drop.
    pub fn own() -> Result<Pair, Failure> {
        Pair::own_with(Limits::default())
    }

    /// As [`Pair::own`], with other limits than the default ones.
    pub fn own_with(limits: Limits) -> Result<Pair, Failure> {
        let shared = Pair::ensure()?;
        let folder = shared.state.own_folder(shared.cluster.account)?;
        let Pair { state, cluster, server, .. } = &shared;
        let server = Server { folder: folder.join("server"), limits, ..server.clone() };
        let belongs = Belongs::Server(folder);
        Pair { state: state.clone(), cluster: cluster.clone(), server, belongs }.start_own()
    }

    /// A PostgREST and a PostgreSQL of the caller's own, for tests that restart the database. It takes a
    /// few seconds to make; both are ended and removed on drop.
    pub fn own_cluster() -> Result<Pair, Failure> {
        let state = State::open()?;
        let tools = Tools::find(&state)?;
        let account = Account::find()?;
        let folder = state.own_folder(account)?;
        let record = Record { ports: Ports::choose()?, secrets: Secrets::generate()? };
        let mut pair = assemble(state, &tools, account, &record)?;
        pair.cluster.folder = folder.join("cluster");
        pair.server.folder = folder.join("server");
        pair.belongs = Belongs::Both(folder);
        pair.cluster.create()?;
        pair.cluster.start()?;
        pair.cluster.ensure_schema()?;
        pair.start_own()
    }

    /// The base URL at which the tables are served, without a slash at the end. PostgREST has no
    /// `/rest/v1` prefix: that is Supabase's gateway.
    pub fn rest_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.server.port)
    }

    /// The port of [`Pair::rest_url`].
    pub fn rest_port(&self) -> u16 {
        self.server.port
    }

    /// The port of PostgreSQL.
    pub fn postgres_port(&self) -> u16 {
        self.cluster.port
    }

    /// The key of the role `anon`.
    pub fn anon_key(&self) -> String {
        self.cluster.secrets.key("anon")
    }

    /// The key of the role `service_role`, which bypasses the row policies.
    pub fn service_key(&self) -> String {
        self.cluster.secrets.key("service_role")
    }

    /// A token of `role` (`anon`, `authenticated`, `service_role`) that expires, or has expired, at `expires`.
    pub fn token(&self, role: &str, expires: SystemTime) -> String {
        self.cluster.secrets.token(role, expires)
    }

    /// Runs SQL as the database's superuser; rows as lines, columns parted by `|`.
    pub fn sql(&self, sql: &str) -> Result<String, Failure> {
        self.cluster.query(DATABASE, sql)
    }

    /// One GET on a socket of its own, with a key where one is given.
    pub fn get(&self, path: &str, key: Option<&str>) -> Result<Answer, Failure> {
        net::get(self.server.port, path, key, GET).context(|| format!("GET {}{path}", self.rest_url()))
    }

    /// How many connections to PostgREST are open at the server's side, as the kernel counts them.
    pub fn open_sockets(&self) -> Result<usize, Failure> {
        net::open_sockets(self.server.port).context(|| "cannot read /proc/net/tcp".into())
    }

    /// Whether PostgREST serves rows at this moment.
    pub fn ready(&self) -> bool {
        self.server.ready()
    }

    /// Waits until PostgREST serves rows; a failure after 60 s, or when its process has ended.
    pub fn wait_ready(&self) -> Result<(), Failure> {
        self.server.wait_ready()
    }

    /// Kills PostgREST (SIGKILL): its connections are reset.
    pub fn kill_postgrest(&self) -> Result<(), Failure> {
        let _lock = self.lock()?;
        self.server.kill()
    }

    /// Stops PostgREST in order (SIGTERM).
    pub fn stop_postgrest(&self) -> Result<(), Failure> {
        let _lock = self.lock()?;
        self.server.stop()
    }

    /// Starts PostgREST on the same port and waits until it serves.
    pub fn start_postgrest(&self) -> Result<(), Failure> {
        let _lock = self.lock()?;
        self.server.start()
    }

    /// Stops PostgREST in order and starts it again.
    pub fn restart_postgrest(&self) -> Result<(), Failure> {
        let _lock = self.lock()?;
        self.server.stop()?;
        self.server.start()
    }

    /// Ends PostgreSQL as in a crash. Refused where it is shared with others ([`Pair::own`]).
    pub fn kill_postgres(&self) -> Result<(), Failure> {
        let _lock = self.lock_database()?;
        self.cluster.stop(Stop::Immediate)
    }

    /// Stops PostgreSQL in order. Refused where it is shared with others ([`Pair::own`]).
    pub fn stop_postgres(&self) -> Result<(), Failure> {
        let _lock = self.lock_database()?;
        self.cluster.stop(Stop::Fast)
    }

    /// Starts PostgreSQL on the same port and waits until it answers; PostgREST finds it again by itself.
    pub fn start_postgres(&self) -> Result<(), Failure> {
        let _lock = self.lock_database()?;
        self.cluster.start()
    }

    /// Stops PostgreSQL in order and starts it again. Refused where it is shared with others ([`Pair::own`]).
    pub fn restart_postgres(&self) -> Result<(), Failure> {
        let _lock = self.lock_database()?;
        self.cluster.stop(Stop::Fast)?;
        self.cluster.start()
    }

    /// Stops both servers in order.
    pub fn stop(&self) -> Result<(), Failure> {
        self.stop_postgrest()?;
        self.stop_postgres()
    }

    /// Both servers, whether they are up, and where they are: one line each.
    pub fn describe(&self) -> String {
        let word = |up| if up { "up" } else { "down" };
        let (cluster, server) = (&self.cluster, &self.server);
        format!(
            "PostgreSQL  {}  127.0.0.1:{}  database {DATABASE}  {}\nPostgREST   {}  {}  keys in {}",
            word(cluster.running()),
            cluster.port,
            cluster.folder.display(),
            word(server.ready()),
            self.rest_url(),
            self.state.record().display(),
        )
    }

    /// Whether both servers are up.
    pub fn is_up(&self) -> bool {
        self.cluster.running() && self.server.ready()
    }

    /// The shared pair with its database up; the caller holds the lock.
    fn shared(state: State, tools: &Tools, account: Account) -> Result<Pair, Failure> {
        let mut record = match state.load()? {
            Some(record) => record,
            None => Record { ports: Ports::choose()?, secrets: Secrets::generate()? },
        };
        let pair = assemble(state, tools, account, &record)?;
        let serving = pair.server.process().is_some();
        let moved =
            !pair.cluster.port_is_ours() || (!serving && !free(&[pair.server.port, pair.server.admin]));
        let pair = if moved {
            // Someone else took a port while the servers were down: both move, under the same record.
            pair.server.stop()?;
            pair.cluster.stop(Stop::Fast)?;
            record.ports = Ports::choose()?;
            assemble(pair.state.clone(), tools, account, &record)?
        } else {
            pair
        };
        if !pair.cluster.exists() {
            pair.cluster.create()?;
        }
        pair.state.save(&record)?;
        pair.cluster.start()?;
        pair.cluster.ensure_schema()?;
        Ok(pair)
    }

    /// Starts this test's own PostgREST, on other ports when the chosen ones were taken in between.
    fn start_own(mut self) -> Result<Pair, Failure> {
        make_folder(&self.server.folder)?;
        let mut last = Failure::new("PostgREST was not started");
        for _ in 0..TRIES {
            self.server.port = free_port()?;
            self.server.admin = free_port()?;
            match self.server.start() {
                Ok(()) => return Ok(self),
                Err(failure) => last = failure,
            }
            self.server.kill()?;
        }
        Err(last)
    }

    /// The lock where others share the servers.
    fn lock(&self) -> Result<Option<Lock>, Failure> {
        match self.belongs {
            Belongs::Shared => self.state.lock().map(Some),
            Belongs::Server(_) | Belongs::Both(_) => Ok(None),
        }
    }

    fn lock_database(&self) -> Result<Option<Lock>, Failure> {
        match self.belongs {
            Belongs::Server(_) => Err(Failure::new("Pair::own() shares its PostgreSQL with other tests")
                .mend("use Pair::own_cluster() in a test that stops the database")),
            Belongs::Shared | Belongs::Both(_) => self.lock(),
        }
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        let (Belongs::Server(folder) | Belongs::Both(folder)) = &self.belongs else { return };
        if let Err(failure) = remove(folder, &self.cluster.programs, self.cluster.account) {
            eprintln!("{failure}");
        }
    }
}

/// Both servers as the record says, shared.
fn assemble(state: State, tools: &Tools, account: Account, record: &Record) -> Result<Pair, Failure> {
    let Record { ports, secrets } = record;
    let cluster = Cluster {
        folder: state.home(account)?.join("cluster"),
        port: ports.postgres,
        secrets: secrets.clone(),
        programs: tools.postgres.clone(),
        account,
    };
    let server = Server {
        folder: state.folder().join("server"),
        program: tools.postgrest.clone(),
        port: ports.rest,
        admin: ports.admin,
        database: cluster.uri(),
        jwt_secret: secrets.jwt.clone(),
        limits: Limits::default(),
    };
    make_folder(&server.folder)?;
    Ok(Pair { state, cluster, server, belongs: Belongs::Shared })
}

/// Ends the servers in a test's own folder and removes it.
fn remove(folder: &Path, programs: &Path, account: Account) -> Result<(), Failure> {
    postgrest::end(&folder.join("server"))?;
    end_orphan(&folder.join("cluster"), programs, account);
    fs::remove_dir_all(folder).context(|| format!("cannot remove {}", folder.display()))
}

fn free(ports: &[u16]) -> bool {
    ports.iter().all(|&port| net::is_free(port))
}
