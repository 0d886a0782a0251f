//! Error codes of PostgREST and PostgreSQL, parsed once.

use std::fmt;

/// The code of an error answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// `PGRSTnnn`: PostgREST's own.
    Postgrest(u16),
    /// `PGRSTX00`: PostgREST's internal error.
    PostgrestInternal,
    /// A SQLSTATE, passed through from PostgreSQL or raised by a function there.
    SqlState(SqlState),
    /// An empty one: PostgREST 12 passes on, with status 400, what the database's client library says without a SQLSTATE when
    /// the connection to the database is lost in mid-query.
    Empty,
    /// Any other.
    Other(String),
}

/// The five characters of a SQLSTATE.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SqlState([u8; 5]);

impl SqlState {
    /// The code, if it is five upper-case letters or digits.
    pub fn parse(code: &str) -> Option<Self> {
        let bytes: [u8; 5] = code.as_bytes().try_into().ok()?;
        bytes.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()).then_some(SqlState(bytes))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for SqlState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqlState({})", self.as_str())
    }
}

impl fmt::Display for SqlState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Code {
    /// What `code` is; never fails, since whatever is not known is [`Code::Other`].
    pub fn parse(code: &str) -> Self {
        if code.is_empty() {
            return Code::Empty;
        }
        let own = code.strip_prefix("PGRST").filter(|rest| rest.len() == 3);
        if own == Some("X00") {
            return Code::PostgrestInternal;
        }
        if let Some(number) = own.filter(|rest| rest.bytes().all(|byte| byte.is_ascii_digit())) {
            return number.parse().map_or_else(|_| Code::Other(code.to_owned()), Code::Postgrest);
        }
        SqlState::parse(code).map_or_else(|| Code::Other(code.to_owned()), Code::SqlState)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Code::Postgrest(number) => write!(f, "PGRST{number:03}"),
            Code::PostgrestInternal => f.write_str("PGRSTX00"),
            Code::SqlState(state) => write!(f, "{state}"),
            Code::Empty => Ok(()),
            Code::Other(code) => f.write_str(code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_apart_and_printed_as_they_came() {
        let sql = |code| Code::SqlState(SqlState::parse(code).unwrap());
        let cases = [
            ("PGRST000", Code::Postgrest(0)),
            ("PGRST303", Code::Postgrest(303)),
            ("PGRSTX00", Code::PostgrestInternal),
            ("42P01", sql("42P01")),
            ("PT429", sql("PT429")),
            ("PGRST", sql("PGRST")),
            ("PGRST1", Code::Other("PGRST1".into())),
            ("PGRST+12", Code::Other("PGRST+12".into())),
            ("not_found", Code::Other("not_found".into())),
            ("4é1", Code::Other("4é1".into())),
            ("", Code::Empty),
        ];
        for (text, code) in cases {
            assert_eq!(Code::parse(text), code);
            assert_eq!(code.to_string(), text);
        }
    }
}
