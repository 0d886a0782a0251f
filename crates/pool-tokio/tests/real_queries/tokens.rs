//! A user's token is refreshed once, however many calls find it expired or refused.

use std::future::pending;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use futures::future::join_all;
use pool_tokio::SupabasePool;
use pool_tokio::pool_supabase::token::{Epoch, Refresh};
use pool_tokio::pool_supabase::{CallOptions, Error, ErrorClass, Role, Token, TokenSource};
use serde_json::Value;
use xtask::Pair;

use crate::support::Secrets;
use crate::{Slug, pool};

/// A session whose refresh gives `next`, or fails, or hangs.
#[derive(Clone)]
struct Session(Arc<Inner>);

struct Inner {
    token: Mutex<Token>,
    next: Next,
    refreshes: AtomicU64,
}

enum Next {
    Is(String),
    Fails,
    Never,
}

impl Session {
    fn new(first: &str, next: Next) -> Self {
        let token = Mutex::new(Token::new(first, Epoch(1)).unwrap());
        Session(Arc::new(Inner { token, next, refreshes: AtomicU64::new(0) }))
    }

    fn refreshes(&self) -> u64 {
        self.0.refreshes.load(Ordering::Relaxed)
    }
}

impl TokenSource for Session {
    fn current(&self) -> Option<Token> {
        Some(self.0.token.lock().unwrap().clone())
    }

    fn refresh(&self, stale: Epoch) -> Refresh<'_> {
        Box::pin(async move {
            self.0.refreshes.fetch_add(1, Ordering::Relaxed);
            // Others come by in the meantime.
            tokio::task::yield_now().await;
            match &self.0.next {
                Next::Is(jwt) => {
                    let token = Token::new(jwt, Epoch(stale.0 + 1))?;
                    *self.0.token.lock().unwrap() = token.clone();
                    Ok(token)
                }
                Next::Fails => Err("the session was signed out".into()),
                Next::Never => pending().await,
            }
        })
    }
}

fn hours(hours: i64) -> SystemTime {
    let span = Duration::from_secs(hours.unsigned_abs() * 3600);
    if hours < 0 { SystemTime::now() - span } else { SystemTime::now() + span }
}

/// The token with the signature of another one: it looks valid, and the server refuses it.
fn forged(pair: &Pair) -> String {
    let (wanted, other) = (pair.token("authenticated", hours(1)), pair.token("anon", hours(1)));
    let (claims, _) = wanted.rsplit_once('.').unwrap();
    let (_, signature) = other.rsplit_once('.').unwrap();
    format!("{claims}.{signature}")
}

/// Runs 50 reads at once; the errors.
async fn fifty(db: &SupabasePool) -> Vec<Error> {
    let read = || db.from("blogs").select::<Slug>("slug").limit(1);
    let calls = (0..50).map(|_| db.execute_with_connection(read()));
    join_all(calls).await.into_iter().filter_map(Result::err).collect()
}

#[tokio::test]
async fn an_expired_token_is_refreshed_once_for_all_before_it_is_sent() {
    let pair = Pair::ensure().unwrap();
    let next = Next::Is(pair.token("authenticated", hours(1)));
    let session = Session::new(&pair.token("authenticated", hours(-1)), next);
    let db = pool(&pair, Role::Anon).with_tokens(session.clone());
    assert_eq!(fifty(&db).await.len(), 0);
    assert_eq!((session.refreshes(), db.pool().stats().leases), (1, 50), "nobody was refused");
}

#[tokio::test]
async fn a_refused_token_is_refreshed_once_for_all_and_each_call_is_sent_again() {
    let pair = Pair::ensure().unwrap();
    let session = Session::new(&forged(&pair), Next::Is(pair.token("authenticated", hours(1))));
    let db = pool(&pair, Role::Anon).with_tokens(session.clone());
    assert_eq!(fifty(&db).await.len(), 0);
    let stats = db.pool().stats();
    assert_eq!((session.refreshes(), stats.retries), (1, 0), "a refresh is no retry");
    assert!((51..=100).contains(&stats.leases), "{} of them were refused", stats.leases - 50);
    assert!(db.pool().status().unhealthy == 0 && stats.opened <= 8, "no connection is to blame");
}

#[tokio::test]
async fn a_token_that_cannot_be_replaced_is_told_as_the_server_refused_it() {
    let pair = Pair::ensure().unwrap();
    let forged = forged(&pair);
    let session = Session::new(&forged, Next::Fails);
    let db = pool(&pair, Role::Anon).with_tokens(session.clone());
    let error = db.execute_with_connection(db.from("blogs").select::<Value>("id")).await.unwrap_err();
    assert_eq!((error.class(), session.refreshes()), (ErrorClass::Auth, 1));
    assert!(error.to_string().starts_with("the service answered 401 PGRST301: JWSError"), "{error}");
    let secrets = Secrets::new([forged, pair.anon_key()]);
    secrets.are_not_in_error(&error);
    secrets.are_not_in_debug(&db);
    secrets.are_not_in_debug(&session.current());
}

#[tokio::test]
async fn a_token_that_is_refused_again_is_not_refreshed_again() {
    let pair = Pair::ensure().unwrap();
    let session = Session::new(&forged(&pair), Next::Is(forged(&pair)));
    let db = pool(&pair, Role::Anon).with_tokens(session.clone());
    let error = db.execute_with_connection(db.from("blogs").select::<Value>("id")).await.unwrap_err();
    assert_eq!((error.class(), session.refreshes()), (ErrorClass::Auth, 1));
    assert_eq!(db.pool().stats().leases, 2);
}

#[tokio::test]
async fn a_refresh_that_never_ends_ends_with_the_calls_time() {
    let pair = Pair::ensure().unwrap();
    let options = CallOptions { timeout: Duration::from_millis(200), ..CallOptions::default() };
    for first in [forged(&pair), pair.token("authenticated", hours(-1))] {
        let session = Session::new(&first, Next::Never);
        let db = pool(&pair, Role::Anon).with_tokens(session.clone());
        let read = db.from("blogs").select::<Value>("id");
        let error = db.execute_with_options(read, options).await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::Timeout);
        assert!(
            error.to_string().starts_with("the deadline came while waiting for a new access token"),
            "{error}"
        );
        assert_eq!(session.refreshes(), 1);
    }
}
