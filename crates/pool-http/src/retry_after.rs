//! `Retry-After`: seconds, a date, or, as seen in the wild, a list of them such as `0, 7`.
//!
//! The longest wait of all values counts: several layers each wrote theirs, and the slowest of them decides. What is
//! not understood is left out. [RFC 9110, 10.2.3]

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::RETRY_AFTER;

/// The longest wait that the headers ask for, with dates read against `now`; a date in the past asks for none.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// let mut headers = http::HeaderMap::new();
/// headers.insert("retry-after", "0, 7".parse()?);
/// assert_eq!(pool_http::retry_after::parse(&headers, SystemTime::UNIX_EPOCH), Some(Duration::from_secs(7)));
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
pub fn parse(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let values = headers.get_all(RETRY_AFTER).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| waits(value, now)).max()
}

fn waits(value: &str, now: SystemTime) -> Vec<Duration> {
    let mut waits = Vec::new();
    let mut rest = value.split(',').map(str::trim);
    while let Some(part) = rest.next() {
        if let Some(seconds) = seconds(part) {
            waits.push(seconds);
            continue;
        }
        // The usual form of a date has one comma of its own, after the day of the week.
        let mut ahead = rest.clone();
        let date = ahead.next().and_then(|end| httpdate::parse_http_date(&format!("{part}, {end}")).ok());
        if let Some(date) = date {
            waits.extend(date.duration_since(now).ok());
            rest = ahead;
        }
    }
    waits
}

/// Digits only, as the grammar has it: a sign or a fraction is not a delay.
fn seconds(part: &str) -> Option<Duration> {
    let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| Duration::from_secs(part.parse().unwrap_or(u64::from(u32::MAX))))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn wait(values: &[&'static str]) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(RETRY_AFTER, HeaderValue::from_static(value));
        }
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        parse(&headers, now).map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_dates_and_lists_are_read_and_the_longest_counts() {
        let cases: &[(&[&'static str], Option<u64>)] = &[
            (&[], None),
            (&["8"], Some(8)),
            (&["0"], Some(0)),
            (&["0, 7"], Some(7)),
            (&["7,0"], Some(7)),
            (&["2", "5"], Some(5)),
            (&["Sun, 06 Nov 1994 08:49:57 GMT"], Some(20)),
            (&["3, Sun, 06 Nov 1994 08:49:57 GMT, 4"], Some(20)),
            (&["Sun, 06 Nov 1994 08:49:00 GMT"], None),
            (&["soon, 4"], Some(4)),
            (&["99999999999999999999999"], Some(4_294_967_295)),
        ];
        for (values, expected) in cases {
            assert_eq!(wait(values), *expected, "{values:?}");
        }
    }

    #[test]
    fn what_is_not_understood_is_left_out() {
        for value in ["", "soon", "-1", "1.5", "+3", ",", "Sun, 99 Foo", "Sun"] {
            assert_eq!(wait(&[value]), None, "{value:?}");
        }
        assert_eq!(wait(&["", "4"]), Some(4));
    }
}
