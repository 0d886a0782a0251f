//! A real PostgREST over a real PostgreSQL, for tests and for use by hand. Rules: the shared pair is
//! changed only under the lock; what a test owns ends with the value that owns it; readiness is asked
//! for, never waited out. `make` has the ways to come by one.

mod make;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::failure::{Context, Failure};
use crate::net::{self, Answer};
use crate::postgres::{Cluster, DATABASE, Stop};
use crate::postgrest::Server;
use crate::state::{Lock, State};

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

    /// How many connections PostgREST has, as the kernel counts them at the server's side. One that the
    /// client has closed already no longer counts. The kernel's table is not read in one instant: a
    /// connection that is replaced meanwhile may be seen twice, so an excess must be seen again to be one.
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
        if let Err(failure) = make::remove(folder, &self.cluster.programs, self.cluster.account) {
            eprintln!("{failure}");
        }
    }
}
