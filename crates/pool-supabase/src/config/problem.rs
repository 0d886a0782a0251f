//! Everything that is wrong with a configuration, at once.

use std::borrow::Cow;
use std::fmt;

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    problems: Vec<Problem>,
}

impl ConfigError {
    /// The problems, in the order of the settings.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

/// One setting that is wrong: its name and what to do about it. Of a URL or a key, never the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    name: Cow<'static, str>,
    says: String,
}

impl Problem {
    /// The setting: a variable of the environment, or a field.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.says)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is not valid: ")?;
        for (n, problem) in self.problems.iter().enumerate() {
            let separator = if n == 0 { "" } else { "; " };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// Collects problems.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn add(&mut self, name: impl Into<Cow<'static, str>>, says: impl fmt::Display) {
        self.0.push(Problem { name: name.into(), says: says.to_string() });
    }

    /// The value, or its error as a problem of `name`.
    pub(crate) fn take<T, E: fmt::Display>(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        result: Result<T, E>,
    ) -> Option<T> {
        result.map_err(|error| self.add(name, error)).ok()
    }

    /// `value`, if nothing is wrong.
    pub(crate) fn none_or<T>(self, value: Option<T>) -> Result<T, ConfigError> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(ConfigError { problems: self.0 }),
        }
    }
}
