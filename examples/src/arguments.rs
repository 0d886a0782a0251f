//! What can be said on the command line.

use std::time::Duration;

/// What was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arguments {
    /// How long the example runs, for those that have a length, if it was said.
    pub length: Option<Duration>,
    /// The port to listen on, for those that listen, if it was said; with 0 the system chooses.
    pub port: Option<u16>,
    /// Whether queries that write may run against a project of the user's.
    pub writes: Writes,
}

/// Whether queries that write may run against a project of the user's. Against the simulator they always run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Writes {
    /// They are left out.
    #[default]
    LeftOut,
    /// They run.
    Run,
}

/// What else can come of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Help was asked for.
    Help,
    /// Something cannot be understood; what, and what is allowed.
    Wrong(String),
}

/// The lengths that leave time for something to happen and to recover, in seconds.
const LENGTHS: std::ops::RangeInclusive<u64> = 3..=600;

impl Arguments {
    /// Reads what follows the program's name.
    ///
    /// # Errors
    ///
    /// Help was asked for, or something is not understood.
    pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Arguments, Refusal> {
        let mut arguments = Arguments { length: None, port: None, writes: Writes::LeftOut };
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "-h" | "--help" => return Err(Refusal::Help),
                "--write" => arguments.writes = Writes::Run,
                "--seconds" => arguments.length = Some(seconds(&words.next().unwrap_or_default())?),
                "--port" => arguments.port = Some(port(&words.next().unwrap_or_default())?),
                _ => {
                    return Err(Refusal::Wrong(format!(
                        "the argument {word:?} is not known: use --seconds N, --port N, --write or --help"
                    )));
                }
            }
        }
        Ok(arguments)
    }
}

fn seconds(word: &str) -> Result<Duration, Refusal> {
    match word.parse() {
        Ok(seconds) if LENGTHS.contains(&seconds) => Ok(Duration::from_secs(seconds)),
        Ok(_) | Err(_) => Err(Refusal::Wrong(format!(
            "--seconds is {word:?}: allowed is a whole number from {} to {}",
            LENGTHS.start(),
            LENGTHS.end()
        ))),
    }
}

fn port(word: &str) -> Result<u16, Refusal> {
    word.parse()
        .map_err(|_| Refusal::Wrong(format!("--port is {word:?}: allowed is a whole number from 0 to 65535")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, Refusal> {
        Arguments::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn what_is_said_is_heard() {
        let said = parse("--write --seconds 20").unwrap();
        assert_eq!((said.length, said.writes), (Some(Duration::from_secs(20)), Writes::Run));
        assert_eq!(parse("--port 9090").unwrap().port, Some(9090));
        assert_eq!(parse(""), Ok(Arguments { length: None, port: None, writes: Writes::LeftOut }));
        assert_eq!(parse("--write -h"), Err(Refusal::Help));
    }

    #[test]
    fn what_is_not_understood_is_named_with_what_is_allowed() {
        for (line, names) in [
            ("--fast", "--fast"),
            ("--seconds 2", "\"2\""),
            ("--seconds x", "\"x\""),
            ("--seconds", "from 3"),
            ("--port 70000", "\"70000\""),
            ("--port", "65535"),
        ] {
            let Err(Refusal::Wrong(says)) = parse(line) else { panic!("{line} was accepted") };
            assert!(says.contains(names), "{says}");
        }
    }
}
