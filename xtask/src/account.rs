//! The account that PostgreSQL runs as. Rule: PostgreSQL refuses to run as root, so under root its
//! programs run as the `postgres` system user that the Debian package makes; else as whoever we are.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::failure::{Context, Failure};

/// The system user that the Debian package makes.
const USER: &str = "postgres";

/// Whom PostgreSQL's own programs run as.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    /// User and group to change to; `None` when we are not root and stay who we are.
    other: Option<(u32, u32)>,
}

impl Account {
    pub(crate) fn find() -> Result<Account, Failure> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Account { other: None });
        }
        let users = fs::read_to_string("/etc/passwd").context(|| "cannot read /etc/passwd".into())?;
        match ids(&users) {
            Some(ids) => Ok(Account { other: Some(ids) }),
            None => Err(Failure::new(format!("there is no system user `{USER}` for PostgreSQL to run as"))
                .mend("cargo xtask setup")),
        }
    }

    /// A command that runs as this account with a clean environment: no `PG…` variable of the caller's
    /// shell may redirect it.
    pub(crate) fn command(self, program: &Path) -> Command {
        let mut command = clean(program);
        command.current_dir("/");
        if let Some((user, group)) = self.other {
            command.uid(user).gid(group);
        }
        command
    }

    /// Gives the file or folder to this account.
    pub(crate) fn give(self, path: &Path) -> Result<(), Failure> {
        let Some((user, group)) = self.other else { return Ok(()) };
        chown(path, Some(user), Some(group)).context(|| format!("cannot give {} to {USER}", path.display()))
    }

    /// Whether this account may pass through the folder and all above it.
    pub(crate) fn can_enter(self, folder: &Path) -> bool {
        let Some((user, group)) = self.other else { return true };
        folder.ancestors().all(|above| {
            above.metadata().is_ok_and(|meta| {
                let mode = meta.permissions().mode();
                let bit = match () {
                    () if meta.uid() == user => 0o100,
                    () if meta.gid() == group => 0o010,
                    () => 0o001,
                };
                mode & bit != 0
            })
        })
    }
}

/// A command without the caller's environment but for what programs need to run.
pub(crate) fn clean(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("LC_ALL", "C.UTF-8");
    command
}

fn ids(users: &str) -> Option<(u32, u32)> {
    let line = users.lines().find_map(|line| line.strip_prefix(USER)?.strip_prefix(':'))?;
    let mut fields = line.split(':').skip(1);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::ids;

    #[test]
    fn finds_the_user_and_not_one_whose_name_begins_alike() {
        let users =
            "root:x:0:0:root:/root:/bin/sh\npostgresql:x:7:8::/:/bin/sh\npostgres:x:101:104:,,,:/:/bin/sh\n";
        assert_eq!(ids(users), Some((101, 104)));
        assert_eq!(ids("root:x:0:0:root:/root:/bin/sh\n"), None);
    }
}
