//! `cargo xtask …`: the command line over the library. Rules: a failure is printed once, on standard
//! error, with what mends it, and the exit status is 1; a command that is not known shows the usage and exits with 2.

use std::process::ExitCode;

use xtask::{Failure, Pair};

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test [ARGUMENT…]           setup, then every test, or what the arguments for `cargo test` choose;
                             ends with the line `N passed, N failed`
  ci [STEP…]                 the whole gate, or these steps of it: format, lints, docs, core-targets,
                             trees, dependencies, tests
  model                      the driver's races alone, under the model checker, and what they have covered
  planted [--docs]           ten known bugs of other pools in this one, and which engine finds each; --docs puts
                             the table into docs/planted.md
  prove [--times N] [--readme] [STEP…]
                             every engine at N times its usual length (20): engines, model, planted,
                             mutants, fuzz; prints what each has covered; --readme puts the table there
  fuzz [SECONDS]             every fuzzer for so long (60 each), from the corpus on; needs nightly and cargo-fuzz
  bench [PART…] [--short] [--docs]
                             what things cost, by parts: core, pools, http, faults; gate compares
                             instructions with the baseline, baseline writes it anew; --docs puts the
                             tables there
  setup                      install what is missing (PostgreSQL, PostgREST), start both
  start | stop | status      the two servers on loopback, without installing
  restart postgres|postgrest stop one in order and start it again
  kill postgres|postgrest    end one as in a crash; start brings it back
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["test", ref chosen @ ..] => xtask::test(chosen),
        ["ci", ref chosen @ ..] => xtask::ci(chosen),
        ["model"] => xtask::model(),
        ["planted", ref words @ ..] => xtask::planted(words),
        ["prove", ref words @ ..] => xtask::prove(words),
        ["fuzz", ref words @ ..] => xtask::fuzz(words),
        ["bench", ref words @ ..] => xtask::bench(words),
        ["setup"] => Pair::setup().map(|pair| println!("{}", pair.describe())),
        ["start"] => Pair::ensure().map(|pair| println!("{}", pair.describe())),
        ["stop"] => stop(),
        ["status"] => status(),
        ["restart", server] => with(server, Pair::restart_postgres, Pair::restart_postgrest),
        ["kill", server] => with(server, Pair::kill_postgres, Pair::kill_postgrest),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn stop() -> Result<(), Failure> {
    match Pair::existing()? {
        Some(pair) => pair.stop(),
        None => Ok(()),
    }
}

fn status() -> Result<(), Failure> {
    let pair = set_up()?;
    println!("{}", pair.describe());
    if pair.is_up() { Ok(()) } else { Err(Failure::new("not both servers are up").mend("cargo xtask start")) }
}

/// Does to one server of the shared pair what the command says.
fn with(server: &str, postgres: Step, postgrest: Step) -> Result<(), Failure> {
    match server {
        "postgres" => postgres(&set_up()?),
        "postgrest" => postgrest(&set_up()?),
        other => Err(Failure::new(format!("`{other}` is no server: it is `postgres` or `postgrest`"))),
    }
}

type Step = fn(&Pair) -> Result<(), Failure>;

fn set_up() -> Result<Pair, Failure> {
    Pair::existing()?.ok_or_else(|| {
        Failure::new("the servers were never set up in this checkout").mend("cargo xtask setup")
    })
}
