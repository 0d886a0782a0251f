//! Secrets and keys of a pair of servers. Rules: every secret is drawn from the system's generator when
//! the pair is made; a key is a JWT signed with HS256, as Supabase's anon and service keys are; nothing
//! here is printed, and `Debug` shows no secret.

use std::fmt::{self, Write};
use std::fs::File;
use std::io::Read;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha512};

use crate::failure::{Context, Failure};

/// When the long-lived keys were issued and when they expire (2024-01-01 and 2100-01-01): fixed, so that
/// the same secret always gives the same key.
const ISSUED: u64 = 1_704_067_200;
const EXPIRES: u64 = 4_102_444_800;

/// What protects one pair: the secret that signs tokens, and the two database passwords.
#[derive(Clone)]
pub(crate) struct Secrets {
    pub(crate) jwt: String,
    pub(crate) superuser: String,
    pub(crate) authenticator: String,
}

impl Secrets {
    pub(crate) fn generate() -> Result<Secrets, Failure> {
        Ok(Secrets { jwt: secret()?, superuser: secret()?, authenticator: secret()? })
    }

    /// The long-lived key of a role, `anon` or `service_role`.
    pub(crate) fn key(&self, role: &str) -> String {
        sign(&self.jwt, role, ISSUED, EXPIRES)
    }

    /// A token of a role that expires at `expires`, which may be in the past.
    pub(crate) fn token(&self, role: &str, expires: SystemTime) -> String {
        let expires = expires.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        sign(&self.jwt, role, ISSUED.min(expires), expires)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(..)")
    }
}

/// Bytes from the system's generator.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    let read = File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes));
    read.context(|| "cannot read /dev/urandom".into())?;
    Ok(bytes)
}

/// SHA-256 as lowercase hex.
pub(crate) fn fingerprint(text: &str) -> String {
    hex(&Sha256::digest(text))
}

/// SHA-512 as lowercase hex, the form in which packages are pinned.
pub(crate) fn sha512(bytes: &[u8]) -> String {
    hex(&Sha512::digest(bytes))
}

fn secret() -> Result<String, Failure> {
    Ok(hex(&random::<32>()?))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A JWT (RFC 7519) signed with HMAC-SHA-256. `role` is one of ours: letters and `_`, nothing to escape.
fn sign(secret: &str, role: &str, issued: u64, expires: u64) -> String {
    let claims = format!(r#"{{"iss":"supabase-pool","role":"{role}","iat":{issued},"exp":{expires}}}"#);
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let signed = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_signed_jwt() {
        // Computed with another implementation: openssl dgst -sha256 -hmac.
        let token = sign("secret", "anon", 1, 2);
        let parts: Vec<&str> = token.split('.').collect();
        assert_eq!(parts.len(), 3);
        let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
        assert_eq!(claims, r#"{"iss":"supabase-pool","role":"anon","iat":1,"exp":2}"#);
        assert_eq!(parts[2], "sX-TgmT19_AEYwnhXF2CdjX8bIK9e1DAd4DUsTh-rE4");
    }

    #[test]
    fn secrets_differ_and_do_not_show() {
        let secrets = Secrets::generate().unwrap();
        assert_ne!(secrets.jwt, secrets.superuser);
        assert_eq!(secrets.jwt.len(), 64);
        assert_eq!(format!("{secrets:?}"), "Secrets(..)");
        assert_eq!(secrets.key("anon"), secrets.key("anon"));
    }

    #[test]
    fn digests_are_hex() {
        assert_eq!(fingerprint("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(sha512(b"abc").starts_with("ddaf35a193617aba"));
    }
}
