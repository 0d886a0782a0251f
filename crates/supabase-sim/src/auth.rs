//! Keys and tokens: the gateway's check of `apikey`, PostgREST's check of the bearer token.
//!
//! Rules: `sb_…` keys are no tokens and are refused as such; a token must be signed (HS256) with this simulator's own
//! secret; no key and no token is ever part of an answer or of a `Debug`.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::HeaderMap;
use ring::hmac;
use serde_json::Value;

use crate::engine::{Answer, Role};
use crate::errors::ApiError;
use crate::settings::JwtErrors;

/// Not secret: a simulator guards nothing. Fixed, so that a token can be made once and used with every simulator.
const JWT_SECRET: &[u8] = b"supabase-sim-token-secret-of-32-bytes-or-more";
const PUBLISHABLE_KEY: &str = "sb_publishable_sim_2x5Zr0Qe7mKdVbYt";
const SECRET_KEY: &str = "sb_secret_sim_9fHcWn3LpUaJ6sGx";
/// The clock difference that PostgREST forgives. Not applied to `exp` here: a test that lets a token expire should
/// not have to wait for half a minute more.
const SKEW: Duration = Duration::from_secs(30);

pub(crate) struct Keys {
    pub(crate) anon: String,
    pub(crate) service: String,
    pub(crate) legacy_anon: String,
    pub(crate) legacy_service: String,
    secret: hmac::Key,
}

impl Keys {
    pub(crate) fn new() -> Self {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, JWT_SECRET);
        let legacy = |role: &str| sign(&secret, &format!(r#"{{"iss":"supabase-sim","role":"{role}"}}"#));
        Self {
            anon: PUBLISHABLE_KEY.to_owned(),
            service: SECRET_KEY.to_owned(),
            legacy_anon: legacy("anon"),
            legacy_service: legacy("service_role"),
            secret,
        }
    }

    pub(crate) fn sign(&self, claims: &str) -> String {
        sign(&self.secret, claims)
    }

    pub(crate) fn user_token(&self, expires_at: SystemTime) -> String {
        let expires_at = unix_seconds(expires_at);
        self.sign(&format!(
            r#"{{"sub":"user-1","role":"authenticated","aud":"authenticated","exp":{expires_at}}}"#
        ))
    }

    /// Who asks, or the answer that refuses.
    pub(crate) fn authorize(&self, headers: &HeaderMap, errors: JwtErrors) -> Result<Role, Answer> {
        let by_key = self.check_api_key(headers)?;
        let Some(authorization) = headers.get("authorization") else { return Ok(by_key) };
        let text = authorization.to_str().unwrap_or_default();
        let token = text.strip_prefix("Bearer ").or_else(|| text.strip_prefix("bearer "));
        self.check_token(token.unwrap_or_default().trim(), errors).map_err(|error| unauthorized(&error))
    }

    fn check_api_key(&self, headers: &HeaderMap) -> Result<Role, Answer> {
        let Some(key) = headers.get("apikey") else {
            return Err(refused(
                "No API key found in request",
                "No `apikey` request header or url param was found.",
            ));
        };
        let is = |known: &str| key.as_bytes() == known.as_bytes();
        if is(&self.anon) || is(&self.legacy_anon) {
            Ok(Role::Anon)
        } else if is(&self.service) || is(&self.legacy_service) {
            Ok(Role::Service)
        } else {
            let hint = "Double check your Supabase `anon` or `service_role` API key.";
            Err(refused("Invalid API key", hint))
        }
    }

    fn check_token(&self, token: &str, errors: JwtErrors) -> Result<Role, ApiError> {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts.as_slice() else {
            let count = if token.is_empty() { 0 } else { parts.len() };
            return Err(undecodable(format!("Expected 3 parts in JWT; got {count}")));
        };
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        let signed = format!("{header}.{claims}");
        let genuine = hmac::verify(&self.secret, signed.as_bytes(), &signature).is_ok();
        let claims = URL_SAFE_NO_PAD.decode(claims).ok().and_then(|json| serde_json::from_slice(&json).ok());
        let (true, Some(Value::Object(claims))) = (genuine, claims) else {
            return Err(undecodable("No suitable key or wrong key type"));
        };
        check_times(&Value::Object(claims.clone()), errors)?;
        match claims.get("role").and_then(Value::as_str) {
            None | Some("anon") => Ok(Role::Anon),
            Some("authenticated") => Ok(Role::Authenticated),
            Some("service_role") => Ok(Role::Service),
            Some(other) => {
                let status = if errors == JwtErrors::V12 { 400 } else { 401 };
                Err(ApiError::new(status, "22023", format!("role \"{other}\" does not exist")))
            }
        }
    }
}

fn check_times(claims: &Value, errors: JwtErrors) -> Result<(), ApiError> {
    let now = unix_seconds(SystemTime::now());
    let skew = SKEW.as_secs();
    let time = |name: &str| claims.get(name).and_then(Value::as_f64);
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^52")]
    let (latest, now) = ((now + skew) as f64, now as f64);
    let message = match () {
        () if time("exp").is_some_and(|expires| expires <= now) => "JWT expired",
        () if time("nbf").is_some_and(|begins| begins > latest) => "JWT not yet valid",
        () if time("iat").is_some_and(|issued| issued > latest) => match errors {
            JwtErrors::V13 => "JWT issued at future",
            JwtErrors::V12 => "JWTIssuedAtFuture",
        },
        () => return Ok(()),
    };
    let code = match errors {
        JwtErrors::V13 => "PGRST303",
        JwtErrors::V12 => "PGRST301",
    };
    Err(ApiError::new(401, code, message))
}

fn undecodable(message: impl Into<String>) -> ApiError {
    ApiError::new(401, "PGRST301", message)
}

fn unauthorized(error: &ApiError) -> Answer {
    let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{}\"", error.message);
    let mut answer = Answer::from(error);
    answer.headers.push(("www-authenticate", challenge));
    answer
}

fn refused(message: &str, hint: &str) -> Answer {
    let body = serde_json::json!({ "message": message, "hint": hint }).to_string();
    Answer { status: 401, body, ..Answer::default() }
}

fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn sign(secret: &hmac::Key, claims: &str) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(secret, signed.as_bytes()));
    format!("{signed}.{signature}")
}
