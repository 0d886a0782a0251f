//! One cell of a table: the types the schema uses, how a text or a JSON value becomes one, and how it is printed.
//!
//! Rules: a value that PostgreSQL would refuse for the type is refused with the same SQLSTATE; `numeric` keeps two
//! digits exactly (never a float); texts are ordered by their bytes (the `C` collation).

use std::fmt::Write as _;

use serde_json::Value;

use super::time;
use crate::errors::ApiError;

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Bigint,
    Integer,
    Boolean,
    Numeric,
    Text,
    TextArray,
    Timestamptz,
}

/// A value. Values of one column are all of one variant, or `Null`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Datum {
    Null,
    Bool(bool),
    Int(i64),
    /// Hundredths: the schema says `numeric(8,2)`.
    Numeric(i64),
    Text(String),
    Texts(Vec<String>),
    /// Microseconds since the Unix epoch.
    Timestamp(i64),
}

impl Type {
    /// The name PostgreSQL uses in its messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bigint => "bigint",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Numeric => "numeric",
            Self::Text => "text",
            Self::TextArray => "text[]",
            Self::Timestamptz => "timestamp with time zone",
        }
    }

    /// Reads the text of a literal, as PostgreSQL casts an unknown literal to the type.
    pub(crate) fn parse(self, text: &str) -> Result<Datum, ApiError> {
        let invalid = || ApiError::invalid_input(self.name(), text);
        match self {
            Self::Bigint => parse_integer(self, text, i64::MIN, i64::MAX),
            Self::Integer => parse_integer(self, text, i32::MIN.into(), i32::MAX.into()),
            Self::Boolean => parse_boolean(text).map(Datum::Bool).ok_or_else(invalid),
            Self::Numeric => parse_hundredths(text.trim()).ok_or_else(invalid).and_then(within_precision),
            Self::Text => Ok(Datum::Text(text.to_owned())),
            Self::TextArray => parse_array(text).map(Datum::Texts).ok_or_else(|| malformed_array(text)),
            Self::Timestamptz => time::parse(text).map(Datum::Timestamp).ok_or_else(|| {
                ApiError::new(
                    400,
                    "22007",
                    format!("invalid input syntax for type {}: \"{text}\"", self.name()),
                )
            }),
        }
    }

    /// Reads a JSON value, as `json_populate_recordset` does: scalars by way of their text.
    pub(crate) fn read_json(self, value: &Value) -> Result<Datum, ApiError> {
        match value {
            Value::Null => Ok(Datum::Null),
            Value::String(text) => self.parse(text),
            Value::Array(elements) if self == Self::TextArray => {
                Ok(Datum::Texts(elements.iter().map(element_text).collect()))
            }
            Value::Bool(_) | Value::Number(_) | Value::Object(_) if self == Self::TextArray => {
                Err(ApiError::new(400, "22P02", "expected JSON array"))
            }
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                self.parse(&value.to_string())
            }
        }
    }
}

fn element_text(element: &Value) -> String {
    element.as_str().map_or_else(|| element.to_string(), str::to_owned)
}

fn malformed_array(text: &str) -> ApiError {
    ApiError::new(400, "22P02", format!("malformed array literal: \"{text}\""))
        .details("Array value must start with \"{\" or dimension information.")
}

fn parse_integer(of: Type, text: &str, least: i64, most: i64) -> Result<Datum, ApiError> {
    let trimmed = text.trim();
    let digits = trimmed.strip_prefix(['-', '+']).unwrap_or(trimmed);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ApiError::invalid_input(of.name(), text));
    }
    let fits = trimmed.parse().ok().filter(|value| (least..=most).contains(value));
    fits.map(Datum::Int).ok_or_else(|| {
        ApiError::new(400, "22003", format!("value \"{text}\" is out of range for type {}", of.name()))
    })
}

