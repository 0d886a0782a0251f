//! A user's access token and where new ones come from.
//!
//! A token has an epoch: who finds it refused asks for one newer than that epoch, so that a hundred refused requests
//! lead to one refresh, and a refresh that has already happened is not repeated.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use http::HeaderValue;
use zeroize::Zeroizing;

use crate::key::{KeyError, claims, sensitive, trim};

/// The generation of a token; a refresh raises it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Epoch(pub u64);

/// An access token. `Debug` does not show it; the memory is wiped when it is dropped.
#[derive(Clone)]
pub struct Token {
    text: Zeroizing<String>,
    epoch: Epoch,
    expires_at: Option<SystemTime>,
}

impl Token {
    /// Takes a JWT. Its `exp` is read, not verified.
    pub fn new(jwt: &str, epoch: Epoch) -> Result<Self, TokenError> {
        let text = trim(jwt);
        let claims = claims(text).ok_or(TokenError::NotJwt)?;
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::Key(KeyError::Characters));
        }
        let since_epoch = claims.exp.and_then(|exp| Duration::try_from_secs_f64(exp).ok());
        let expires_at = since_epoch.and_then(|exp| SystemTime::UNIX_EPOCH.checked_add(exp));
        Ok(Token { text: Zeroizing::new(text.to_owned()), epoch, expires_at })
    }

    /// Which generation it is.
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// When it expires, if it says so.
    pub const fn expires_at(&self) -> Option<SystemTime> {
        self.expires_at
    }

    /// Whether it expires within `margin` from `now`, or has. A minute is a good margin: time to refresh before the server
    /// refuses it.
    pub fn expires_within(&self, margin: Duration, now: SystemTime) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now + margin)
    }

    pub(crate) fn bearer(&self) -> HeaderValue {
        sensitive(&Zeroizing::new(format!("Bearer {}", *self.text)))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("epoch", &self.epoch)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Why a text is not a token. Never contains the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It is not a JWT.
    #[error("the access token is not a JWT: it needs three parts with dots between them")]
    NotJwt,
    /// It has characters that no token has.
    #[error("the access token {0}")]
    Key(KeyError),
}

/// The future of a refresh.
pub type Refresh<'a> = Pin<Box<dyn Future<Output = Result<Token, RefreshError>> + Send + 'a>>;

/// Why no new token could be had.
pub type RefreshError = Box<dyn std::error::Error + Send + Sync>;

/// Where tokens come from.
pub trait TokenSource: Send + Sync + 'static {
    /// The token to use now; `None` sends requests with the API key only.
    fn current(&self) -> Option<Token>;

    /// A token newer than `stale`. One that is newer already is given back at once. Callers see to it that there is one
    /// refresh at a time.
    fn refresh(&self, stale: Epoch) -> Refresh<'_>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::tests::jwt;

    #[test]
    fn the_expiry_is_read_and_compared_with_a_margin() {
        let token = Token::new(&jwt(r#"{"exp":1000}"#), Epoch(3)).unwrap();
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!((token.epoch(), token.expires_at()), (Epoch(3), Some(at(1000))));
        let margin = Duration::from_secs(60);
        assert!(!token.expires_within(margin, at(939)));
        assert!(token.expires_within(margin, at(940)));
        assert!(token.expires_within(margin, at(5000)));
    }

    #[test]
    fn no_expiry_or_an_absurd_one_never_expires() {
        for claims in ["{}", r#"{"exp":-1}"#, r#"{"exp":1e300}"#] {
            assert_eq!(Token::new(&jwt(claims), Epoch(0)).unwrap().expires_at(), None, "{claims}");
        }
    }

    #[test]
    fn a_key_is_not_a_token_and_a_token_is_not_shown() {
        assert_eq!(Token::new("sb_secret_x", Epoch(0)).unwrap_err(), TokenError::NotJwt);
        let token = Token::new(&jwt("{}"), Epoch(0)).unwrap();
        assert!(!format!("{token:?}").contains("eyJ"));
        assert!(token.bearer().is_sensitive());
    }
}
