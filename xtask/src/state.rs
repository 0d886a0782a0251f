//! What is remembered between commands, in `.state` of the workspace (not in git). Rules: the record
//! holds secrets and is readable by its owner only; whoever changes servers that others may use holds
//! the lock; a folder of a test that died is swept by whoever comes next.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::{FlockOperation, flock};

use crate::account::Account;
use crate::failure::{Context, Failure};
use crate::keys::{Secrets, fingerprint};
use crate::net::free_port;
use crate::process::Process;

/// The ports of one pair.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    pub(crate) postgres: u16,
    pub(crate) rest: u16,
    pub(crate) admin: u16,
}

impl Ports {
    pub(crate) fn choose() -> Result<Ports, Failure> {
        Ok(Ports { postgres: free_port()?, rest: free_port()?, admin: free_port()? })
    }
}

/// What is written down about the pair that every command shares.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) ports: Ports,
    pub(crate) secrets: Secrets,
}

/// The workspace's root folder.
pub fn workspace() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// The state folder and, within it or beside it, the home of what the database's account must reach.
#[derive(Clone, Debug)]
pub(crate) struct State {
    folder: PathBuf,
}

/// Held while servers that others may use are changed; given back on drop.
pub(crate) struct Lock {
    _file: File,
}

impl State {
    pub(crate) fn open() -> Result<State, Failure> {
        let folder = workspace().join(".state");
        make_folder(&folder)?;
        Ok(State { folder })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Waits for the lock. The kernel gives it back when its holder dies.
    pub(crate) fn lock(&self) -> Result<Lock, Failure> {
        let path = self.folder.join("lock");
        let opened = File::options().create(true).truncate(false).write(true).open(&path);
        let file = opened.context(|| format!("cannot open {}", path.display()))?;
        let locked = flock(&file, FlockOperation::LockExclusive).map_err(std::io::Error::from);
        locked.context(|| format!("cannot lock {}", path.display()))?;
        Ok(Lock { _file: file })
    }

    /// Where the clusters live: the state folder where the database's account can enter it, else a
    /// folder of ours under `/var/tmp` (a checkout in root's home is closed to the `postgres` user).
    pub(crate) fn home(&self, account: Account) -> Result<PathBuf, Failure> {
        if account.can_enter(&self.folder) {
            return Ok(self.folder.clone());
        }
        let name = &fingerprint(&self.folder.to_string_lossy())[..12];
        let home = PathBuf::from(format!("/var/tmp/supabase-pool-{name}"));
        make_folder(&home)?;
        let meta = fs::symlink_metadata(&home).context(|| format!("cannot look at {}", home.display()))?;
        if meta.is_dir() && meta.uid() == rustix::process::geteuid().as_raw() {
            return Ok(home);
        }
        let what = format!("{} belongs to someone else", home.display());
        Err(Failure::new(what).mend(format!("move it away: mv {0} {0}.old", home.display())))
    }

    pub(crate) fn load(&self) -> Result<Option<Record>, Failure> {
        let path = self.record();
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(&path).context(|| format!("cannot read {}", path.display()))?;
        let broken = || {
            Failure::new(format!("{} is incomplete", path.display()))
                .mend(format!("cargo xtask stop; rm -r {}; cargo xtask setup", self.folder.display()))
        };
        Record::parse(&text).ok_or_else(broken).map(Some)
    }

    pub(crate) fn save(&self, record: &Record) -> Result<(), Failure> {
        let path = self.record();
        let opened = File::options().create(true).truncate(true).write(true).mode(0o600).open(&path);
        let written = opened.and_then(|mut file| file.write_all(record.text().as_bytes()));
        written.context(|| format!("cannot write {}", path.display()))
    }

    /// The file that holds ports and keys.
    pub(crate) fn record(&self) -> PathBuf {
        self.folder.join("pair")
    }

    /// A new folder for servers that belong to this process alone.
    pub(crate) fn own_folder(&self, account: Account) -> Result<PathBuf, Failure> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let owner = Process::current().ok_or_else(|| Failure::new("cannot read /proc/self/stat"))?;
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let own = self.home(account)?.join("own");
        make_folder(&own)?;
        let folder = own.join(format!("{owner}-{count}"));
        make_folder(&folder)?;
        Ok(folder)
    }

    /// The own folders whose process has ended without tidying up.
    pub(crate) fn orphans(&self, account: Account) -> Result<Vec<PathBuf>, Failure> {
        let Ok(entries) = fs::read_dir(self.home(account)?.join("own")) else {
            return Ok(Vec::new());
        };
        let orphan = |folder: &PathBuf| {
            let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let owner = name.rsplit_once('-').and_then(|(owner, _)| Process::parse(owner));
            owner.is_some_and(|owner| !owner.alive())
        };
        Ok(entries.filter_map(|entry| Some(entry.ok()?.path())).filter(orphan).collect())
    }
}

impl Record {
    fn text(&self) -> String {
        let Record { ports, secrets } = self;
        format!(
            "# Written by `cargo xtask setup`: a test pair on loopback. The two keys are for use by hand.\n\
             postgres_port={}\nrest_port={}\nadmin_port={}\n\
             jwt_secret={}\nsuperuser_password={}\nauthenticator_password={}\n\
             anon_key={}\nservice_key={}\n",
            ports.postgres,
            ports.rest,
            ports.admin,
            secrets.jwt,
            secrets.superuser,
            secrets.authenticator,
            secrets.key("anon"),
            secrets.key("service_role"),
        )
    }

    fn parse(text: &str) -> Option<Record> {
        let value = |name: &str| {
            let rest = |line: &'_ str| Some(line.strip_prefix(name)?.strip_prefix('=')?.to_owned());
            text.lines().find_map(rest).filter(|value| !value.is_empty())
        };
        let port = |name: &str| value(name)?.parse().ok();
        let ports =
            Ports { postgres: port("postgres_port")?, rest: port("rest_port")?, admin: port("admin_port")? };
        let secrets = Secrets {
            jwt: value("jwt_secret")?,
            superuser: value("superuser_password")?,
            authenticator: value("authenticator_password")?,
        };
        Some(Record { ports, secrets })
    }
}

/// Makes a folder that others may pass through but not list; an existing one is left as it is.
pub(crate) fn make_folder(folder: &Path) -> Result<(), Failure> {
    if !folder.is_dir() {
        DirBuilder::new()
            .mode(0o711)
            .create(folder)
            .context(|| format!("cannot create {}", folder.display()))?;
        // The umask may have taken the others' right to pass.
        let open = fs::set_permissions(folder, Permissions::from_mode(0o711));
        open.context(|| format!("cannot set the mode of {}", folder.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_what_it_wrote_and_refuses_less() {
        let ports = Ports { postgres: 1, rest: 2, admin: 3 };
        let record = Record { ports, secrets: Secrets::generate().unwrap() };
        let text = record.text();
        assert_eq!(Record::parse(&text).unwrap().text(), text);
        assert!(Record::parse(&text.replace("admin_port=3", "admin_port=")).is_none());
        assert!(Record::parse("").is_none());
    }
}
