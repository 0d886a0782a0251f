//! The engines over a pool with a known bug in it (`--cfg planted`): a proof of the engines themselves.
//!
//! The program runs itself once for each bug and engine, with the bug's number in `POOL_PLANTED`, at the engine's ordinary length. The
//! first panic is the find, and ends that run. Where an engine compares what is made of a tape, the oracle is silent while that is taped:
//! so what is found is found by the comparison.

use std::io::Write;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::process::{Command, exit};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use pool_core::Bug;

use crate::op::Op;
use crate::world::World;

/// The bug's number, for a program that is to have it.
const VARIABLE: &str = "POOL_PLANTED";
/// Set: each engine is tried on each bug. Not set: one after the other, until one finds it.
const TABLE: &str = "POOL_PLANTED_TABLE";
/// How a program ends that has found it: as one whose tests failed.
const FOUND: i32 = 101;

static CHOSEN: OnceLock<(Option<Bug>, Instant)> = OnceLock::new();
static MUTED: AtomicBool = AtomicBool::new(false);
static STEPS: AtomicU64 = AtomicU64::new(0);

/// Plants what the environment names, once, and has the first panic told as the find.
pub fn begin() {
    CHOSEN.get_or_init(|| {
        let bug = std::env::var(VARIABLE).ok().map(|number| {
            let known = number.parse().ok().and_then(|n: usize| Bug::ALL.get(n.checked_sub(1)?).copied());
            known.unwrap_or_else(|| panic!("{VARIABLE} is `{number}`: it takes a number from 1 to 10"))
        });
        if bug.is_some() {
            Bug::plant(bug);
            std::panic::set_hook(Box::new(found));
        }
        (bug, Instant::now())
    });
}

/// A call of the pool, or another step that an engine counts in.
pub fn step() {
    STEPS.fetch_add(1, Ordering::Relaxed);
}

fn found(panic: &PanicHookInfo<'_>) {
    if is_muted() {
        return;
    }
    let (payload, fixed) = (panic.payload(), panic.payload().downcast_ref::<&str>());
    let message = payload.downcast_ref::<String>().map_or(fixed.copied().unwrap_or_default(), String::as_str);
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    let by_test = || invariant(&name.replace("_i", " I")).filter(|_| message.contains("assertion"));
    let broken = invariant(message).or_else(by_test).unwrap_or_else(|| last_resort(message).to_owned());
    let seconds = CHOSEN.get().map_or(0.0, |chosen| chosen.1.elapsed().as_secs_f64());
    let steps = STEPS.load(Ordering::Relaxed);
    // Not by `println`, whose words a test keeps to itself.
    let _ = writeln!(std::io::stdout(), "\nfound: {broken} {steps} {seconds:.2}\n{message}");
    exit(FOUND);
}

/// The first word that is the number of an invariant: `I17b`.
fn invariant(text: &str) -> Option<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let number = |word: &&str| {
        let digits = word.strip_prefix('I').map(|rest| rest.trim_end_matches('b'));
        digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    words.into_iter().find(number).map(str::to_owned)
}

/// The model checker's word, or that there was a panic.
fn last_resort(message: &str) -> &'static str {
    if message.contains("deadlock") { "deadlock" } else { "panic" }
}

/// As long as it lives, nobody judges, and a panic is no find.
pub struct Muted(());

impl Muted {
    /// From here to the end of the scope.
    pub fn here() -> Muted {
        MUTED.store(true, Ordering::Relaxed);
        Muted(())
    }
}

impl Drop for Muted {
    fn drop(&mut self) {
        MUTED.store(false, Ordering::Relaxed);
    }
}

/// Whether nobody judges.
pub fn is_muted() -> bool {
    MUTED.load(Ordering::Relaxed)
}

/// Takes a step; whether it could be taken. What a silent oracle has let pass may end in a panic: then the history ends there.
pub(crate) fn apply(op: Op, world: &mut World) -> bool {
    if !is_muted() {
        op.apply(world);
        return true;
    }
    catch_unwind(AssertUnwindSafe(|| op.apply(world))).is_ok()
}

/// An engine: tests of this program, by what their names begin with.
#[derive(Clone, Copy, Debug)]
pub struct Engine {
    /// Its name in the table.
    pub name: &'static str,
    /// Its tests.
    pub tests: &'static [&'static str],
}

/// Lets the engines look for each of these bugs, and tells what came of it, a line for each pair:
///
/// ```text
/// caught: bug=GrantLost issue=launchbadge/sqlx#83 engine=histories by=I8 steps=412 seconds=0.02
/// missed: bug=GrantLost issue=launchbadge/sqlx#83 engine=naive seconds=1.20
/// ```
///
/// Panics when no engine finds one of them.
pub fn hunt(bugs: &[Bug], engines: &[Engine]) {
    let whole_table = std::env::var_os(TABLE).is_some();
    let mut escaped = Vec::new();
    for &bug in bugs {
        let mut caught = false;
        for engine in engines {
            let start = Instant::now();
            match engine.run(bug) {
                Some(find) => {
                    println!("caught: bug={bug:?} issue={} engine={} {find}", bug.issue(), engine.name);
                    caught = true;
                }
                None => {
                    let seconds = start.elapsed().as_secs_f64();
                    let (issue, engine) = (bug.issue(), engine.name);
                    println!("missed: bug={bug:?} issue={issue} engine={engine} seconds={seconds:.2}");
                }
            }
            if caught && !whole_table {
                break;
            }
        }
        if !caught {
            escaped.push(bug.issue());
        }
    }
    assert!(escaped.is_empty(), "no engine finds {escaped:?} within its ordinary length");
}

impl Engine {
    /// Runs its tests with that bug in the pool; what was found, if anything.
    fn run(&self, bug: Bug) -> Option<String> {
        let program = std::env::current_exe().expect("a test knows its own program");
        let mut command = Command::new(program);
        command.args(self.tests).args(["--test-threads=1", "--quiet"]);
        command.env(VARIABLE, (bug as u8).to_string());
        let output = command.output().unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let said = String::from_utf8_lossy(&output.stdout);
        match output.status.code() {
            Some(0) => {
                assert!(!said.contains("running 0 tests"), "{} has no test {:?}", self.name, self.tests);
                None
            }
            Some(FOUND) => {
                let find = said.lines().find_map(|line| line.strip_prefix("found: "));
                let find = find.unwrap_or_else(|| panic!("{} fails without a find:\n{said}", self.name));
                let mut words = find.split(' ');
                let mut next = || words.next().unwrap_or_default();
                Some(format!("by={} steps={} seconds={}", next(), next(), next()))
            }
            other => {
                let wrong = String::from_utf8_lossy(&output.stderr);
                panic!("{} ended with {other:?} on {bug:?}:\n{said}\n{wrong}", self.name)
            }
        }
    }
}
