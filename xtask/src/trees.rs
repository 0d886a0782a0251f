//! `cargo xtask ci trees`: what a crate brings along. Rules: the trees are Cargo's own, for one target, so that every machine counts the
//! same; what the README says of them is compared with them, not believed.

use std::collections::BTreeSet;
use std::fs;

use crate::failure::{Context, Failure};
use crate::gate::cargo;
use crate::run;
use crate::state::workspace;

/// For which the README counts.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// What of tokio may be in the tree of `pool-smol`: the channels and the I/O traits that hyper and h2 are written with. No reactor, no
/// timer and no executor.
const WITHOUT_RUNTIME: [&str; 4] = ["default", "sync", "io-util", "bytes"];

/// What `deny.toml` has notices of. All of it comes with surf, so nobody may have it but who depends on surf.
const NOTED: [&str; 6] = ["surf", "http-types", "http-client", "async-std", "aes-soft", "cpuid-bool"];

/// The crates for users that have nothing of surf's.
const UNTOUCHED: [&str; 8] = [
    "pool-async",
    "pool-compat",
    "pool-http",
    "pool-hyper",
    "pool-monitor",
    "pool-recorder",
    "pool-supabase",
    "pool-tokio",
];

/// Checks all of it.
pub(crate) fn trees() -> Result<(), Failure> {
    the_core_has_none()?;
    smol_has_no_runtime_of_tokios()?;
    surf_is_in_no_other()?;
    the_readme_counts_right()
}

/// A crate of somebody else's in a tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Foreign {
    /// With its version.
    name: String,
    features: Vec<String>,
}

impl Foreign {
    fn is(&self, name: &str) -> bool {
        self.name.split(' ').next() == Some(name)
    }
}

/// All that `krate` needs from other people, by default or with every feature.
fn foreign(krate: &str, more: &[&str]) -> Result<BTreeSet<Foreign>, Failure> {
    let arguments = ["tree", "--edges", "normal", "--package", krate, "--prefix", "none", "--no-dedupe"];
    let mut tree = cargo(&arguments);
    tree.args(["--format", "{p}\t{f}", "--target", TARGET, "--locked"]).args(more);
    let text = run::capture(&mut tree, &format!("the dependencies of {krate} cannot be listed"))?;
    Ok(text.lines().filter_map(parse).collect())
}

/// One line of `cargo tree`; `None` for a crate of this workspace, of which the tree shows where it is.
fn parse(line: &str) -> Option<Foreign> {
    let (package, features) = line.split_once('\t')?;
    if package.contains("(/") {
        return None;
    }
    let name = package.trim_end_matches(" (proc-macro)").to_owned();
    let features = features.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    Some(Foreign { name, features })
}

fn the_core_has_none() -> Result<(), Failure> {
    let mut tree = cargo(&["tree", "--package", "pool-core", "--locked"]);
    let text = run::capture(&mut tree, "the dependencies of pool-core cannot be listed")?;
    if text.lines().count() == 1 {
        return Ok(());
    }
    Err(Failure::new("pool-core has dependencies")
        .command(run::line(&tree))
        .said(&text)
        .mend("take them out of crates/pool-core/Cargo.toml"))
}

fn smol_has_no_runtime_of_tokios() -> Result<(), Failure> {
    for found in foreign("pool-smol", &["--all-features"])? {
        let allowed: &[&str] = match &found {
            tokio if tokio.is("tokio") => &WITHOUT_RUNTIME,
            // Its features are HTTP clients and what only they need.
            surf if surf.is("surf") || surf.is("http-client") => &[],
            _ => continue,
        };
        if let Some(feature) = found.features.iter().find(|feature| !allowed.contains(&feature.as_str())) {
            let name = &found.name;
            return Err(Failure::new(format!(
                "in the tree of pool-smol, {name} has the feature `{feature}`"
            ))
            .mend(format!(
                "cargo tree -e features -p pool-smol -i {name} says who asks for it",
                name = name.replace(" v", "@")
            )));
        }
    }
    Ok(())
}

fn surf_is_in_no_other() -> Result<(), Failure> {
    for krate in UNTOUCHED {
        let tree = foreign(krate, &["--all-features"])?;
        if let Some(noted) = tree.iter().find(|found| NOTED.iter().any(|name| found.is(name))) {
            let name = &noted.name;
            return Err(Failure::new(format!("{krate} brings {name}, of which deny.toml has a notice"))
                .mend("keep what comes with surf in pool-smol"));
        }
    }
    Ok(())
}

/// What the README says: a crate, and how many of other people's it brings.
#[derive(Debug, PartialEq, Eq)]
struct Claim<'t> {
    krate: &'t str,
    count: &'t str,
}

/// The claims of the table under "Which crate".
fn claims(readme: &str) -> Vec<Claim<'_>> {
    let section = readme.split("\n## Which crate\n").nth(1).unwrap_or_default();
    let table = section.lines().skip_while(|line| !line.starts_with('|'));
    let rows = table.take_while(|line| line.starts_with('|')).skip(2);
    rows.filter_map(|row| {
        let mut cells = row.trim_matches('|').split('|').map(str::trim);
        let (_, what, count) = (cells.next()?, cells.next()?, cells.next()?);
        Some(Claim { krate: what.split('`').nth(1)?, count })
    })
    .collect()
}

fn the_readme_counts_right() -> Result<(), Failure> {
    let readme = workspace().join("README.md");
    let text = fs::read_to_string(&readme).context(|| format!("cannot read {}", readme.display()))?;
    let claims = claims(&text);
    if claims.is_empty() {
        return Err(Failure::new(format!("{} has no table under \"Which crate\"", readme.display())));
    }
    for Claim { krate, count } in claims {
        // One that is built for the compiler too has two lines, if its features differ there.
        let tree = foreign(krate, &[])?;
        let counted = tree.iter().map(|found| &found.name).collect::<BTreeSet<_>>().len();
        if count != counted.to_string() {
            return Err(Failure::new(format!(
                "the README says that {krate} brings {count} crates of other people's; it brings {counted}"
            ))
            .mend("write the right number into the table under \"Which crate\""));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_tree_is_a_crate_of_somebody_elses_or_one_of_ours() {
        let tokio = parse("tokio v1.54.1\tbytes,sync").unwrap();
        assert!(tokio.is("tokio") && !tokio.is("tok"));
        assert_eq!(tokio.features, ["bytes", "sync"]);
        let derive = parse("serde_derive v1.0.1 (proc-macro)\t").unwrap();
        assert_eq!((derive.name.as_str(), derive.features.len()), ("serde_derive v1.0.1", 0));
        assert_eq!(parse("pool-core v0.1.0 (/anywhere/crates/pool-core)\t"), None);
    }

    #[test]
    fn the_claims_of_the_readme_are_those_of_one_table() {
        let readme = "# x\n| a | `b` | 1 |\n\n## Which crate\n\n| you | depend on | others |\n|---|---|---:|\n\
                      | use it | `pool-x`: its `y` | 12 |\n| that | `pool-z` | 0 |\n\ntext\n\n| p | `q` | 3 |\n";
        let expected = [Claim { krate: "pool-x", count: "12" }, Claim { krate: "pool-z", count: "0" }];
        assert_eq!(claims(readme), expected);
        assert_eq!(claims("nothing"), []);
    }
}
