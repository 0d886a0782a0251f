//! `Keep-Alive: timeout=…`: how long the peer keeps an idle connection, from which the pool learns its idle limit.

use std::time::Duration;

use http::HeaderMap;

/// The idle time after which the peer says that it will close the connection. The shortest of several counts; zero and
/// what is not a number are ignored.
///
/// ```
/// let mut headers = http::HeaderMap::new();
/// headers.insert("keep-alive", "timeout=5, max=1000".parse()?);
/// assert_eq!(pool_http::keep_alive::timeout(&headers), Some(std::time::Duration::from_secs(5)));
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
pub fn timeout(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all("keep-alive").into_iter().filter_map(|value| value.to_str().ok());
    let seconds = values.flat_map(|value| value.split([',', ';'])).filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        name.trim().eq_ignore_ascii_case("timeout").then(|| value.parse::<u32>().ok()).flatten()
    });
    seconds.filter(|&seconds| seconds > 0).min().map(|seconds| Duration::from_secs(seconds.into()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_timeout_is_found_among_other_parameters() {
        let cases = [
            ("timeout=75", Some(75)),
            ("max=100, timeout=5", Some(5)),
            ("Timeout = \"60\"; max=3", Some(60)),
            ("timeout=9, timeout=4", Some(4)),
            ("timeout=0", None),
            ("timeout=-1", None),
            ("timeout=", None),
            ("timeout", None),
            ("max=5", None),
            ("", None),
        ];
        for (value, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert("keep-alive", HeaderValue::from_static(value));
            assert_eq!(timeout(&headers).map(|timeout| timeout.as_secs()), expected, "{value:?}");
        }
    }
}
