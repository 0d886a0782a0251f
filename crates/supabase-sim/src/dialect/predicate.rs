//! A filter bound to the columns of a relation: what decides whether a row is meant.
//!
//! Rules: three-valued logic as in SQL (`None` is unknown), and a row is meant only when the answer is true.

use super::filter::{Compare, Is};
use crate::data::Datum;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Predicate {
    All(Vec<Predicate>),
    Any(Vec<Predicate>),
    Not(Box<Predicate>),
    Test { column: usize, test: BoundTest },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BoundTest {
    Compare(Compare, Datum),
    Like { insensitive: bool, pattern: String },
    In(Vec<Datum>),
    Is(Is),
    IsDistinct(Datum),
    Contains(Vec<String>),
    ContainedBy(Vec<String>),
    Overlaps(Vec<String>),
}

impl Predicate {
    /// Whether the row is meant.
    pub(crate) fn admits(&self, row: &[Datum]) -> bool {
        self.test(row) == Some(true)
    }

    fn test(&self, row: &[Datum]) -> Option<bool> {
        match self {
            Self::All(parts) => fold(parts, row, false),
            Self::Any(parts) => fold(parts, row, true),
            Self::Not(inner) => inner.test(row).map(|truth| !truth),
            Self::Test { column, test } => test.test(&row[*column]),
        }
    }
}

/// `or` when `decisive` is true, `and` when it is false: one decisive part decides, else one unknown makes unknown.
fn fold(parts: &[Predicate], row: &[Datum], decisive: bool) -> Option<bool> {
    let mut unknown = false;
    for part in parts {
        match part.test(row) {
            Some(truth) if truth == decisive => return Some(decisive),
            Some(_) => {}
            None => unknown = true,
        }
    }
    (!unknown).then_some(!decisive)
}

impl BoundTest {
    fn test(&self, value: &Datum) -> Option<bool> {
        match self {
            Self::Is(is) => return Some(is_true(*is, value)),
            Self::IsDistinct(other) => return Some(value != other),
            Self::Compare(..)
            | Self::Like { .. }
            | Self::In(_)
            | Self::Contains(_)
            | Self::ContainedBy(_)
            | Self::Overlaps(_) => {}
        }
        if value.is_null() {
            return None;
        }
        Some(match self {
            Self::Compare(compare, other) => compare.holds(value, other),
            Self::Like { insensitive, pattern } => match value {
                Datum::Text(text) if *insensitive => like(&text.to_lowercase(), &pattern.to_lowercase()),
                Datum::Text(text) => like(text, pattern),
                Datum::Null
                | Datum::Bool(_)
                | Datum::Int(_)
                | Datum::Numeric(_)
                | Datum::Texts(_)
                | Datum::Timestamp(_) => false,
            },
            Self::In(values) => values.contains(value),
            Self::Contains(wanted) => {
                elements(value).is_some_and(|own| wanted.iter().all(|one| own.contains(one)))
            }
            Self::ContainedBy(bound) => {
                elements(value).is_some_and(|own| own.iter().all(|one| bound.contains(one)))
            }
            Self::Overlaps(others) => {
                elements(value).is_some_and(|own| own.iter().any(|one| others.contains(one)))
            }
            Self::Is(_) | Self::IsDistinct(_) => false,
        })
    }
}

fn elements(value: &Datum) -> Option<&[String]> {
    if let Datum::Texts(texts) = value { Some(texts) } else { None }
}

fn is_true(is: Is, value: &Datum) -> bool {
    match is {
        Is::Null | Is::Unknown => value.is_null(),
        Is::NotNull => !value.is_null(),
        Is::True => *value == Datum::Bool(true),
        Is::False => *value == Datum::Bool(false),
    }
}

impl Compare {
    fn holds(self, left: &Datum, right: &Datum) -> bool {
        match self {
            Self::Eq => left == right,
            Self::Neq => left != right,
            Self::Gt => left > right,
            Self::Gte => left >= right,
            Self::Lt => left < right,
            Self::Lte => left <= right,
        }
    }
}

/// SQL `LIKE` with `%`, `_` and the escape `\`; linear space, no recursion: after a failure it goes back to the last `%`.
fn like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let tokens = tokens(pattern);
    let (mut at, mut token) = (0, 0);
    let mut resume: Option<(usize, usize)> = None;
    while at < text.len() || token < tokens.len() {
        match tokens.get(token) {
            Some(Token::Many) => {
                token += 1;
                resume = Some((at, token));
                continue;
            }
            Some(one) if at < text.len() && one.accepts(text[at]) => {
                at += 1;
                token += 1;
                continue;
            }
            Some(_) | None => {}
        }
        let Some((from, after)) = resume.filter(|(from, _)| *from < text.len()) else { return false };
        resume = Some((from + 1, after));
        (at, token) = (from + 1, after);
    }
    true
}

#[derive(Clone, Copy)]
enum Token {
    Many,
    Any,
    Exactly(char),
}

impl Token {
    fn accepts(self, c: char) -> bool {
        match self {
            Self::Any => true,
            Self::Exactly(wanted) => wanted == c,
            Self::Many => false,
        }
    }
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        tokens.push(match c {
            '%' => Token::Many,
            '_' => Token::Any,
            '\\' => Token::Exactly(rest.next().unwrap_or('\\')),
            other => Token::Exactly(other),
        });
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::{BoundTest, Predicate, like};
    use crate::data::Datum;
    use crate::dialect::filter::{Compare, Is};

    #[test]
    fn like_knows_its_wildcards() {
        for (text, pattern) in [
            ("", ""),
            ("", "%"),
            ("banana", "%ana"),
            ("banana", "b%n%a"),
            ("banana", "_anan_"),
            ("100%", "100\\%"),
            ("aXbXc", "%X_"),
        ] {
            assert!(like(text, pattern), "{text} like {pattern}");
        }
        for (text, pattern) in
            [("", "_"), ("banana", "ana"), ("banana", "%x%"), ("1000", "100\\%"), ("ab", "a")]
        {
            assert!(!like(text, pattern), "{text} not like {pattern}");
        }
    }

    #[test]
    fn unknown_is_neither_true_nor_false() {
        let row = [Datum::Null];
        let equal = Predicate::Test { column: 0, test: BoundTest::Compare(Compare::Eq, Datum::Int(1)) };
        let is_null = Predicate::Test { column: 0, test: BoundTest::Is(Is::Null) };
        assert!(!equal.admits(&row));
        assert!(!Predicate::Not(Box::new(equal.clone())).admits(&row));
        assert!(Predicate::Any(vec![equal.clone(), is_null.clone()]).admits(&row));
        assert!(!Predicate::All(vec![equal, is_null]).admits(&row));
    }
}
