//! The service layer: an application's operations, each with a name, a class, a time limit and its own figures.
//!
//! ```
//! use std::time::Duration;
//!
//! use pool_supabase::{Call, Client, Operation, Query};
//!
//! /// Counts a view of a blog.
//! struct RecordBlogView {
//!     blog: i64,
//! }
//!
//! impl Operation for RecordBlogView {
//!     type Output = i32;
//!     type Kind = Call;
//!     const NAME: &'static str = "record_blog_view";
//!     const TIMEOUT: Duration = Duration::from_secs(2);
//!
//!     fn query(&self, db: &Client) -> Query<i32, Call> {
//!         db.rpc("record_blog_view", &serde_json::json!({ "blog_id": self.blog, "viewer": "somebody" }))
//!     }
//! }
//! ```

#[cfg(feature = "monitor")]
mod watched;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use pool_async::{Backend, Clock};
use pool_core::{Histogram, Priority};
use pool_http::HttpConnection;

use crate::pool::{CALL_TIMEOUT, CallOptions, PoolStatus, SupabasePool};
use crate::query::Query;
use crate::{Client, Error};

/// Something that an application does with the database, again and again.
pub trait Operation {
    /// What it gives.
    type Output;
    /// The kind of its query.
    type Kind;
    /// Its name in figures and logs: few and fixed.
    const NAME: &'static str;
    /// The class of the queue for a connection: what a user waits for is served before what can wait.
    const PRIORITY: Priority = Priority::Normal;
    /// The time for everything together.
    const TIMEOUT: Duration = CALL_TIMEOUT;

    /// The query that does it.
    fn query(&self, db: &Client) -> Query<Self::Output, Self::Kind>;
}

/// Runs operations over a pool and keeps the figures of each. Cheap to clone; the clones share everything.
pub struct Service<B: Backend, C: Clock> {
    pool: SupabasePool<B, C>,
    ledger: Arc<Ledger>,
}

type Ledger = Mutex<BTreeMap<&'static str, OperationStats>>;

/// The figures of one operation since the start.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct OperationStats {
    /// Under way now.
    pub in_flight: u32,
    /// Ended with its output.
    pub succeeded: u64,
    /// Ended with an error.
    pub failed: u64,
    /// Dropped before its end.
    pub dropped: u64,
    /// How long it took from the call to its end, waits and retries included; dropped ones do not count.
    pub time: Histogram,
}

impl<B, C> Service<B, C>
where
    B: Backend,
    B::Conn: HttpConnection,
    B::Error: Send + Sync,
    C: Clock,
{
    /// A service over `pool`.
    pub fn new(pool: SupabasePool<B, C>) -> Self {
        Service { pool, ledger: Arc::default() }
    }

    /// Runs an operation, with its class and its time limit, and counts it.
    ///
    /// # Errors
    ///
    /// As [`SupabasePool::execute_with_connection`].
    ///
    /// # Cancel safety
    ///
    /// As there; a dropped operation is counted as such.
    pub async fn execute_with_pool<O: Operation>(&self, operation: &O) -> Result<O::Output, Error> {
        let mut entry = Entry::open(&self.ledger, O::NAME);
        let start = self.pool.pool().now();
        let options = CallOptions { timeout: O::TIMEOUT, priority: O::PRIORITY };
        let result = self.pool.execute_with_options(operation.query(self.pool.client()), options).await;
        let end = if result.is_ok() { End::Succeeded } else { End::Failed };
        entry.end = end(self.pool.pool().now().since(start));
        result
    }

    /// The pool beneath.
    pub fn pool(&self) -> &SupabasePool<B, C> {
        &self.pool
    }

    /// The pool at this moment.
    pub fn get_pool_status(&self) -> PoolStatus {
        self.pool.get_pool_status()
    }

    /// The figures of every operation that has been run, by name.
    pub fn operations(&self) -> BTreeMap<&'static str, OperationStats> {
        lock(&self.ledger).clone()
    }
}

/// An operation under way; its end is counted when it is dropped, however that comes about.
struct Entry<'l> {
    ledger: &'l Ledger,
    name: &'static str,
    end: End,
}

enum End {
    Dropped,
    Succeeded(Duration),
    Failed(Duration),
}

impl<'l> Entry<'l> {
    fn open(ledger: &'l Ledger, name: &'static str) -> Self {
        lock(ledger).entry(name).or_default().in_flight += 1;
        Entry { ledger, name, end: End::Dropped }
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let mut ledger = lock(self.ledger);
        let stats = ledger.entry(self.name).or_default();
        stats.in_flight -= 1;
        match self.end {
            End::Dropped => stats.dropped += 1,
            End::Succeeded(time) => {
                stats.succeeded += 1;
                stats.time.record(time);
            }
            End::Failed(time) => {
                stats.failed += 1;
                stats.time.record(time);
            }
        }
    }
}

/// Counting cannot leave the ledger half-written, so a poisoned lock is as good as another.
fn lock(ledger: &Ledger) -> MutexGuard<'_, BTreeMap<&'static str, OperationStats>> {
    ledger.lock().unwrap_or_else(|poison| poison.into_inner())
}

impl<B: Backend, C: Clock> Clone for Service<B, C> {
    fn clone(&self) -> Self {
        Service { pool: self.pool.clone(), ledger: Arc::clone(&self.ledger) }
    }
}

impl<B: Backend, C: Clock> fmt::Debug for Service<B, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("pool", &self.pool).finish_non_exhaustive()
    }
}
