//! Whatever can be printed is printed, with every kind of key, and none of them is in it.

use std::time::{Duration, SystemTime};

use pool_tokio::pool_core::Outcome;
use pool_tokio::pool_http::{HttpConnection, Limits};
use pool_tokio::pool_supabase::token::{Epoch, Refresh};
use pool_tokio::pool_supabase::{Role, Token, TokenSource};
use pool_tokio::{Builder, Client, PoolSettings, Service, SupabaseConfig};
use serde_json::Value;
use supabase_sim::Simulator;

use crate::support::{LONG, Secrets};

/// A session that is never refreshed.
struct Session(Token);

impl TokenSource for Session {
    fn current(&self) -> Option<Token> {
        Some(self.0.clone())
    }

    fn refresh(&self, _: Epoch) -> Refresh<'_> {
        Box::pin(async { Err("there is no other token".into()) })
    }
}

#[tokio::test]
async fn nothing_that_can_be_printed_shows_a_key() {
    let sim = Simulator::start().unwrap();
    let token = sim.user_token(SystemTime::now() + Duration::from_secs(3600));
    let keys = [
        (Role::Anon, sim.anon_key()),
        (Role::Anon, sim.legacy_anon_key()),
        (Role::Service, sim.service_key()),
        (Role::Service, sim.legacy_service_key()),
    ];
    let secrets = Secrets::new(keys.iter().map(|(_, key)| (*key).to_owned()).chain([token.clone()]));
    for (role, key) in keys {
        let draft = SupabaseConfig::builder().url(sim.url()).key(key).role(role);
        secrets.are_not_in_debug(&draft);
        let config = draft.settings(PoolSettings::development()).build().unwrap();
        secrets.are_not_in_debug(&config);
        secrets.are_not_in_debug(config.key());
        secrets.are_not_in_debug(&Client::new(&config));
        let builder = Builder::new(&config);
        secrets.are_not_in_debug(&builder);
        let session = Token::new(&token, Epoch(1)).unwrap();
        secrets.are_not_in_debug(&session);
        let db = builder.connect().unwrap().with_tokens(Session(session));
        let query = db.from("blogs").select::<Value>("id");
        secrets.are_not_in_debug(&query);
        let request = query.build().unwrap();
        secrets.are_not_in_debug(&request);
        let mut lease = db.pool().acquire().await.unwrap();
        secrets.are_not_in_debug(&lease.send(request, Limits::within(LONG)).await.unwrap());
        secrets.are_not_in_debug(&*lease);
        secrets.are_not_in_debug(&lease);
        lease.release(Outcome::Success);
        db.execute_with_connection(query).await.unwrap();
        secrets.are_not_in_debug(&db);
        secrets.are_not_in_debug(db.pool());
        secrets.are_not_in_debug(db.pool().backend());
        secrets.are_not_in_debug(&db.get_pool_status());
        secrets.are_not_in_debug(&Service::new(db));
    }
}
