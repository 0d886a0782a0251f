//! A bad configuration: each field by itself, and all problems at once.

use std::time::Duration;

use pool_tokio::pool_supabase::{Role, SupabaseConfigBuilder};
use pool_tokio::{Builder, ConnectError, PoolSettings, SupabaseConfig};

use crate::support::Secrets;

const KEY: &str = "sb_publishable_Zz81Lq0PxT";
const SECRET: &str = "sb_secret_Yt72Mw9QrS";

fn good() -> SupabaseConfigBuilder {
    SupabaseConfig::builder().url("https://my-project.supabase.co").key(KEY)
}

/// What is wrong with it, without the words that begin every such message.
fn wrong(config: SupabaseConfigBuilder) -> String {
    let secrets = Secrets::new([KEY.to_owned(), SECRET.to_owned()]);
    secrets.are_not_in_debug(&config);
    let error = config.build().unwrap_err();
    secrets.are_not_in_error(&error);
    let text = error.to_string();
    text.strip_prefix("the configuration is not valid: ").expect("it says what it is about").to_owned()
}

#[test]
fn each_field_says_what_is_allowed() {
    let cases = [
        (good().url(""), "url is empty: set it to https://<project>.supabase.co"),
        (
            good().url("my-project.supabase.co"),
            "url is not a URL (relative URL without a base): write https://<project>.supabase.co",
        ),
        (
            good().url("http://my-project.supabase.co"),
            "url uses http: for a host that is not this machine: the key would travel in the clear; write https:",
        ),
        (
            good().url("http://localhost.invalid"),
            "url uses http: for a host that is not this machine: the key would travel in the clear; write https:",
        ),
        (
            good().url("https://db.my-project.supabase.co"),
            "url is the database's host: the API is at https://my-project.supabase.co",
        ),
        (
            good().url(format!("https://user:{SECRET}@my-project.supabase.co")),
            "url contains a user name or password: remove them, the key is a setting of its own",
        ),
        (
            good().url(SECRET),
            "url is not a URL (relative URL without a base): write https://<project>.supabase.co",
        ),
        (good().key(" \"\" "), "key is empty"),
        (
            good().key("https://my-project.supabase.co"),
            "key is a URL, not a key: URL and key may have been swapped",
        ),
        (
            good().key(format!("{KEY} {KEY}")),
            "key contains spaces, line breaks or characters outside of ASCII: copy it again from the dashboard",
        ),
        (
            good().key(SECRET),
            "key is a service key, which passes row-level security: ask for Role::Service if that is meant, else use the \
             publishable key",
        ),
        (
            good().role(Role::Service),
            "key is a publishable key, and Role::Service needs a secret or service-role key",
        ),
        (
            good().schema("my schema"),
            "schema is \"my schema\": allowed are visible ASCII characters, as in public",
        ),
        (
            good().rest_path("/rest?v=1"),
            "rest_path is \"/rest?v=1\": allowed are letters, digits, - _ . and single slashes, as in /rest/v1/",
        ),
    ];
    for (config, says) in cases {
        assert_eq!(wrong(config), says);
    }
}

#[test]
fn each_setting_of_the_pool_says_its_range() {
    let (zero, year) = (Duration::ZERO, "31536000s");
    let base = PoolSettings::default;
    let cases = [
        (
            PoolSettings { min_connections: 11, ..base() },
            "min_connections is 11, allowed is 0 to 10".to_owned(),
        ),
        (
            PoolSettings { min_connections: 0, max_connections: 0, ..base() },
            "max_connections is 0, allowed is 1 to 1048576".to_owned(),
        ),
        (
            PoolSettings { acquire_timeout: zero, ..base() },
            format!("acquire_timeout is 0ns, allowed is 1ms to {year}"),
        ),
        (
            PoolSettings { release_timeout: zero, ..base() },
            format!("release_timeout is 0ns, allowed is 1ms to {year}"),
        ),
        (
            PoolSettings { health_check_interval: Duration::from_nanos(1), ..base() },
            format!("health_check_interval is 1ns, allowed is 1ms to {year} (or zero to switch it off)"),
        ),
        (
            PoolSettings { max_idle_time: zero, ..base() },
            format!("max_idle_time is 0ns, allowed is 1ms to {year}"),
        ),
        (
            PoolSettings { connection_timeout: zero, ..base() },
            format!("connection_timeout is 0ns, allowed is 1ms to {year}"),
        ),
        (PoolSettings { retry_attempts: 0, ..base() }, "retry_attempts is 0, allowed is 1 to 100".to_owned()),
        (
            PoolSettings { retry_delay: zero, ..base() },
            format!("retry_delay is 0ns, allowed is 1ms to {year}"),
        ),
    ];
    for (settings, says) in cases {
        assert_eq!(wrong(good().settings(settings)), says);
    }
}

#[test]
fn all_problems_come_at_once() {
    let settings = PoolSettings { max_connections: 1, retry_attempts: 0, ..PoolSettings::default() };
    assert_eq!(
        wrong(SupabaseConfig::builder().settings(settings).schema("")),
        "url is missing: set it to https://<project>.supabase.co; key is missing: copy it from the project's API settings; \
         schema is \"\": allowed are visible ASCII characters, as in public; min_connections is 2, allowed is 0 to 1; \
         retry_attempts is 0, allowed is 1 to 100"
    );
}

#[tokio::test]
async fn a_setting_beyond_the_nine_is_checked_when_the_pool_is_opened() {
    let config = good().build().unwrap();
    let error = Builder::new(&config)
        .pool(|mut pool| {
            pool.connects_max = 0;
            pool.faults_max = 0;
            pool
        })
        .connect()
        .unwrap_err();
    assert!(matches!(error, ConnectError::Config(_)));
    assert_eq!(
        error.to_string(),
        "the pool's configuration is not valid: connects_max is 0, allowed is 1 to 1048576; \
         faults_max is 0, allowed is 1 to 4294967295"
    );
}
