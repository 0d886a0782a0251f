//! A key that no text may show. The bytes do not contain it: they only say where it stands.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The part of every key by which it is recognised wherever it turns up, in whatever case.
pub(crate) const MARK: &str = "zq7xk9wv2jt4hm";

/// A key of one of the kinds that there are. `claims` are those of a JWT.
pub(crate) fn key(kind: u8, claims: &str) -> String {
    match kind % 5 {
        0 => format!("sb_publishable_{MARK}"),
        1 => format!("sb_secret_{MARK}"),
        2 => format!("eyJhbGciOiJIUzI1NiJ9.{}.{MARK}", URL_SAFE_NO_PAD.encode(claims)),
        3 => MARK.to_owned(),
        _ => format!("{MARK}{claims}"),
    }
}

/// Panics if `text` shows the key.
pub(crate) fn not_in(what: &str, text: &str) {
    let shows = text.as_bytes().windows(MARK.len()).any(|part| part.eq_ignore_ascii_case(MARK.as_bytes()));
    assert!(!shows, "the key is in {what}: {text}");
}
