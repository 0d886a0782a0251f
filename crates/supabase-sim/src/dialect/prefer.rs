//! The `Prefer` header.
//!
//! Rules: several headers are one list; a preference that is not understood is PGRST122 whatever `handling` says,
//! because a test server that ignores what it is asked hides mistakes.

use crate::errors::ApiError;

/// What a write answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Return {
    Minimal,
    HeadersOnly,
    Representation,
}

/// What an insert does with rows that are there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resolution {
    Merge,
    Ignore,
}

/// Everything that was preferred.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prefer {
    pub(crate) returns: Option<Return>,
    pub(crate) resolution: Option<Resolution>,
    /// `count=…`: all three kinds count exactly here, the tables are small.
    pub(crate) count: Option<&'static str>,
    pub(crate) missing_default: bool,
    strict: bool,
    max_affected: Option<usize>,
}

impl Prefer {
    pub(crate) fn parse<'a>(headers: impl Iterator<Item = &'a str>) -> Result<Self, ApiError> {
        let mut prefer = Self::default();
        for preference in headers.flat_map(|header| header.split(',')).map(str::trim) {
            if !preference.is_empty() {
                prefer.take(preference)?;
            }
        }
        Ok(prefer)
    }

    fn take(&mut self, preference: &str) -> Result<(), ApiError> {
        match preference {
            "return=minimal" => self.returns = Some(Return::Minimal),
            "return=headers-only" => self.returns = Some(Return::HeadersOnly),
            "return=representation" => self.returns = Some(Return::Representation),
            "resolution=merge-duplicates" => self.resolution = Some(Resolution::Merge),
            "resolution=ignore-duplicates" => self.resolution = Some(Resolution::Ignore),
            "count=exact" => self.count = Some("count=exact"),
            "count=planned" => self.count = Some("count=planned"),
            "count=estimated" => self.count = Some("count=estimated"),
            "missing=default" => self.missing_default = true,
            "missing=null" => self.missing_default = false,
            "handling=strict" => self.strict = true,
            "handling=lenient" => self.strict = false,
            other => {
                let limit = other.strip_prefix("max-affected=").and_then(|limit| limit.parse().ok());
                self.max_affected = Some(limit.ok_or_else(|| ApiError::preference(other))?);
            }
        }
        Ok(())
    }

    /// The limit of rows a write may affect; as in PostgREST it holds only with `handling=strict`.
    pub(crate) fn check_affected(&self, rows: usize) -> Result<(), ApiError> {
        match self.max_affected {
            Some(limit) if self.strict && rows > limit => {
                Err(ApiError::new(400, "PGRST124", "Query result exceeds max-affected preference constraint")
                    .details(format!("The query affects {rows} rows")))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The `Preference-Applied` header, in PostgREST's order. A function has no use for those of writes.
    pub(crate) fn applied(&self, function: bool) -> Option<String> {
        let resolution = self.resolution.map(|resolution| match resolution {
            Resolution::Merge => "resolution=merge-duplicates",
            Resolution::Ignore => "resolution=ignore-duplicates",
        });
        let returns = self.returns.map(|returns| match returns {
            Return::Minimal => "return=minimal",
            Return::HeadersOnly => "return=headers-only",
            Return::Representation => "return=representation",
        });
        let missing = self.missing_default.then_some("missing=default");
        let of_writes = [resolution, missing, returns].into_iter().filter(|_| !function);
        let strict = self.strict.then_some("handling=strict");
        let applied: Vec<&str> = of_writes.chain([self.count, strict]).flatten().collect();
        (!applied.is_empty()).then(|| applied.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::{Prefer, Resolution, Return};

    #[test]
    fn headers_join_and_strangers_are_refused() {
        let headers =
            ["return=representation, count=planned", "resolution=ignore-duplicates,missing=default"];
        let prefer = Prefer::parse(headers.into_iter()).expect("all are known");
        assert_eq!(prefer.returns, Some(Return::Representation));
        assert_eq!(prefer.resolution, Some(Resolution::Ignore));
        assert!(prefer.missing_default);
        let applied = "resolution=ignore-duplicates, missing=default, return=representation, count=planned";
        assert_eq!(prefer.applied(false).as_deref(), Some(applied));
        assert_eq!(prefer.applied(true).as_deref(), Some("count=planned"));
        for stranger in ["tx=rollback", "return=everything", "max-affected=few"] {
            let refused = Prefer::parse([stranger].into_iter()).map_err(|error| error.code);
            assert_eq!(refused, Err("PGRST122"), "{stranger}");
        }
    }

    #[test]
    fn max_affected_holds_only_when_strict() {
        let lenient = Prefer::parse(["max-affected=1"].into_iter()).expect("it is known");
        assert_eq!(lenient.check_affected(2), Ok(()));
        let strict = Prefer::parse(["handling=strict,max-affected=1"].into_iter()).expect("it is known");
        assert_eq!(strict.check_affected(2).map_err(|error| error.code), Err("PGRST124"));
    }
}
