//! What the end-to-end tests share: the way to a real server, and the search for secrets in whatever can be printed.
//!
//! The servers are those of `cargo xtask setup`; without them the tests fail with that command.

use std::error::Error;
use std::fmt::Debug;
use std::iter::successors;

use pool_tokio::SupabaseConfig;
use pool_tokio::pool_supabase::{Role, SupabaseConfigBuilder};
use xtask::Pair;

/// Longer than anything takes that ends at all.
pub(crate) const LONG: std::time::Duration = std::time::Duration::from_secs(60);

/// A configuration that leads to the PostgREST of `pair`, which has no gateway in front.
pub(crate) fn towards(pair: &Pair, role: Role) -> SupabaseConfigBuilder {
    let key = match role {
        Role::Anon => pair.anon_key(),
        Role::Service => pair.service_key(),
    };
    SupabaseConfig::builder().url(pair.rest_url()).rest_path("/").key(key).role(role)
}

/// The keys and tokens that a test uses; none may be in anything that is printed.
#[derive(Clone)]
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    pub(crate) fn new(keys: impl IntoIterator<Item = String>) -> Self {
        Secrets(keys.into_iter().flat_map(parts).collect())
    }

    /// Searches every form of an error and of what caused it.
    pub(crate) fn are_not_in_error(&self, error: &(dyn Error + 'static)) {
        for cause in successors(Some(error), |&cause| cause.source()) {
            self.are_not_in(&cause.to_string());
            self.are_not_in_debug(cause);
        }
    }

    /// Searches both forms of `Debug`.
    pub(crate) fn are_not_in_debug(&self, value: &(impl Debug + ?Sized)) {
        self.are_not_in(&format!("{value:?}"));
        self.are_not_in(&format!("{value:#?}"));
    }

    fn are_not_in(&self, text: &str) {
        let found = self.0.iter().position(|secret| text.contains(secret));
        // The text is left out: it would print the secret once more.
        assert_eq!(found, None, "a secret is shown, by its number, in a text of {} characters", text.len());
    }
}

/// A key, and each part of it that is a secret by itself: the claims and the signature of a JWT, what follows the prefix of another.
fn parts(key: String) -> Vec<String> {
    let own: Vec<&str> = if key.starts_with("sb_") {
        key.rsplit('_').take(1).collect()
    } else {
        key.split('.').skip(1).collect()
    };
    let own: Vec<String> = own.into_iter().filter(|part| part.len() >= 8).map(str::to_owned).collect();
    own.into_iter().chain([key]).collect()
}
