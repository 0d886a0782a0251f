//! Who may read and who may operate: by a token in `Authorization: Bearer`, which no page of somebody else's can send.
//!
//! Rules kept here: a token is compared in a time that does not tell how much of it was right; it is never printed.

use std::fmt;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use subtle::ConstantTimeEq;

/// The shortest token that is taken.
pub const TOKEN_MIN: usize = 16;

/// A secret that a request has to bring.
#[derive(Clone)]
pub(crate) struct Token(String);

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It can be guessed.
    #[error(
        "the token has {0} characters, and at least {TOKEN_MIN} are wanted: take it from `openssl rand -hex 16`, for one"
    )]
    Short(usize),
    /// It cannot be sent in a header.
    #[error("the token has a character at place {0} that cannot be sent in a header: use visible ASCII")]
    Character(usize),
}

impl Token {
    pub(crate) fn new(token: String) -> Result<Token, TokenError> {
        if let Some(place) = token.chars().position(|c| !c.is_ascii_graphic()) {
            return Err(TokenError::Character(place + 1));
        }
        if token.len() < TOKEN_MIN {
            return Err(TokenError::Short(token.len()));
        }
        Ok(Token(token))
    }

    pub(crate) fn is_in(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(AUTHORIZATION).and_then(|value| bearer(value.as_bytes()));
        given.is_some_and(|given| bool::from(given.ct_eq(self.0.as_bytes())))
    }
}

/// The scheme's name is written in any case (RFC 9110).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    const SCHEME: &[u8] = b"bearer ";
    let (scheme, token) = value.split_at_checked(SCHEME.len())?;
    scheme.eq_ignore_ascii_case(SCHEME).then(|| token.trim_ascii())
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
