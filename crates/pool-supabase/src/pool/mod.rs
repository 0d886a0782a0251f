//! A pool of connections to one project: queries in, rows out.
//!
//! Rules kept here: one deadline for the whole call; the answer is read to its end before the connection goes back; a call
//! that is dropped in the middle never leaves its answer to the next caller; no policy but what `error` and the core say.

mod credential;
mod kpi;
mod run;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use pool_async::{Backend, Clock, ExecuteError, ExecuteOptions, Fault, Pool};
use pool_core::{Priority, Time};
use pool_http::HttpConnection;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::SupabaseConfig;
use crate::query::{Call, Query, Table};
use crate::token::TokenSource;
use crate::{Client, Error};
use credential::Credential;

pub use kpi::PoolStatus;
pub use pool_async::Kpis;

/// How long a call may take unless it says otherwise: waiting, every attempt, and the waits between them.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// How a query is run. The default: [`CALL_TIMEOUT`], in the normal class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallOptions {
    /// The time for everything together.
    pub timeout: Duration,
    /// The class of the queue for a connection.
    pub priority: Priority,
}

impl Default for CallOptions {
    fn default() -> Self {
        CallOptions { timeout: CALL_TIMEOUT, priority: Priority::Normal }
    }
}

/// A pool of connections to one Supabase project (or any PostgREST). Cheap to clone; the clones share everything.
///
/// An adapter crate makes it: `pool_tokio::connect(config)`, for one.
pub struct SupabasePool<B: Backend, C: Clock> {
    pool: Pool<B, C>,
    client: Client,
    credential: Option<Arc<Credential>>,
    acquire_timeout: Duration,
    started: Time,
}

impl<B, C> SupabasePool<B, C>
where
    B: Backend,
    B::Conn: HttpConnection,
    B::Error: Send + Sync,
    C: Clock,
{
    /// Queries for the project of `config` over `pool`.
    pub fn new(pool: Pool<B, C>, config: &SupabaseConfig) -> Self {
        let (acquire_timeout, started) = (pool.config().acquire_timeout, pool.now());
        SupabasePool { pool, client: Client::new(config), credential: None, acquire_timeout, started }
    }

    /// The same pool, for the user whose tokens `source` gives: requests carry the current token, which is refreshed a minute before it
    /// expires and once when the service refuses it, by one refresh at a time.
    #[must_use]
    pub fn with_tokens(&self, source: impl TokenSource) -> Self {
        SupabasePool { credential: Some(Arc::new(Credential::new(source))), ..self.clone() }
    }

    /// Begins a query on a table or view.
    pub fn from(&self, table: impl Into<String>) -> Table {
        self.client.from(table)
    }

    /// Begins the call of a function; see [`Client::rpc`].
    pub fn rpc<T: DeserializeOwned>(
        &self,
        function: impl Into<String>,
        arguments: &(impl Serialize + ?Sized),
    ) -> Query<T, Call> {
        self.client.rpc(function, arguments)
    }

    /// Builds queries without a pool.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Runs a query on a connection of the pool, and again on another where that can help and cannot hurt.
    ///
    /// # Errors
    ///
    /// [`Error`] says what went wrong and whose fault it was; it comes within [`CALL_TIMEOUT`].
    ///
    /// # Cancel safety
    ///
    /// The future may be dropped at any time. A connection on which a request is under way is then closed, not reused; whether
    /// the service has acted on it is unknown.
    pub async fn execute_with_connection<T, K>(&self, query: Query<T, K>) -> Result<T, Error> {
        self.execute_with_options(query, CallOptions::default()).await
    }

    /// Runs a query as [`execute_with_connection`](Self::execute_with_connection), with options.
    ///
    /// # Errors
    ///
    /// As there; it comes within the time of `options`.
    ///
    /// # Cancel safety
    ///
    /// As there.
    pub async fn execute_with_options<T, K>(
        &self,
        query: Query<T, K>,
        options: CallOptions,
    ) -> Result<T, Error> {
        run::run(self, &query, options).await
    }

    /// Lends a connection to `work`, for what the query builder has no words for; `options` say what running it twice would mean,
    /// `classify` whose fault its errors are. See [`Pool::execute_with`].
    ///
    /// # Errors
    ///
    /// When there is no connection to be had, or the work has failed and is not tried again.
    ///
    /// # Cancel safety
    ///
    /// As [`Pool::execute_with`].
    pub async fn with_connection<T, X>(
        &self,
        options: ExecuteOptions,
        classify: impl Fn(&X) -> Fault,
        work: impl AsyncFnMut(&mut B::Conn) -> Result<T, X>,
    ) -> Result<T, ExecuteError<X, B::Error>> {
        self.pool.execute_with(options, classify, work).await
    }

    /// The pool beneath: acquire, resize, suspend, events, shutdown and so on.
    pub fn pool(&self) -> &Pool<B, C> {
        &self.pool
    }

    /// The pool at this moment, with its counters and key figures.
    pub fn get_pool_status(&self) -> PoolStatus {
        PoolStatus::of(&self.pool, self.started)
    }

    /// The same as [`get_pool_status`](Self::get_pool_status).
    pub fn status(&self) -> PoolStatus {
        self.get_pool_status()
    }
}

impl<B: Backend, C: Clock> Clone for SupabasePool<B, C> {
    fn clone(&self) -> Self {
        SupabasePool {
            pool: self.pool.clone(),
            client: self.client.clone(),
            credential: self.credential.clone(),
            acquire_timeout: self.acquire_timeout,
            started: self.started,
        }
    }
}

impl<B: Backend, C: Clock> fmt::Debug for SupabasePool<B, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SupabasePool").field("pool", &self.pool).finish_non_exhaustive()
    }
}
