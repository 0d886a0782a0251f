//! Running commands. Rules: a command that cannot start and one that exits non-zero both become a
//! [`Failure`] with the command line; arguments are shown, environment values never.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitStatus, Output, Stdio};

use crate::failure::Failure;
use crate::state::workspace;

/// The command as one would type it, without its environment.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let quoted = words.map(|word| {
        let word = word.to_string_lossy();
        if word.is_empty() || word.contains([' ', '"', '\'', '$', ';']) {
            format!("'{word}'")
        } else {
            word.into()
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

/// Runs to the end without input and gives back what it wrote to standard output.
pub(crate) fn capture(command: &mut Command, what: &str) -> Result<String, Failure> {
    let output = output(command.stdin(Stdio::null()), what)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(failed(command, what, output.status).said(&String::from_utf8_lossy(&said)))
}

/// Runs to the end and says only whether it succeeded.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// Runs to the end with this terminal's input and output.
pub(crate) fn show(command: &mut Command, what: &str) -> Result<(), Failure> {
    let status = command.status().map_err(|error| cannot_start(command, what, &error))?;
    if status.success() { Ok(()) } else { Err(failed(command, what, status)) }
}

/// Runs to the end, shows every line of standard output as it comes, and hands it to `each` as well.
pub(crate) fn watch(command: &mut Command, what: &str, mut each: impl FnMut(&str)) -> Result<(), Failure> {
    stream(command, what, |text| {
        println!("{text}");
        each(text);
    })
}

/// Runs to the end and hands every line of standard output to `each`; shows all it said, both ways, if it fails.
pub(crate) fn listen(command: &mut Command, what: &str, mut each: impl FnMut(&str)) -> Result<(), Failure> {
    let errors = std::env::temp_dir().join(format!("xtask-{}-{what}", std::process::id()));
    let mut said = String::new();
    if let Ok(file) = std::fs::File::create(&errors) {
        command.stderr(file);
    }
    let done = stream(command, what, |text| {
        said.push_str(text);
        said.push('\n');
        each(text);
    });
    said.push_str(&std::fs::read_to_string(&errors).unwrap_or_default());
    let _ = std::fs::remove_file(&errors);
    done.map_err(|failure| keep(failure.said(&said), what, &said))
}

/// Leaves all that was said in a file: a history that was found by chance must not be lost with the lines above the last ones.
fn keep(failure: Failure, what: &str, said: &str) -> Failure {
    let folder = workspace().join("target/said");
    let file = folder.join(format!("{what}.log"));
    match std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&file, said)) {
        Ok(()) => failure.mend(format!("all that it said is in {}", file.display())),
        Err(_) => failure,
    }
}

/// Runs to the end and hands over every line of standard output as it comes.
fn stream(command: &mut Command, what: &str, mut each: impl FnMut(&str)) -> Result<(), Failure> {
    let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = started.map_err(|error| cannot_start(command, what, &error))?;
    if let Some(stdout) = child.stdout.take() {
        for text in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
            let text = String::from_utf8_lossy(&text);
            each(&text);
        }
    }
    let status = child.wait().map_err(|error| cannot_start(command, what, &error))?;
    if status.success() { Ok(()) } else { Err(failed(command, what, status)) }
}

/// Whether `program` is found on the `PATH`.
pub(crate) fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| executable(&folder.join(program)))
}

/// Whether `path` is a file that someone may execute.
pub(crate) fn executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

fn output(command: &mut Command, what: &str) -> Result<Output, Failure> {
    command.output().map_err(|error| cannot_start(command, what, &error))
}

fn cannot_start(command: &Command, what: &str, error: &std::io::Error) -> Failure {
    Failure::new(format!("{what}: the command cannot run: {error}")).command(line(command))
}

fn failed(command: &Command, what: &str, status: ExitStatus) -> Failure {
    Failure::new(format!("{what}: {status}")).command(line(command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_command_shows_its_line_and_output_but_no_environment() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo out; echo err >&2; exit 3"]).env("PGPASSWORD", "tops3cret");
        let text = capture(&mut command, "the step").unwrap_err().to_string();
        for part in ["the step: exit status: 3", "command: sh -c 'echo out;", "| out", "| err"] {
            assert!(text.contains(part), "{part:?} is missing in {text}");
        }
        assert!(!text.contains("tops3cret"), "{text}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let text = capture(&mut Command::new("no-such-program-here"), "the step").unwrap_err().to_string();
        assert!(text.contains("cannot run") && text.contains("no-such-program-here"), "{text}");
        assert!(!on_path("no-such-program-here") && on_path("sh"));
    }

    #[test]
    fn watch_hands_over_every_line() {
        let mut seen = Vec::new();
        let mut command = Command::new("sh");
        watch(command.args(["-c", "echo a; printf b"]), "the step", |text| seen.push(text.to_owned()))
            .unwrap();
        assert_eq!(seen, ["a", "b"]);
    }
}
