//! The configuration from variables of the environment.
//!
//! The first name that is set and not empty wins. A service key is looked for only when its role is asked for, and one
//! in a `VITE_…` variable is refused whatever is asked: it would be in the bundle that every visitor downloads.

use std::collections::BTreeMap;

use super::{ConfigError, Draft, Named, Problems};
use crate::key::{ApiKey, Role, trim};
use crate::settings::PoolSettings;

const URL: &[&str] = &["SUPABASE_URL", "VITE_SUPABASE_URL"];
const SERVICE_KEY: &[&str] = &["SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY"];
const ANON_KEY: &[&str] = &[
    "SUPABASE_PUBLISHABLE_KEY",
    "SUPABASE_ANON_KEY",
    "VITE_SUPABASE_PUBLISHABLE_KEY",
    "VITE_SUPABASE_ANON_KEY",
];

/// What `variables` say, checked as far as names and keys go.
pub(super) fn read(
    role: Role,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<super::SupabaseConfig, ConfigError> {
    let variables: BTreeMap<String, String> =
        variables.into_iter().filter(|(name, value)| concerns_us(name) && !trim(value).is_empty()).collect();
    let mut problems = Problems::default();
    refuse_published_service_keys(&variables, &mut problems);
    let key_names = if role == Role::Service { SERVICE_KEY } else { ANON_KEY };
    let url = first(&variables, URL);
    if url.is_none() {
        let says = "is not set (nor is VITE_SUPABASE_URL): set it to https://<project>.supabase.co";
        problems.add(URL[0], says);
    }
    let key = first(&variables, key_names);
    if key.is_none() {
        let others = key_names[1..].join(", ");
        problems.add(
            key_names[0],
            format!("is not set (nor is {others}): copy the key from the project's API settings"),
        );
    }
    let draft = Draft { url, key, role, pool: pool(&variables, &mut problems), ..Draft::default() };
    draft.finish(problems)
}

fn concerns_us(name: &str) -> bool {
    name.starts_with("VITE_") || name.starts_with("SUPABASE_")
}

fn first(variables: &BTreeMap<String, String>, names: &[&'static str]) -> Option<Named> {
    names.iter().find_map(|&name| {
        variables.get(name).map(|value| Named { name: name.into(), value: value.clone().into() })
    })
}

fn refuse_published_service_keys(variables: &BTreeMap<String, String>, problems: &mut Problems) {
    for (name, value) in variables.iter().filter(|(name, _)| name.starts_with("VITE_")) {
        if ApiKey::new(value).is_ok_and(|key| key.kind().is_service()) {
            problems.add(
                name.clone(),
                "holds a service key, and VITE_ variables are published in the browser bundle: \
                 revoke that key and keep the new one in SUPABASE_SECRET_KEY",
            );
        }
    }
}

/// `SUPABASE_POOL_MAX_CONNECTIONS` and so on: the nine settings.
fn pool(variables: &BTreeMap<String, String>, problems: &mut Problems) -> PoolSettings {
    let mut settings = PoolSettings::default();
    for (name, value) in variables {
        let Some(setting) = name.strip_prefix("SUPABASE_POOL_") else { continue };
        problems.take(name.clone(), settings.set(&setting.to_ascii_lowercase(), trim(value)));
    }
    settings
}
