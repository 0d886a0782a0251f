//! `Proxy-Status`: which server on the way made the error, and its code. [RFC 9209]
//!
//! PostgREST writes `PostgREST; error=PGRST003` on every error from version 13 on: the only place for the code when an
//! answer has no body.

use http::HeaderMap;

/// The value of the first `error` parameter.
///
/// ```
/// let mut headers = http::HeaderMap::new();
/// headers.insert("proxy-status", "PostgREST; error=PGRST003".parse()?);
/// assert_eq!(pool_http::proxy_status::error(&headers), Some("PGRST003"));
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
pub fn error(headers: &HeaderMap) -> Option<&str> {
    let values = headers.get_all("proxy-status").into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(parts).find_map(|part| {
        let (name, value) = part.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (name.trim().eq_ignore_ascii_case("error") && !value.is_empty()).then_some(value)
    })
}

/// Splits at `,` and `;` outside of quoted strings: a `details` text may contain both.
fn parts(value: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    value.split(move |c: char| {
        let separates = !quoted && (c == ',' || c == ';');
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        separates
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_error_is_found_whatever_stands_around_it() {
        let cases = [
            ("PostgREST; error=PGRST301", Some("PGRST301")),
            ("PostgREST;error=\"42P01\"", Some("42P01")),
            (
                "cdn; details=\"a; error=no \\\" , error=no\"; error=connection_refused",
                Some("connection_refused"),
            ),
            ("edge, PostgREST; error=PGRST000", Some("PGRST000")),
            ("PostgREST; error=", None),
            ("PostgREST", None),
            ("", None),
        ];
        for (value, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert("proxy-status", HeaderValue::from_static(value));
            assert_eq!(error(&headers), expected, "{value:?}");
        }
    }
}
