//! A key that no text may show. The bytes do not contain it: they only say where it stands. Those that do are set aside, since a fuzzer reads
//! it off the comparisons that are made with it, and what it then writes beside the key is a word of the peer's and no secret.

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

/// Whether the mark of every key is in these bytes.
pub(crate) fn is_in(bytes: &[u8]) -> bool {
    bytes.windows(MARK.len()).any(|part| part.eq_ignore_ascii_case(MARK.as_bytes()))
}

/// Panics if `text` shows the key.
pub(crate) fn not_in(what: &str, text: &str) {
    assert!(!is_in(text.as_bytes()), "the key is in {what}: {text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_seen_wherever_it_stands_and_what_is_like_it_is_none() {
        for kind in 0..5 {
            assert!(is_in(key(kind, "claims").to_uppercase().as_bytes()), "{kind}");
        }
        assert!(!is_in(b"") && !is_in(&MARK.as_bytes()[1..]) && !is_in(b"sb_publishable_"));
    }
}
