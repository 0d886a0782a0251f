//! API keys: what kind one is, where it may be sent, and that it is never shown.
//!
//! `apikey` always carries the key. `Authorization: Bearer` carries it only if it is a JWT: the new `sb_…` keys are not,
//! and a gateway that is handed one as a token refuses the request.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use serde::Deserialize;
use zeroize::Zeroizing;

/// What rights a client asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Those of everyone, as row-level security grants them. The default.
    #[default]
    Anon,
    /// All: row-level security does not apply. Only for servers, and only when asked for.
    Service,
}

/// What kind of key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyKind {
    /// `sb_publishable_…`: may be in a browser.
    Publishable,
    /// `sb_secret_…`: passes row-level security.
    Secret,
    /// A JWT with the role `anon`.
    LegacyAnon,
    /// A JWT with the role `service_role`.
    LegacyService,
    /// A JWT with another role or none.
    OtherJwt,
    /// Something else, such as the key of a gateway of one's own.
    Opaque,
}

impl KeyKind {
    /// Whether it passes row-level security.
    pub const fn is_service(self) -> bool {
        matches!(self, KeyKind::Secret | KeyKind::LegacyService)
    }

    /// Whether it is a JWT, which may stand in `Authorization`.
    pub const fn is_jwt(self) -> bool {
        matches!(self, KeyKind::LegacyAnon | KeyKind::LegacyService | KeyKind::OtherJwt)
    }
}

/// An API key. `Debug` shows its kind only; the memory is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    kind: KeyKind,
    text: Zeroizing<String>,
}

impl ApiKey {
    /// Takes a key, without quotes and spaces around it. The role of a JWT is read, not verified: that is the server's task.
    pub fn new(key: &str) -> Result<Self, KeyError> {
        let text = trim(key);
        if text.is_empty() {
            return Err(KeyError::Empty);
        }
        if text.contains("://") {
            return Err(KeyError::Url);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(KeyError::Characters);
        }
        Ok(ApiKey { kind: kind(text), text: Zeroizing::new(text.to_owned()) })
    }

    /// What kind of key it is.
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The value of the `apikey` header, marked sensitive.
    pub(crate) fn header(&self) -> HeaderValue {
        sensitive(&self.text)
    }

    /// The value of the `Authorization` header, if the key may stand there.
    pub(crate) fn bearer(&self) -> Option<HeaderValue> {
        self.kind.is_jwt().then(|| sensitive(&Zeroizing::new(format!("Bearer {}", *self.text))))
    }
}

/// `text` has been checked to be visible ASCII, which every header value may be.
pub(crate) fn sensitive(text: &str) -> HeaderValue {
    let mut value = HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

/// Without spaces and one kind of quotes around it, as values in `.env` files come.
pub(crate) fn trim(value: &str) -> &str {
    let value = value.trim();
    let inner = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(value).trim()
}

fn kind(text: &str) -> KeyKind {
    if text.starts_with("sb_publishable_") {
        return KeyKind::Publishable;
    }
    if text.starts_with("sb_secret_") {
        return KeyKind::Secret;
    }
    match claims(text) {
        Some(claims) => match claims.role.as_deref() {
            Some("anon") => KeyKind::LegacyAnon,
            Some("service_role") => KeyKind::LegacyService,
            _ => KeyKind::OtherJwt,
        },
        None => KeyKind::Opaque,
    }
}

/// What is read from a JWT, without verification.
#[derive(Debug, Deserialize)]
pub(crate) struct Claims {
    pub(crate) role: Option<String>,
    pub(crate) exp: Option<f64>,
}

/// `None` if `text` is not a JWT.
pub(crate) fn claims(text: &str) -> Option<Claims> {
    let mut parts = text.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let payload = Zeroizing::new(URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?);
    serde_json::from_slice(&payload).ok()
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({:?}, [redacted])", self.kind)
    }
}

/// Why a text is not an API key. Never contains the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Nothing is there.
    #[error("is empty")]
    Empty,
    /// It is a URL.
    #[error("is a URL, not a key: URL and key may have been swapped")]
    Url,
    /// It has characters that no key has.
    #[error("contains spaces, line breaks or characters outside of ASCII: copy it again from the dashboard")]
    Characters,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A JWT-shaped text with these claims; its signature is nonsense.
    pub(crate) fn jwt(claims: &str) -> String {
        format!(
            "{}.{}.c2lnbmF0dXJl",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#),
            URL_SAFE_NO_PAD.encode(claims)
        )
    }

    #[test]
    fn the_kind_is_read_from_the_key() {
        let cases = [
            ("sb_publishable_abc".to_owned(), KeyKind::Publishable, false),
            ("sb_secret_abc".to_owned(), KeyKind::Secret, false),
            (jwt(r#"{"role":"anon"}"#), KeyKind::LegacyAnon, true),
            (jwt(r#"{"role":"service_role","exp":1}"#), KeyKind::LegacyService, true),
            (jwt(r#"{"role":"authenticated"}"#), KeyKind::OtherJwt, true),
            (jwt("{}"), KeyKind::OtherJwt, true),
            ("a.b.c".to_owned(), KeyKind::Opaque, false),
            ("gateway-key".to_owned(), KeyKind::Opaque, false),
        ];
        for (text, kind, bearer) in cases {
            let key = ApiKey::new(&text).unwrap();
            assert_eq!(key.kind(), kind);
            assert_eq!(key.bearer().is_some(), bearer, "{kind:?}");
            assert!(key.header().is_sensitive());
        }
    }

    #[test]
    fn quotes_and_spaces_around_it_are_not_part_of_it() {
        for text in ["sb_secret_x", " sb_secret_x\n", "\"sb_secret_x\"", "' sb_secret_x '"] {
            assert_eq!(ApiKey::new(text), ApiKey::new("sb_secret_x"));
        }
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_shown() {
        assert_eq!(ApiKey::new(" \"\" "), Err(KeyError::Empty));
        assert_eq!(ApiKey::new("https://x.supabase.co"), Err(KeyError::Url));
        assert_eq!(ApiKey::new("two words"), Err(KeyError::Characters));
        assert_eq!(ApiKey::new("kéy"), Err(KeyError::Characters));
    }

    #[test]
    fn debug_shows_the_kind_only() {
        assert_eq!(
            format!("{:?}", ApiKey::new("sb_secret_verysecret").unwrap()),
            "ApiKey(Secret, [redacted])"
        );
    }
}