fn parse_boolean(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "t" | "true" | "y" | "yes" | "on" | "1" => Some(true),
        "f" | "false" | "n" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// Reads a decimal and rounds it half away from zero to hundredths, as an assignment to `numeric(8,2)` does.
fn parse_hundredths(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let only_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || whole.len() > 15 || !only_digits(whole) || !only_digits(fraction)
    {
        return None;
    }
    let thousandths: i64 = format!("{whole}{fraction:0<3.3}").parse().ok()?;
    let hundredths = (thousandths + 5) / 10;
    Some(if negative { -hundredths } else { hundredths })
}

fn within_precision(hundredths: i64) -> Result<Datum, ApiError> {
    if hundredths.abs() < 100_000_000 {
        return Ok(Datum::Numeric(hundredths));
    }
    Err(ApiError::new(400, "22003", "numeric field overflow")
        .details("A field with precision 8, scale 2 must round to an absolute value less than 10^6."))
}

/// Reads `{a,"b c",d}`; an unquoted `NULL` and nested arrays are not in the schema's use and refused.
pub(crate) fn parse_array(text: &str) -> Option<Vec<String>> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut elements = Vec::new();
    let mut rest = inner.chars().peekable();
    if inner.trim().is_empty() {
        return Some(elements);
    }
    loop {
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        let mut element = String::new();
        if rest.next_if_eq(&'"').is_some() {
            loop {
                match rest.next()? {
                    '"' => break,
                    '\\' => element.push(rest.next()?),
                    other => element.push(other),
                }
            }
            while rest.next_if(|c| c.is_whitespace()).is_some() {}
        } else {
            while let Some(c) = rest.next_if(|c| !matches!(c, ',' | '"' | '{' | '}')) {
                element.push(if c == '\\' { rest.next()? } else { c });
            }
            element.truncate(element.trim_end().len());
            if element.is_empty() || element.eq_ignore_ascii_case("null") {
                return None;
            }
        }
        elements.push(element);
        match rest.next() {
            None => return Some(elements),
            Some(',') => {}
            Some(_) => return None,
        }
    }
}

impl Datum {
    /// Text in the inner form; shorthand for the seed and for rows made by functions.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn is_null(&self) -> bool {
        *self == Self::Null
    }

    /// Appends the JSON form.
    pub(crate) fn write_json(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Int(_) | Self::Numeric(_) => out.push_str(&self.to_string()),
            Self::Text(text) => write_string(out, text),
            Self::Timestamp(micros) => write_string(out, &time::format(*micros)),
            Self::Texts(texts) => {
                out.push('[');
                for (index, text) in texts.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_string(out, text);
                }
                out.push(']');
            }
        }
    }
}

/// Appends a JSON string.
pub(crate) fn write_string(out: &mut String, text: &str) {
    out.push_str(&Value::from(text).to_string());
}

impl std::fmt::Display for Datum {
    /// The text form, as PostgreSQL prints it in the details of an error.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => f.write_str(if *value { "t" } else { "f" }),
            Self::Int(value) => write!(f, "{value}"),
            Self::Numeric(hundredths) => {
                let sign = if *hundredths < 0 { "-" } else { "" };
                let absolute = hundredths.unsigned_abs();
                write!(f, "{sign}{}.{:02}", absolute / 100, absolute % 100)
            }
            Self::Text(text) => f.write_str(text),
            Self::Timestamp(micros) => {
                f.write_str(&time::format(*micros).replace('T', " ").replace("+00:00", "+00"))
            }
            Self::Texts(texts) => {
                f.write_char('{')?;
                f.write_str(&texts.join(","))?;
                f.write_char('}')
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Datum, Type, parse_array};

    #[test]
    fn numerics_are_exact_and_rounded_half_up() {
        for (text, printed) in [("49.9", "49.90"), ("-0.005", "-0.01"), ("7", "7.00"), (".5", "0.50")] {
            assert_eq!(Type::Numeric.parse(text).map(|datum| datum.to_string()).as_deref(), Ok(printed));
        }
        assert_eq!(Type::Numeric.parse("1e3").map_err(|error| error.code), Err("22P02"));
    }

    #[test]
    fn integers_out_of_range_are_told_from_nonsense() {
        assert_eq!(Type::Integer.parse("2147483648").map_err(|error| error.code), Err("22003"));
        assert_eq!(Type::Integer.parse("3.5").map_err(|error| error.code), Err("22P02"));
        assert_eq!(Type::Bigint.parse("-9223372036854775808"), Ok(Datum::Int(i64::MIN)));
    }

    #[test]
    fn array_literals_unquote() {
        let parsed = parse_array(r#"{rust, "a,b" ,"say \"hi\"",back\\slash}"#);
        let expected = ["rust", "a,b", "say \"hi\"", "back\\slash"].map(str::to_owned).to_vec();
        assert_eq!(parsed, Some(expected));
        assert_eq!(parse_array("{}"), Some(Vec::new()));
        for wrong in ["a,b", "{a,,b}", "{\"a}", "{a}b"] {
            assert_eq!(parse_array(wrong), None, "{wrong}");
        }
    }
}
