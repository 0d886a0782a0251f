//! Where the project is and with which key: from a builder, from variables, from a document.

use std::time::Duration;

use http::header::AUTHORIZATION;
use pool_supabase::{Client, ConfigError, PoolSettings, Role, SupabaseConfig};
use serde_json::{Map, Value};

use crate::secret;
use crate::source::Source;

/// The variables that have a meaning, and some that look like it.
const VARIABLES: [&str; 16] = [
    "SUPABASE_URL",
    "VITE_SUPABASE_URL",
    "SUPABASE_SECRET_KEY",
    "SUPABASE_SERVICE_ROLE_KEY",
    "SUPABASE_PUBLISHABLE_KEY",
    "SUPABASE_ANON_KEY",
    "VITE_SUPABASE_PUBLISHABLE_KEY",
    "VITE_SUPABASE_ANON_KEY",
    "VITE_OTHER",
    "SUPABASE_POOL_MIN_CONNECTIONS",
    "SUPABASE_POOL_MAX_CONNECTIONS",
    "SUPABASE_POOL_ACQUIRE_TIMEOUT",
    "SUPABASE_POOL_RETRY_ATTEMPTS",
    "SUPABASE_POOL_RETRY_DELAY",
    "SUPABASE_POOL_",
    "PATH",
];

/// What a problem may be called that comes from no variable.
const FIELDS: [&str; 13] = [
    "url",
    "key",
    "schema",
    "rest_path",
    "min_connections",
    "max_connections",
    "acquire_timeout",
    "release_timeout",
    "health_check_interval",
    "max_idle_time",
    "connection_timeout",
    "retry_attempts",
    "retry_delay",
];

fn role(source: &mut Source<'_>) -> Role {
    source.pick(&[Role::Anon, Role::Service])
}

/// A key, in two cases of ten with something before or behind it that does not belong there.
fn key(source: &mut Source<'_>) -> String {
    let (kind, claims) = (source.byte(), source.text());
    let key = secret::key(kind, &claims);
    match kind / 5 % 10 {
        8 => format!("{}{key}", source.text()),
        9 => format!("{key}{}", source.text()),
        _ => key,
    }
}

/// A key without anything in it that would make it a part of an address: as a host or a path nobody knows it for a key.
fn misplaced(source: &mut Source<'_>) -> String {
    secret::key(source.byte() % 4, &source.text())
}

/// Any address, or the key where the address should be.
fn url(source: &mut Source<'_>) -> String {
    match source.byte() % 8 {
        0 => misplaced(source),
        1 => format!("https://{}", source.text()),
        2 => format!("https://{}@x.supabase.co", misplaced(source)),
        3 => format!("https://x.supabase.co/?apikey={}", misplaced(source)),
        4 => format!("http://127.0.0.1:{}", source.text()),
        5 => format!("https://x.supabase.co/{}", source.text()),
        _ => source.text(),
    }
}

pub(super) fn built(source: &mut Source<'_>) {
    let mut builder = SupabaseConfig::builder().role(role(source)).url(url(source)).key(key(source));
    let parts = source.byte();
    if parts & 1 != 0 {
        builder = builder.schema(source.text());
    }
    if parts & 2 != 0 {
        builder = builder.rest_path(source.text());
    }
    if parts & 4 != 0 {
        builder = builder.settings(PoolSettings {
            min_connections: source.word().into(),
            max_connections: source.word().into(),
            retry_delay: Duration::from_nanos(source.long()),
            retry_attempts: source.byte().into(),
            ..PoolSettings::default()
        });
    }
    secret::not_in("a builder", &format!("{builder:?}"));
    judge(builder.build(), |name| FIELDS.contains(&name));
}

pub(super) fn from_variables(source: &mut Source<'_>) {
    let role = role(source);
    let mut variables = Vec::new();
    while !source.is_empty() && variables.len() < 12 {
        let name = match source.byte() {
            255 => format!("SUPABASE_POOL_{}", source.text()),
            254 => format!("VITE_{}", source.text()),
            known => VARIABLES[usize::from(known) % VARIABLES.len()].to_owned(),
        };
        let value = match &name {
            name if name.ends_with("_URL") => url(source),
            name if name.starts_with("SUPABASE_POOL_") => source.text(),
            _ => key(source),
        };
        variables.push((name, value));
    }
    let names: Vec<String> = variables.iter().map(|variable| variable.0.clone()).collect();
    let known = |name: &str| {
        names.iter().any(|own| own == name) || VARIABLES.contains(&name) || FIELDS.contains(&name)
    };
    judge(SupabaseConfig::from_vars(role, variables), known);
}

pub(super) fn from_document(source: &mut Source<'_>) {
    let mut document = Map::new();
    let url = url(source);
    let role = source.pick(&["anon", "service", "Service", ""]);
    document.insert("url".into(), url.into());
    document.insert("key".into(), key(source).into());
    if !role.is_empty() {
        document.insert("role".into(), role.into());
    }
    // The rest as it comes: settings under any name, with any value.
    let text = source.text();
    if let Ok(pool) = serde_json::from_str::<Value>(&text) {
        document.insert("pool".into(), pool);
    }
    let text = Value::Object(document).to_string();
    match serde_json::from_str::<SupabaseConfig>(&text) {
        Ok(config) => works(&config),
        Err(error) => secret::not_in("the error of a document", &format!("{error} {error:?}")),
    }
}

/// Accepted and working, or refused by names that the caller knows; in no case with the key.
fn judge(result: Result<SupabaseConfig, ConfigError>, known: impl Fn(&str) -> bool) {
    match result {
        Ok(config) => works(&config),
        Err(error) => {
            assert!(!error.problems().is_empty(), "refused without a reason");
            for problem in error.problems() {
                assert!(known(problem.name()), "{:?} is no setting: {problem}", problem.name());
                assert!(problem.to_string().starts_with(&format!("{} ", problem.name())), "{problem}");
            }
            secret::not_in("an error", &format!("{error} {error:?}"));
        }
    }
}

/// What was accepted makes a probe that can be sent, to a base that is safe, with a key that is marked as one.
fn works(config: &SupabaseConfig) {
    secret::not_in("a configuration", &format!("{config:?}"));
    let client = Client::new(config);
    let probe = config.probe().request();
    secret::not_in("a client", &format!("{client:?}"));
    secret::not_in("a request", &format!("{probe:?}"));
    let base = config.base();
    let uri = base.uri(&probe.target).expect("a target below the base");
    assert!(base.is_origin_of(&uri), "{uri} is not below {base}");
    let local = ["localhost", "127.", "[::1]"];
    let host = base.authority().host();
    let is_local = local.iter().any(|local| host.starts_with(local)) || host.ends_with(".localhost");
    assert!(base.scheme() == "https" || is_local, "{base} is reached in the clear");
    assert!(!base.authority().as_str().contains('@'), "{base} has a user in it");
    for (name, value) in &probe.headers {
        let carries = name == "apikey" || name == AUTHORIZATION;
        assert_eq!(value.is_sensitive(), carries, "{name}");
    }
    let key = &probe.headers["apikey"];
    assert!(!key.is_empty() && key.to_str().is_ok_and(|key| !key.contains(char::is_whitespace)));
    let settings = pool_core::Config::from(config.settings());
    settings.validate().expect("settings that were accepted");
}
