//! What the scenarios need to know of a runtime and the transport on it; no policy.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::time::Duration;

use pool_async::pool_core::Config;
use pool_async::{AcquireError, AcquireOptions, Backend, Clock, ExecuteError, Lease, Pool};
use pool_http::{HttpConnection, Limits, Request, Response, TransportError};
use supabase_sim::Simulator;

/// The pool of an adapter.
pub type PoolOf<A> = Pool<<A as Adapter>::Backend, <A as Adapter>::Clock>;
/// A lease of an adapter's pool.
pub type LeaseOf<A> = Lease<<A as Adapter>::Backend, <A as Adapter>::Clock>;
/// What an adapter's backend says when something fails.
pub type FailureOf<A> = <<A as Adapter>::Backend as Backend>::Error;
/// Why a caller of an adapter's pool got no connection.
pub type Denied<A> = AcquireError<FailureOf<A>>;
/// How a request ended that the pool may have tried several times.
pub type Asked<A> = Result<Response, ExecuteError<FailureOf<A>, FailureOf<A>>>;

/// A runtime and a transport on it. A value of it is the runtime; when it is dropped the runtime ends, if it can.
pub trait Adapter: Sync + Sized + 'static {
    /// The transport.
    type Backend: Backend<Conn: HttpConnection, Error: Failure> + Send + Sync;
    /// The runtime's clock.
    type Clock: Clock + Send + Sync;
    /// What else keeps a pool open.
    type Keeper: Clone + Send + Sync + 'static;

    /// Starts the runtime.
    fn start() -> Self;

    /// Runs `future` on this thread, as the runtime's main task.
    fn run<T>(&self, future: impl Future<Output = T>) -> T;

    /// Runs `task` beside it. On plain threads, on one of its own.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static);

    /// Opens a pool for `sim`, with a probe that it answers; to be called inside [`run`](Adapter::run).
    fn open(&self, sim: &Simulator, config: Config) -> Open<Self>;

    /// Acquires, in the way that is usual on this runtime. On plain threads it blocks, and cannot be dropped in the middle.
    fn get(
        pool: &Open<Self>,
        options: AcquireOptions,
    ) -> impl Future<Output = Result<LeaseOf<Self>, Denied<Self>>> + Send {
        pool.acquire_with(options)
    }

    /// Has the pool send `request`, trying again where the configuration allows it and the request's safety too.
    ///
    /// It is here, and not a function over any adapter, because only of a concrete backend and clock can the compiler tell that
    /// the future may be [spawned](Adapter::spawn).
    fn ask(pool: Open<Self>, request: Request, limit: Duration) -> impl Future<Output = Asked<Self>> + Send;
}

/// An open pool. Cheap to clone; when the last clone is dropped, the pool ends.
pub struct Open<A: Adapter> {
    // Before the keeper, whose end may wait for this.
    pool: PoolOf<A>,
    keeper: A::Keeper,
}

impl<A: Adapter> Open<A> {
    pub(crate) fn new(pool: PoolOf<A>, keeper: A::Keeper) -> Self {
        Open { pool, keeper }
    }

    pub(crate) fn keeper(&self) -> &A::Keeper {
        &self.keeper
    }

    /// A lease, for who waits as long as configured.
    ///
    /// # Errors
    ///
    /// As the pool's acquire.
    pub async fn get(&self) -> Result<LeaseOf<A>, Denied<A>> {
        A::get(self, AcquireOptions::default()).await
    }
}

impl<A: Adapter> Deref for Open<A> {
    type Target = PoolOf<A>;

    fn deref(&self) -> &PoolOf<A> {
        &self.pool
    }
}

impl<A: Adapter> Clone for Open<A> {
    fn clone(&self) -> Self {
        Open { pool: self.pool.clone(), keeper: self.keeper.clone() }
    }
}

impl<A: Adapter> fmt::Debug for Open<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Open").field(&self.pool).finish()
    }
}

/// An error of a backend, as far as all have it in common.
pub trait Failure: std::error::Error + From<TransportError> + Send + Sync + 'static {
    /// The error of the transport, if there was no whole answer.
    fn transport(&self) -> Option<&TransportError>;
}

impl Failure for pool_tokio::HttpError {
    fn transport(&self) -> Option<&TransportError> {
        pool_tokio::HttpError::transport(self)
    }
}

impl Failure for pool_smol::HttpError {
    fn transport(&self) -> Option<&TransportError> {
        pool_smol::HttpError::transport(self)
    }
}

/// [`Adapter::ask`] for runtimes with futures.
pub(crate) async fn ask<A: Adapter>(pool: Open<A>, request: Request, limit: Duration) -> Asked<A> {
    let (safety, limits) = (request.meta.safety, Limits::within(limit));
    // Moved into the closure: one that borrows gives a future that cannot be spawned.
    let work =
        async move |conn: &mut <A::Backend as Backend>::Conn| Ok(conn.send(request.clone(), limits).await?);
    pool.execute(safety, work).await
}
