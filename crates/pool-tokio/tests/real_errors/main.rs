//! Everything that people get wrong at first, and everything that stands between them and the service: each gives one clear
//! typed error that names what to change, and none ever shows a key.

#[path = "../real_support/mod.rs"]
mod support;

mod addresses;
mod answers;
mod configuration;
mod secrets;

use pool_tokio::pool_supabase::{Error, SupabaseConfigBuilder};
use pool_tokio::{PoolSettings, SupabasePool};
use serde_json::Value;

use support::Secrets;

/// A pool that opens one connection when it is asked to and tries everything once: its errors are the first ones.
fn pool(config: SupabaseConfigBuilder) -> SupabasePool {
    let settings =
        PoolSettings { min_connections: 0, max_connections: 1, retry_attempts: 1, ..PoolSettings::default() };
    pool_tokio::connect(&config.settings(settings).build().unwrap()).unwrap()
}

/// What a read of `blogs` fails with; none of `secrets` is in it, nor in what else can be printed.
async fn refusal(db: &SupabasePool, secrets: &Secrets) -> Error {
    let query = db.from("blogs").select::<Value>("id");
    secrets.are_not_in_debug(&query);
    let error = db.execute_with_connection(query).await.unwrap_err();
    secrets.are_not_in_error(&error);
    secrets.are_not_in_debug(db);
    secrets.are_not_in_debug(db.client());
    secrets.are_not_in_debug(db.pool().backend());
    secrets.are_not_in_debug(&db.get_pool_status());
    error
}
