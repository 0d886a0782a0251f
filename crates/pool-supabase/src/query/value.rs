//! Values in filters, and the three ways in which PostgREST reads them.
//!
//! | where | written as | unquoted it ends at |
//! |---|---|---|
//! | `column=eq.…` | as it is | the end of the parameter |
//! | `in.(…)`, and any value inside `or=(…)` | in double quotes if it has to be; `"` and `\` escaped by `\` | `,` `)` |
//! | `{…}`, a PostgreSQL array | likewise | `,` `}` |
//!
//! Percent-encoding comes after all of this and is not done here.

use std::borrow::Cow;
use std::fmt::Display;

/// A value to compare with. There is no null: `eq.null` compares with the text "null"; use
/// [`is_null`](super::Query::is_null). So an `Option` is not a value:
///
/// ```compile_fail
/// # use pool_supabase::FilterValue;
/// let value: FilterValue = Some(1).into();
/// ```
///
/// ```
/// use pool_supabase::FilterValue;
///
/// let number: FilterValue = 7.into();
/// let text: FilterValue = "O'Hara, \"Scarlett\"".into();
/// let other = FilterValue::text(std::net::Ipv4Addr::LOCALHOST);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterValue(pub(super) String);

impl FilterValue {
    /// Anything by its text, such as a UUID or a date.
    pub fn text(value: impl Display) -> Self {
        FilterValue(value.to_string())
    }
}

macro_rules! by_text {
    ($($type:ty)*) => { $(
        impl From<$type> for FilterValue {
            fn from(value: $type) -> Self {
                FilterValue::text(value)
            }
        }
    )* };
}

by_text!(bool char i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize &str &String Cow<'_, str>);

impl From<String> for FilterValue {
    fn from(value: String) -> Self {
        FilterValue(value)
    }
}

/// Infinities are spelled as PostgreSQL does.
impl From<f64> for FilterValue {
    fn from(value: f64) -> Self {
        if value.is_infinite() {
            return FilterValue::text(if value > 0.0 { "Infinity" } else { "-Infinity" });
        }
        FilterValue::text(value)
    }
}

impl From<f32> for FilterValue {
    fn from(value: f32) -> Self {
        // By its own text: widened to f64 first, 0.1 would become 0.10000000149011612.
        if value.is_infinite() { f64::from(value).into() } else { FilterValue::text(value) }
    }
}

/// Writes an element of `in.(…)`, or a value inside `or=(…)`.
pub(super) fn write_element(out: &mut String, value: &str) {
    const SPECIAL: [char; 8] = [',', '(', ')', '"', '\\', '{', '}', '\''];
    let at_ends = value.starts_with(char::is_whitespace) || value.ends_with(char::is_whitespace);
    if value.is_empty() || at_ends || value.contains(SPECIAL) {
        write_quoted(out, value);
    } else {
        out.push_str(value);
    }
}

/// Writes `value` in double quotes.
pub(super) fn write_quoted(out: &mut String, value: &str) {
    out.push('"');
    for c in value.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

/// Writes `(…)` for `in`.
pub(super) fn write_list(out: &mut String, values: &[String]) {
    out.push('(');
    for (n, value) in values.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        write_element(out, value);
    }
    // PostgREST takes a list of one empty text for the empty list, and would match nothing; twice the same is the same.
    if let [only] = values
        && only.is_empty()
    {
        out.push_str(",\"\"");
    }
    out.push(')');
}

/// A PostgreSQL array. Every element is quoted: a bare `null` would be null.
pub(super) fn array(values: &[String]) -> String {
    let mut out = String::from("{");
    for (n, value) in values.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        write_quoted(&mut out, value);
    }
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_is_quoted_only_if_it_has_to_be() {
        let cases = [
            ("1", "1"),
            ("two words", "two words"),
            ("a.b:c", "a.b:c"),
            ("", "\"\""),
            (" x", "\" x\""),
            ("a,b", "\"a,b\""),
            ("(x)", "\"(x)\""),
            ("say \"hi\"", r#""say \"hi\"""#),
            (r"c:\d", r#""c:\\d""#),
            ("{1}", "\"{1}\""),
        ];
        for (value, expected) in cases {
            let mut out = String::new();
            write_element(&mut out, value);
            assert_eq!(out, expected, "{value:?}");
        }
    }

    #[test]
    fn lists_and_arrays_have_their_own_empty_forms() {
        let list = |values: &[&str]| {
            let mut out = String::new();
            write_list(&mut out, &values.iter().map(|&value| value.to_owned()).collect::<Vec<_>>());
            out
        };
        assert_eq!(list(&[]), "()");
        assert_eq!(list(&[""]), "(\"\",\"\")");
        assert_eq!(list(&["1", "", "b,c"]), "(1,\"\",\"b,c\")");
        assert_eq!(array(&[]), "{}");
        assert_eq!(array(&["null".into(), "a\"b\\".into()]), r#"{"null","a\"b\\"}"#);
    }

    #[test]
    fn numbers_are_spelled_as_postgresql_reads_them() {
        let text = |value: FilterValue| value.0;
        assert_eq!(text(0.1_f32.into()), "0.1");
        assert_eq!(text(f64::INFINITY.into()), "Infinity");
        assert_eq!(text(f32::NEG_INFINITY.into()), "-Infinity");
        assert_eq!(text(f64::NAN.into()), "NaN");
        assert_eq!(text(i64::MIN.into()), "-9223372036854775808");
        assert_eq!(text(true.into()), "true");
    }
}
