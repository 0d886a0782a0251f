//! The ways to come by a pair. Rules: only `setup` installs; the shared pair is started under the lock
//! and keeps its ports; a folder whose test died is swept before anything is started.

use std::fs;
use std::path::Path;

use super::{Belongs, Pair};
use crate::account::Account;
use crate::failure::{Context, Failure};
use crate::install::Tools;
use crate::keys::Secrets;
use crate::net::{self, free_port};
use crate::postgres::{Cluster, Stop, end_orphan};
use crate::postgrest::{self, Limits, Server};
use crate::state::{Ports, Record, State, make_folder};

/// How often a start is tried when the chosen port was taken in between.
const TRIES: usize = 3;

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

    /// The shared pair with its database up; the caller holds the lock.
    fn shared(state: State, tools: &Tools, account: Account) -> Result<Pair, Failure> {
        let known = state.load()?;
        let new = known.is_none();
        let mut record = match known {
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
        if new || !pair.cluster.exists() {
            // A cluster whose passwords are no longer known is of no use: what is left of it ends.
            pair.server.kill()?;
            end_orphan(&pair.cluster.folder, &tools.postgres, account);
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
pub(super) fn remove(folder: &Path, programs: &Path, account: Account) -> Result<(), Failure> {
    postgrest::end(&folder.join("server"))?;
    end_orphan(&folder.join("cluster"), programs, account);
    fs::remove_dir_all(folder).context(|| format!("cannot remove {}", folder.display()))
}

fn free(ports: &[u16]) -> bool {
    ports.iter().all(|&port| net::is_free(port))
}
