//! Which tests judge a mutant, in which order, and what became of it.
//!
//! Rules kept here: the test that caught a mutant the last time is asked first; then the stages, in the order of how many mutants
//! each catches a second; the first failure is the end.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::build::Built;
use crate::run::{End, Run};

/// A run of one test program.
pub(crate) struct Stage {
    program: &'static str,
    arguments: &'static [&'static str],
    times: &'static str,
    strict: bool,
}

/// No test of the pure core catches a panic; some of the driver's do, since backends may panic.
const fn core(program: &'static str, arguments: &'static [&'static str], times: &'static str) -> Stage {
    Stage { program, arguments, times, strict: true }
}

const fn driver(program: &'static str) -> Stage {
    Stage { program, arguments: &[], times: "1", strict: false }
}

const UNIT: Stage = core("pool-core/pool-core", &[], "1");
const DRIVER: [Stage; 4] = [
    driver("pool-async/pool-async"),
    driver("pool-async/it"),
    driver("pool-async/allocations"),
    driver("pool-async/blocking"),
];
const STORIES: &[&str] =
    &["stories_callers::", "stories_health::", "stories_load::", "regressions::", "matrix::"];
/// All but those, the explorations, and the tests of pages that are made from the sources as they were.
const RANDOM: &[&str] = &[
    "--skip",
    "stories_",
    "--skip",
    "exhaustive::",
    "--skip",
    "docs::",
    "--skip",
    "invariants::",
    "--skip",
    "planted::",
];

/// The tests that judge a mutant of that package; without the dear ones for a first look.
pub(crate) fn stages(package: &str, quick: bool) -> Vec<Stage> {
    if package == "pool-async" {
        return DRIVER.into();
    }
    let mut stages = vec![UNIT, core("pool-world/it", STORIES, "1"), core("pool-world/it", RANDOM, "0.01")];
    stages.extend(DRIVER);
    if !quick {
        stages.push(core("pool-world/alloc", &[], "1"));
        stages.push(core("pool-world/it", &["exhaustive"], "0.02"));
        stages.push(core("pool-world/it", RANDOM, "0.1"));
        stages.push(core("pool-world/it", &["exhaustive"], "0.2"));
    }
    stages
}

/// What became of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// A test failed.
    Caught,
    /// A test did not end: the mutant runs for ever, or lets somebody wait for ever.
    TimedOut,
    Missed,
}

/// What caught a mutant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Killer {
    program: String,
    /// The test, or the stage's arguments if it is not known which.
    arguments: Vec<String>,
    times: String,
    strict: bool,
}

/// What caught the mutants of former runs, by their keys.
pub(crate) struct Memory {
    file: PathBuf,
    killers: Mutex<BTreeMap<String, Killer>>,
}

impl Memory {
    pub(crate) fn read(file: PathBuf) -> Memory {
        let text = fs::read_to_string(&file).unwrap_or_default();
        Memory { file, killers: Mutex::new(serde_json::from_str(&text).unwrap_or_default()) }
    }

    /// Written now and then, so that a run that is stopped has not learned in vain.
    pub(crate) fn write(&self) -> Result<(), Failure> {
        Ok(fs::write(&self.file, serde_json::to_string_pretty(&*self.lock()?)?)?)
    }

    fn lock(&self) -> Result<MutexGuard<'_, BTreeMap<String, Killer>>, Failure> {
        self.killers.lock().map_err(|_| "a worker has panicked".into())
    }
}

/// The stages, and how long each takes when nothing is wrong.
pub(crate) struct Bench<'a> {
    built: &'a Built,
    stages: Vec<(Stage, Duration)>,
}

impl<'a> Bench<'a> {
    /// Runs every stage without a mutant.
    pub(crate) fn new(built: &'a Built, stages: Vec<Stage>) -> Result<Bench<'a>, Failure> {
        let time = |stage: Stage| match stage.run().run(&built.programs, None, Duration::from_secs(600))? {
            (End::Passed, took) => Ok((stage, took)),
            (end, _) => {
                Err(format!("{} {:?} without a mutant: {end:?}", stage.program, stage.arguments).into())
            }
        };
        Ok(Bench { built, stages: stages.into_iter().map(time).collect::<Result<_, Failure>>()? })
    }

    /// What a mutant costs that no test notices, and where that time goes.
    pub(crate) fn usual(&self) -> String {
        let seconds = |time: Duration| format!("{:.2}", time.as_secs_f64());
        let each: Vec<String> = self.stages.iter().map(|(_, took)| seconds(*took)).collect();
        let all = self.stages.iter().map(|(_, took)| *took).sum();
        format!("{} s ({})", seconds(all), each.join(" + "))
    }

    /// Runs what caught it the last time, then the stages, until a test fails. Also the place of the stage that caught it.
    pub(crate) fn judge(&self, number: usize, key: &str, memory: &Memory) -> Result<(Fate, usize), Failure> {
        let known = memory.lock()?.get(key).cloned();
        if let Some(killer) = known {
            let place = self.stages.iter().position(|(stage, _)| killer.is_of(stage));
            if let Some(place) = place
                && let fate @ (Fate::Caught | Fate::TimedOut) = self.try_out(&killer.run(), place, number)?.0
            {
                return Ok((fate, place));
            }
        }
        for (place, (stage, _)) in self.stages.iter().enumerate() {
            let (fate, name) = self.try_out(&stage.run(), place, number)?;
            if fate == Fate::Missed {
                continue;
            }
            let killer = Killer::of(stage, name);
            // Real threads on a busy machine: one failure may be an accident, two are the mutant.
            let accident = fate == Fate::Caught && !stage.strict && self.spares(&killer, place, number)?;
            if !accident {
                memory.lock()?.insert(key.to_owned(), killer);
                return Ok((fate, place));
            }
        }
        memory.lock()?.remove(key);
        Ok((Fate::Missed, self.stages.len()))
    }

    /// Whether the test that has failed passes when it is asked again.
    fn spares(&self, killer: &Killer, place: usize, number: usize) -> Result<bool, Failure> {
        Ok(self.try_out(&killer.run(), place, number)?.0 == Fate::Missed)
    }

    fn try_out(&self, run: &Run<'_>, place: usize, number: usize) -> Result<(Fate, Option<String>), Failure> {
        // The machine may be busier now than it was when the stage was timed.
        let limit = self.stages[place].1 * 8 + Duration::from_secs(4);
        Ok(match run.run(&self.built.programs, Some(number), limit)?.0 {
            End::Passed => (Fate::Missed, None),
            End::Failed(name) => (Fate::Caught, name),
            End::TimedOut => (Fate::TimedOut, None),
        })
    }
}

impl Stage {
    fn run(&self) -> Run<'static> {
        let Stage { program, arguments, times, strict } = *self;
        Run { program, arguments: arguments.to_vec(), times, strict }
    }
}

impl Killer {
    fn of(stage: &Stage, test: Option<String>) -> Killer {
        let arguments = match test {
            Some(test) => vec!["--exact".to_owned(), test],
            None => stage.arguments.iter().map(|&word| word.to_owned()).collect(),
        };
        let (program, times) = (stage.program.to_owned(), stage.times.to_owned());
        Killer { program, arguments, times, strict: stage.strict }
    }

    fn is_of(&self, stage: &Stage) -> bool {
        self.program == stage.program && self.times == stage.times && self.strict == stage.strict
    }

    fn run(&self) -> Run<'_> {
        let arguments = self.arguments.iter().map(String::as_str).collect();
        Run { program: &self.program, arguments, times: &self.times, strict: self.strict }
    }
}
