//! Runs the tests against one mutant after the other, the cheap ones first, until one fails.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Failure;
use crate::build::Program;

/// A run of one test program.
pub(crate) struct Stage {
    pub(crate) program: &'static str,
    pub(crate) arguments: &'static [&'static str],
    /// What `POOL_WORLD_TIMES` is set to.
    pub(crate) times: &'static str,
}

/// What became of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// A test failed.
    Caught {
        stage: usize,
    },
    /// No test ended in time: the mutant runs for ever.
    TimedOut {
        stage: usize,
    },
    Missed,
}

/// Runs the stages without a mutant: how long each takes.
pub(crate) fn baseline(
    programs: &BTreeMap<String, Program>,
    stages: &[Stage],
) -> Result<Vec<Duration>, Failure> {
    let limit = Duration::from_secs(600);
    let run = |stage: &Stage| match run(programs, stage, None, limit)? {
        (Some(true), took) => Ok(took),
        _ => Err(format!("{} {:?} fails without a mutant", stage.program, stage.arguments).into()),
    };
    stages.iter().map(run).collect()
}

/// Runs the stages until one fails.
pub(crate) fn judge(
    programs: &BTreeMap<String, Program>,
    stages: &[Stage],
    baseline: &[Duration],
    mutant: usize,
) -> Result<Fate, Failure> {
    for (number, (stage, usual)) in stages.iter().zip(baseline).enumerate() {
        let limit = *usual * 8 + Duration::from_secs(3);
        match run(programs, stage, Some(mutant), limit)?.0 {
            Some(true) => {}
            Some(false) => return Ok(Fate::Caught { stage: number }),
            None => return Ok(Fate::TimedOut { stage: number }),
        }
    }
    Ok(Fate::Missed)
}

/// Whether it passed (nothing: it did not end), and how long it took.
fn run(
    programs: &BTreeMap<String, Program>,
    stage: &Stage,
    mutant: Option<usize>,
    limit: Duration,
) -> Result<(Option<bool>, Duration), Failure> {
    let program = programs.get(stage.program).ok_or_else(|| format!("no test program {}", stage.program))?;
    // A mutant may allocate for ever.
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -v 6000000; exec \"$@\"", "sh"]).arg(&program.path).args(stage.arguments);
    command.current_dir(&program.folder).stdout(Stdio::null()).stderr(Stdio::null());
    command.env("POOL_WORLD_TIMES", stage.times).env("PROPTEST_MAX_SHRINK_ITERS", "0");
    command.env("RUST_BACKTRACE", "0");
    if let Some(mutant) = mutant {
        command.env("POOL_MUTANT", mutant.to_string());
    }
    let start = Instant::now();
    let mut child = command.spawn()?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((Some(status.success()), start.elapsed()));
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok((None, start.elapsed()));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
