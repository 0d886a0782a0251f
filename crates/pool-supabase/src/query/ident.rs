//! Names in queries: which are allowed, and how they are written.
//!
//! PostgREST takes a bare name of letters, digits, `_`, `$`, `-` and inner spaces, and anything else in double quotes.
//! In no name stand `/`, `?`, `..` or control characters: gateways on the way act on them. A name that PostgREST would
//! take for one of its own parameters is quoted.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stays readable in a path segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Query parameters that are neither columns nor arguments.
pub(super) const RESERVED: [&str; 9] =
    ["select", "columns", "on_conflict", "order", "limit", "offset", "and", "or", "not"];

/// What no name may contain.
fn check_common(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("is empty");
    }
    if name.contains(['/', '?']) || name.contains("..") || name.chars().any(char::is_control) {
        return Err("contains a slash, a question mark, two dots in a row or a control character");
    }
    Ok(())
}

/// The name of a table or function as a segment of the path.
pub(super) fn segment(name: &str) -> Result<String, &'static str> {
    check_common(name)?;
    if name == "." {
        return Err("is a single dot");
    }
    Ok(utf8_percent_encode(name, SEGMENT).to_string())
}

/// The name of a function's parameter.
pub(super) fn parameter(name: &str) -> Result<(), &'static str> {
    check_common(name)
}

/// A checked column: an optional path of embedded resources, a name, an optional JSON path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// As PostgREST reads it.
    pub(super) text: String,
    /// Whether it belongs to an embedded resource.
    pub(super) embedded: bool,
}

/// Checks a column such as `title`, `"odd name"`, `author.name` or `data->address->>city`.
pub(super) fn column(text: &str) -> Result<Column, &'static str> {
    check_common(text)?;
    let mut written = String::with_capacity(text.len());
    let (mut name, mut rest) = name(text)?;
    let mut embedded = false;
    while let Some(after) = rest.strip_prefix('.') {
        embedded = true;
        written.push_str(name);
        written.push('.');
        (name, rest) = self::name(after)?;
    }
    if RESERVED.contains(&name) {
        written.push('"');
        written.push_str(name);
        written.push('"');
    } else {
        written.push_str(name);
    }
    check_json_path(rest)?;
    written.push_str(rest);
    Ok(Column { text: written, embedded })
}

/// A name at the start of `text`, bare or quoted, and what follows it.
fn name(text: &str) -> Result<(&str, &str), &'static str> {
    let end = if text.starts_with('"') { quoted_end(text)? } else { bare_end(text) };
    let (name, rest) = text.split_at(end);
    if name.is_empty() {
        return Err("contains a character that needs double quotes around the name, as in \"odd:name\"");
    }
    if name.starts_with([' ', '-']) || name.ends_with([' ', '-']) {
        return Err("has a space or dash at its end, which needs double quotes around the name");
    }
    if rest.is_empty() || rest.starts_with('.') || rest.starts_with("->") {
        Ok((name, rest))
    } else {
        Err("contains a character that needs double quotes around the name, as in \"odd:name\"")
    }
}

fn bare_end(text: &str) -> usize {
    let bare = |(at, c): (usize, char)| {
        c.is_alphanumeric() || matches!(c, '_' | '$' | ' ') || (c == '-' && !text[at..].starts_with("->"))
    };
    text.char_indices().find(|&at| !bare(at)).map_or(text.len(), |(at, _)| at)
}

fn quoted_end(text: &str) -> Result<usize, &'static str> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' if at == 1 => return Err("is empty"),
            '"' => return Ok(at + 1),
            _ => {}
        }
    }
    Err("has a double quote that is not closed")
}

fn check_json_path(mut rest: &str) -> Result<(), &'static str> {
    while !rest.is_empty() {
        let key = rest
            .strip_prefix("->>")
            .or_else(|| rest.strip_prefix("->"))
            .ok_or("has a malformed JSON path")?;
        // An index may count from the end.
        let index = key.strip_prefix('-');
        let (key, after) = name(index.unwrap_or(key))?;
        if index.is_some() && !key.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("has a malformed JSON path");
        }
        rest = after;
        if rest.starts_with('.') {
            return Err("has a dot after a JSON path");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_columns_are_written_as_they_are() {
        for text in [
            "id",
            "created_at",
            "größe",
            "with space",
            "kebab-case",
            "author.name",
            "data->>key",
            "data->0->>k-1",
            "a->-1",
            "\"odd,name\"",
            "\"a\\\"b\"",
        ] {
            assert_eq!(column(text).unwrap().text, text);
        }
        assert!(column("author.name").unwrap().embedded);
        assert!(!column("\"author.name\"").unwrap().embedded);
    }

    #[test]
    fn a_column_named_like_a_parameter_is_quoted() {
        assert_eq!(column("order").unwrap().text, "\"order\"");
        assert_eq!(column("author.limit").unwrap().text, "author.\"limit\"");
        assert_eq!(column("or->>x").unwrap().text, "\"or\"->>x");
        assert_eq!(column("\"or\"").unwrap().text, "\"or\"");
    }

    #[test]
    fn what_could_break_out_is_refused() {
        for text in [
            "", "a/b", "a?b", "a..b", "a\nb", "a&b", "a=b", "a,b", "a)b", "(a", "a'b", "a\"b", "\"a", "\"\"",
            "a.", ".a", "a->", "a->>b.c", "a>b", "*", "a:b", "a%20b", "\"a\"b", " a", "a ", "-a", "a\0b",
            "\"a/b\"", "a+b", "a#b", "a->-b", "a->-1b",
        ] {
            assert!(column(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_table_is_one_segment_of_the_path() {
        assert_eq!(segment("blogs").unwrap(), "blogs");
        assert_eq!(segment("my table").unwrap(), "my%20table");
        assert_eq!(segment("a%2Fb").unwrap(), "a%252Fb");
        assert_eq!(segment("ä#b").unwrap(), "%C3%A4%23b");
        for name in ["", ".", "..", "a/b", "rpc/f", "a?b", "a..b", "a\tb"] {
            assert!(segment(name).is_err(), "{name:?}");
        }
    }
}
