//! The configuration: every source, every rule, every message.

use std::time::Duration;

use pool_supabase::{ConfigError, KeyKind, PoolSettings, Role, SupabaseConfig};

const SERVICE_JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.c2ln";
const ANON_JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.c2ln";

fn env(role: Role, variables: &[(&str, &str)]) -> Result<SupabaseConfig, ConfigError> {
    let owned = variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
    SupabaseConfig::from_vars(role, owned)
}

fn message(result: Result<SupabaseConfig, ConfigError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn both_names_of_each_variable_are_read_and_the_first_set_one_wins() {
    let config = env(
        Role::Anon,
        &[
            ("VITE_SUPABASE_URL", "https://vite.supabase.co"),
            ("SUPABASE_URL", "\"https://plain.supabase.co/\""),
            ("SUPABASE_PUBLISHABLE_KEY", "  "),
            ("SUPABASE_ANON_KEY", ANON_JWT),
            ("VITE_SUPABASE_PUBLISHABLE_KEY", "sb_publishable_x"),
        ],
    )
    .unwrap();
    assert_eq!(config.base().to_string(), "https://plain.supabase.co");
    assert_eq!(config.key().kind(), KeyKind::LegacyAnon);
    for name in [
        "SUPABASE_PUBLISHABLE_KEY",
        "SUPABASE_ANON_KEY",
        "VITE_SUPABASE_PUBLISHABLE_KEY",
        "VITE_SUPABASE_ANON_KEY",
    ] {
        let config =
            env(Role::Anon, &[("VITE_SUPABASE_URL", "https://v.supabase.co"), (name, "'sb_publishable_x'")]);
        assert_eq!(config.unwrap().key().kind(), KeyKind::Publishable, "{name}");
    }
}

#[test]
fn a_service_key_is_used_only_when_its_role_is_asked_for() {
    let both = [
        ("SUPABASE_URL", "https://a.supabase.co"),
        ("SUPABASE_SERVICE_ROLE_KEY", SERVICE_JWT),
        ("SUPABASE_ANON_KEY", "sb_publishable_x"),
    ];
    assert_eq!(env(Role::Anon, &both).unwrap().key().kind(), KeyKind::Publishable);
    assert_eq!(env(Role::Service, &both).unwrap().key().kind(), KeyKind::LegacyService);
    let secret = env(
        Role::Service,
        &[("SUPABASE_URL", "https://a.supabase.co"), ("SUPABASE_SECRET_KEY", "sb_secret_x")],
    );
    assert_eq!(secret.unwrap().role(), Role::Service);
    assert_eq!(
        message(env(
            Role::Anon,
            &[("SUPABASE_URL", "https://a.supabase.co"), ("SUPABASE_ANON_KEY", "sb_secret_x")]
        )),
        "the configuration is not valid: SUPABASE_ANON_KEY is a service key, which passes row-level security: \
         ask for Role::Service if that is meant, else use the publishable key"
    );
    assert_eq!(
        message(env(
            Role::Service,
            &[("SUPABASE_URL", "https://a.supabase.co"), ("SUPABASE_SECRET_KEY", ANON_JWT)]
        )),
        "the configuration is not valid: SUPABASE_SECRET_KEY is a publishable key, \
         and Role::Service needs a secret or service-role key"
    );
}

#[test]
fn a_service_key_in_a_published_variable_is_refused_even_if_unused() {
    for key in [SERVICE_JWT, "sb_secret_x"] {
        for name in ["VITE_SUPABASE_ANON_KEY", "VITE_SUPABASE_SERVICE_ROLE_KEY", "VITE_ANYTHING"] {
            let text = message(env(
                Role::Anon,
                &[
                    ("SUPABASE_URL", "https://a.supabase.co"),
                    ("SUPABASE_ANON_KEY", "sb_publishable_x"),
                    (name, key),
                ],
            ));
            assert_eq!(
                text,
                format!(
                    "the configuration is not valid: {name} holds a service key, and VITE_ variables are published in the \
                     browser bundle: revoke that key and keep the new one in SUPABASE_SECRET_KEY"
                )
            );
        }
    }
}

#[test]
fn everything_that_is_missing_is_named_at_once() {
    assert_eq!(
        message(env(Role::Anon, &[])),
        "the configuration is not valid: SUPABASE_URL is not set (nor is VITE_SUPABASE_URL): \
         set it to https://<project>.supabase.co; SUPABASE_PUBLISHABLE_KEY is not set (nor is SUPABASE_ANON_KEY, \
         VITE_SUPABASE_PUBLISHABLE_KEY, VITE_SUPABASE_ANON_KEY): copy the key from the project's API settings"
    );
    assert_eq!(
        message(env(Role::Service, &[("SUPABASE_URL", "https://a.supabase.co")])),
        "the configuration is not valid: SUPABASE_SECRET_KEY is not set (nor is SUPABASE_SERVICE_ROLE_KEY): \
         copy the key from the project's API settings"
    );
    assert_eq!(
        message(SupabaseConfig::builder().build()),
        "the configuration is not valid: url is missing: set it to https://<project>.supabase.co; \
         key is missing: copy it from the project's API settings"
    );
}

#[test]
fn all_problems_come_at_once_each_with_name_value_and_what_is_allowed() {
    let settings = PoolSettings {
        min_connections: 9,
        max_connections: 3,
        acquire_timeout: Duration::ZERO,
        retry_attempts: 0,
        ..PoolSettings::default()
    };
    let builder = SupabaseConfig::builder()
        .url("http://db.example.com")
        .key("two words")
        .schema("a b")
        .rest_path("/a?b");
    let error = builder.settings(settings).build().unwrap_err();
    let names: Vec<&str> = error.problems().iter().map(|problem| problem.name()).collect();
    assert_eq!(
        names,
        ["url", "key", "rest_path", "schema", "min_connections", "acquire_timeout", "retry_attempts"]
    );
    let text = error.to_string();
    for part in [
        "min_connections is 9, allowed is 0 to 3",
        "acquire_timeout is 0ns, allowed is 1ms to",
        "retry_attempts is 0, allowed is 1 to 100",
        "rest_path is \"/a?b\": allowed are letters, digits, - _ . and single slashes, as in /rest/v1/",
        "schema is \"a b\": allowed are visible ASCII characters, as in public",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
}

#[test]
fn each_of_the_nine_settings_is_checked_under_its_own_name() {
    let zero = Duration::ZERO;
    let endless = Duration::MAX;
    let good = PoolSettings::default;
    let bad = [
        ("min_connections", PoolSettings { min_connections: 11, ..good() }),
        ("max_connections", PoolSettings { min_connections: 0, max_connections: 0, ..good() }),
        ("acquire_timeout", PoolSettings { acquire_timeout: zero, ..good() }),
        ("release_timeout", PoolSettings { release_timeout: zero, ..good() }),
        ("health_check_interval", PoolSettings { health_check_interval: endless, ..good() }),
        ("max_idle_time", PoolSettings { max_idle_time: zero, ..good() }),
        ("connection_timeout", PoolSettings { connection_timeout: zero, ..good() }),
        ("retry_attempts", PoolSettings { retry_attempts: 0, ..good() }),
        ("retry_delay", PoolSettings { retry_delay: zero, ..good() }),
    ];
    for (name, settings) in bad {
        let builder = SupabaseConfig::builder().url("https://a.supabase.co").key("sb_publishable_x");
        let error = builder.settings(settings).build().unwrap_err();
        let names: Vec<&str> = error.problems().iter().map(|problem| problem.name()).collect();
        assert_eq!(names, [name]);
        assert!(error.to_string().contains(&format!("{name} is ")), "{error}");
    }
}

#[test]
fn the_defaults_and_presets_are_those_that_were_promised() {
    let seconds = Duration::from_secs;
    let expected = PoolSettings {
        min_connections: 2,
        max_connections: 10,
        acquire_timeout: seconds(10),
        release_timeout: seconds(5),
        health_check_interval: seconds(30),
        max_idle_time: seconds(300),
        connection_timeout: seconds(8),
        retry_attempts: 3,
        retry_delay: seconds(1),
    };
    assert_eq!(PoolSettings::default(), expected);
    let development = PoolSettings { min_connections: 2, max_connections: 5, ..expected.clone() };
    assert_eq!(
        PoolSettings::development(),
        PoolSettings { health_check_interval: seconds(30), ..development }
    );
    let production =
        PoolSettings { min_connections: 5, max_connections: 20, acquire_timeout: seconds(15), ..expected };
    assert_eq!(PoolSettings::production(), PoolSettings { health_check_interval: seconds(15), ..production });
}

#[test]
fn settings_become_the_cores_and_stay_valid_there() {
    let settings = PoolSettings { retry_delay: Duration::from_secs(60), ..PoolSettings::production() };
    let config = pool_core::Config::from(&settings);
    assert_eq!((config.max_connections, config.retry.delay), (20, Duration::from_secs(60)));
    assert_eq!(config.validate(), Ok(()), "a long base does not contradict the longest wait");
}

#[test]
fn settings_come_from_the_environment_too() {
    let base = [("SUPABASE_URL", "https://a.supabase.co"), ("SUPABASE_ANON_KEY", "sb_publishable_x")];
    let with = |extra: &[(&'static str, &'static str)]| env(Role::Anon, &[&base[..], extra].concat());
    let config =
        with(&[("SUPABASE_POOL_MAX_CONNECTIONS", "4"), ("SUPABASE_POOL_MAX_IDLE_TIME", "90s")]).unwrap();
    assert_eq!(
        (config.settings().max_connections, config.settings().max_idle_time),
        (4, Duration::from_secs(90))
    );
    assert_eq!(
        message(with(&[("SUPABASE_POOL_MAX_IDLE_TIME", "soon"), ("SUPABASE_POOL_SIZE", "4")])),
        "the configuration is not valid: SUPABASE_POOL_MAX_IDLE_TIME is \"soon\": allowed is a whole number with a unit, as in \
         250ms, 10s, 5m or 1h; SUPABASE_POOL_SIZE is not a setting of the pool: see the fields of PoolSettings"
    );
}

#[test]
fn a_document_is_read_with_the_same_checks() {
    let config: SupabaseConfig = serde_json::from_str(
        r#"{"url": "https://a.supabase.co", "key": "sb_secret_x", "role": "service", "schema": "api",
            "pool": {"max_connections": 7, "acquire_timeout": "3s", "retry_delay": 250}}"#,
    )
    .unwrap();
    assert_eq!(
        (config.role(), config.schema(), config.rest_path()),
        (Role::Service, Some("api"), "/rest/v1/")
    );
    assert_eq!(config.settings().acquire_timeout, Duration::from_secs(3));
    assert_eq!(config.settings().retry_delay, Duration::from_millis(250));

    let refused = |document: &str| serde_json::from_str::<SupabaseConfig>(document).unwrap_err().to_string();
    let text = refused(r#"{"url": "https://a.supabase.co", "key": "sb_secret_x"}"#);
    assert!(text.starts_with("the configuration is not valid: key is a service key"), "{text}");
    let text = refused(r#"{"url": "https://a.supabase.co", "key": "x", "pool": {"max_conections": 7}}"#);
    assert!(text.contains("unknown field `max_conections`"), "{text}");
}

#[test]
fn settings_survive_a_document() {
    let settings = PoolSettings { retry_delay: Duration::from_micros(1500), ..PoolSettings::production() };
    let document = serde_json::to_string(&settings).unwrap();
    assert!(
        document.contains(r#""max_idle_time":"300s""#) && document.contains(r#""retry_delay":"1500us""#),
        "{document}"
    );
    assert_eq!(serde_json::from_str::<PoolSettings>(&document).unwrap(), settings);
}

#[test]
fn the_rest_path_has_a_slash_at_both_ends() {
    for (given, expected) in [("/", "/"), ("", "/"), ("rest/v1", "/rest/v1/"), ("/api/", "/api/")] {
        let config =
            SupabaseConfig::builder().url("http://localhost:3000").key("x").rest_path(given).build().unwrap();
        assert_eq!(config.rest_path(), expected);
    }
}

#[test]
fn no_secret_is_in_any_debug_or_message() {
    const SECRET: &str = "sb_secret_do_not_print";
    let builder = SupabaseConfig::builder().url(format!("https://u:{SECRET}@a.supabase.co")).key(SECRET);
    assert!(!format!("{builder:?}").contains(SECRET));
    let error = builder.build().unwrap_err();
    assert!(!format!("{error} {error:?}").contains(SECRET));
    // Swapped by mistake.
    let error = SupabaseConfig::builder().url(SECRET).key("https://a.supabase.co").build().unwrap_err();
    assert!(!format!("{error} {error:?}").contains(SECRET), "{error}");
    assert!(
        error.to_string().contains("key is a URL, not a key: URL and key may have been swapped"),
        "{error}"
    );
    let config = SupabaseConfig::builder()
        .url("https://a.supabase.co")
        .key(SECRET)
        .role(Role::Service)
        .build()
        .unwrap();
    let client = pool_supabase::Client::new(&config);
    let request = client.from("t").select::<i64>("id").build().unwrap();
    assert!(!format!("{config:?} {client:?} {request:?}").contains(SECRET));
}
