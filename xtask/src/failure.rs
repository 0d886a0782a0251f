//! What a failed step says. Rules: it names what failed, the command with the last lines that the
//! command said, and the command that mends it. Environment values are never shown: secrets live there.

use std::fmt;

/// How many of a failed command's last lines are worth reading.
const LAST_LINES: usize = 12;

/// A step that did not succeed: what, with which command, and what mends it.
pub struct Failure {
    what: String,
    command: Option<String>,
    said: Vec<String>,
    mend: Option<String>,
}

impl Failure {
    /// A failure of `what`, a clause such as `PostgREST did not become ready within 60 s`.
    pub fn new(what: impl Into<String>) -> Self {
        Failure { what: what.into(), command: None, said: Vec::new(), mend: None }
    }

    /// Names the command that failed.
    #[must_use]
    pub fn command(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }

    /// Keeps the last lines of what the command (or the server's log) said.
    #[must_use]
    pub fn said(mut self, output: &str) -> Self {
        let lines: Vec<&str> = output.lines().filter(|line| !line.trim().is_empty()).collect();
        self.said =
            lines.iter().skip(lines.len().saturating_sub(LAST_LINES)).map(ToString::to_string).collect();
        self
    }

    /// Names the command, or the change, that mends it.
    #[must_use]
    pub fn mend(mut self, mend: impl Into<String>) -> Self {
        self.mend = Some(mend.into());
        self
    }

    /// What failed, with the last line that was said about it.
    pub(crate) fn in_one_line(&self) -> String {
        match self.said.last() {
            Some(last) => format!("{} ({})", self.what, last.trim()),
            None => self.what.clone(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        if let Some(command) = &self.command {
            write!(f, "\n  command: {command}")?;
        }
        for line in &self.said {
            write!(f, "\n  | {line}")?;
        }
        if let Some(mend) = &self.mend {
            write!(f, "\n  to mend it: {mend}")?;
        }
        Ok(())
    }
}

/// The same text as `Display`: a test's `unwrap` then prints the mending command readably.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Failure {}

/// Turns an I/O error into a [`Failure`] that names what was being done.
pub(crate) trait Context<T> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T> Context<T> for std::io::Result<T> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(format!("{}: {error}", what())))
    }
}

#[cfg(test)]
mod tests {
    use super::Failure;

    #[test]
    fn says_what_with_which_command_the_last_lines_and_what_mends_it() {
        let output: String = (1..=20).map(|n| format!("line {n}\n\n")).collect();
        let failure = Failure::new("the cluster did not start").command("pg_ctl start").said(&output);
        let failure = failure.mend("cargo xtask setup");
        assert_eq!(failure.in_one_line(), "the cluster did not start (line 20)");
        let text = failure.to_string();
        assert!(
            text.starts_with("the cluster did not start\n  command: pg_ctl start\n  | line 9\n"),
            "{text}"
        );
        assert!(text.ends_with("| line 20\n  to mend it: cargo xtask setup"), "{text}");
    }
}
