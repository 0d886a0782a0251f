//! What the scenarios need to know of a runtime and the transport on it: six things, and no policy.

use std::future::Future;
use std::time::Duration;

use pool_async::pool_core::{Config, Safety};
use pool_async::{AcquireError, Backend, Clock, ExecuteError, Pool};
use pool_http::{HttpConnection, Limits, Request, Response, TransportError};
use supabase_sim::Simulator;

/// The pool of an adapter.
pub type PoolOf<A> = Pool<<A as Adapter>::Backend, <A as Adapter>::Clock>;
/// Why a caller of an adapter's pool got no connection.
pub type Denied<A> = AcquireError<FailureOf<A>>;
/// What an adapter's backend says when something fails.
pub type FailureOf<A> = <<A as Adapter>::Backend as Backend>::Error;
/// How a request ended that the pool may have tried several times.
pub type Asked<A> = Result<Response, ExecuteError<FailureOf<A>, FailureOf<A>>>;

/// A runtime and a transport on it. A value of it is the runtime, and when it is dropped the runtime ends, if it can.
pub trait Adapter: Sync + Sized + 'static {
    /// The transport.
    type Backend: Backend<Conn: HttpConnection, Error: Failure> + Send + Sync;
    /// The runtime's clock.
    type Clock: Clock + Send + Sync;

    /// Starts the runtime.
    fn start() -> Self;

    /// Runs `future` on this thread, as the runtime's main task.
    fn run<T>(&self, future: impl Future<Output = T>) -> T;

    /// Runs `task` beside it. On plain threads, on one of its own.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static);

    /// Opens a pool for `sim`, with a probe that it answers; to be called inside [`run`](Adapter::run).
    fn open(&self, sim: &Simulator, config: Config) -> PoolOf<Self>;

    /// Has the pool send `request`, trying again where the configuration allows it and the request's safety too.
    ///
    /// It is here, and not a function over any adapter, because only of a concrete backend and clock can the compiler tell that
    /// the future may be [spawned](Adapter::spawn).
    fn ask(pool: PoolOf<Self>, request: Request, limit: Duration)
    -> impl Future<Output = Asked<Self>> + Send;
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

impl Failure for pool_smol::Error {
    fn transport(&self) -> Option<&TransportError> {
        pool_smol::Error::transport(self)
    }
}

/// [`Adapter::ask`], once for all.
pub(crate) async fn ask<B, C>(
    pool: Pool<B, C>,
    request: Request,
    limit: Duration,
) -> Result<Response, ExecuteError<B::Error, B::Error>>
where
    B: Backend<Conn: HttpConnection, Error: Failure>,
    C: Clock,
{
    let safety: Safety = request.meta.safety;
    let limits = Limits::within(limit);
    let work = async move |conn: &mut B::Conn| Ok(conn.send(request.clone(), limits).await?);
    pool.execute(safety, work).await
}
