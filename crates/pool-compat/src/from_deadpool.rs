//! deadpool's managers. Rules kept here: the manager is told of the end of each object exactly once, by `detach`, on whatever way
//! the object leaves the pool; the metrics that `recycle` gets are counted as deadpool counts them.

use std::convert::identity;
use std::error::Error;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use deadpool::managed::{Manager, Metrics, RecycleError};
use pool_async::{Backend, ConnectContext, Connected, Fault};

use crate::failure::{Classify, Failure};

/// A [`deadpool::managed::Manager`] as a [`Backend`].
///
/// | deadpool | here |
/// |---|---|
/// | `create` | [`Backend::connect`] |
/// | `recycle` | [`Backend::probe`]; a failure closes the connection |
/// | `detach` | when a connection leaves the pool: closed, [taken out](DeadpoolConn::into_inner), or dropped |
/// | – | [`Backend::is_broken`], by what [`broken_when`](Deadpool::broken_when) was given |
///
/// `E` is the error in the pool's own errors: the manager's, unless it was made [`with_error`](Deadpool::with_error).
pub struct Deadpool<M: Manager, E = <M as Manager>::Error> {
    manager: Arc<M>,
    convert: fn(M::Error) -> E,
    classify: Classify<E>,
    broken: Broken<M::Type>,
}

/// How dead connections are told.
type Broken<T> = Box<dyn Fn(&T) -> bool + Send + Sync>;

impl<M: Manager> Deadpool<M>
where
    M::Error: 'static,
{
    /// Pools what `manager` creates. Errors are judged by [`Failure::fault`], unless a [classifier](Deadpool::classify) is given.
    pub fn new(manager: M) -> Self {
        Deadpool::with_error(manager, identity)
    }
}

impl<M: Manager, E: 'static> Deadpool<M, E> {
    /// Pools what `manager` creates, for managers whose errors are not [`Error`]s themselves (a `String`, an `anyhow::Error`, `()`).
    pub fn with_error(manager: M, convert: fn(M::Error) -> E) -> Self {
        Deadpool {
            manager: Arc::new(manager),
            convert,
            classify: Box::new(Failure::fault),
            broken: Box::new(|_| false),
        }
    }

    /// Judges errors by `classify`; for those that it knows nothing of, it can answer with [`Failure::fault`].
    #[must_use]
    pub fn classify(mut self, classify: impl Fn(&Failure<E>) -> Fault + Send + Sync + 'static) -> Self {
        self.classify = Box::new(classify);
        self
    }

    /// Tells dead connections by `broken`, asked at each hand-out and return: it must be cheap and must not ask the peer. Most clients have
    /// such a method (`|client| client.is_closed()`). Default: no connection is known to be dead.
    #[must_use]
    pub fn broken_when(mut self, broken: impl Fn(&M::Type) -> bool + Send + Sync + 'static) -> Self {
        self.broken = Box::new(broken);
        self
    }

    /// The manager.
    pub fn manager(&self) -> &M {
        &self.manager
    }
}

impl<M, E> Backend for Deadpool<M, E>
where
    M: Manager + 'static,
    M::Type: 'static,
    E: Error + 'static,
{
    type Conn = DeadpoolConn<M>;
    type Error = Failure<E>;

    async fn connect(&self, _: ConnectContext) -> Result<Connected<Self::Conn>, Self::Error> {
        match self.manager.create().await {
            Ok(object) => Ok(Connected::exclusive(DeadpoolConn {
                object: Some(object),
                metrics: Metrics::default(),
                manager: Arc::clone(&self.manager),
            })),
            Err(error) => Err(Failure::Connect((self.convert)(error))),
        }
    }

    async fn probe(&self, conn: &mut Self::Conn) -> Result<(), Self::Error> {
        let metrics = conn.metrics;
        self.manager.recycle(conn, &metrics).await.map_err(|error| match error {
            RecycleError::Message(words) => Failure::Refused(words),
            RecycleError::Backend(error) => Failure::Probe((self.convert)(error)),
        })?;
        conn.metrics.recycle_count += 1;
        #[cfg(not(target_arch = "wasm32"))]
        {
            conn.metrics.recycled = Some(std::time::Instant::now());
        }
        Ok(())
    }

    fn is_broken(&self, conn: &Self::Conn) -> bool {
        (self.broken)(conn)
    }

    async fn close(&self, conn: Self::Conn) {
        drop(conn);
    }

    fn classify(&self, error: &Self::Error) -> Fault {
        (self.classify)(error)
    }
}

impl<M: Manager, E> fmt::Debug for Deadpool<M, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deadpool").finish_non_exhaustive()
    }
}

/// A connection of a [`Deadpool`] pool; it derefs to what the manager created.
pub struct DeadpoolConn<M: Manager> {
    /// `None` only after `into_inner`.
    object: Option<M::Type>,
    metrics: Metrics,
    manager: Arc<M>,
}

const THERE: &str = "a connection has its object until it is taken out";

impl<M: Manager> DeadpoolConn<M> {
    /// When it was created and recycled, and how often: what `recycle` gets.
    pub fn metrics(&self) -> Metrics {
        self.metrics
    }

    /// What the manager created, detached from the manager: what [`Lease::detach`](pool_async::Lease::detach) is for.
    pub fn into_inner(mut self) -> M::Type {
        let mut object = self.object.take().expect(THERE);
        self.manager.detach(&mut object);
        object
    }
}

impl<M: Manager> Deref for DeadpoolConn<M> {
    type Target = M::Type;

    fn deref(&self) -> &M::Type {
        self.object.as_ref().expect(THERE)
    }
}

impl<M: Manager> DerefMut for DeadpoolConn<M> {
    fn deref_mut(&mut self) -> &mut M::Type {
        self.object.as_mut().expect(THERE)
    }
}

impl<M: Manager> Drop for DeadpoolConn<M> {
    // Here and not in `close`: what is dropped after the end of the pool is never closed.
    fn drop(&mut self) {
        if let Some(object) = &mut self.object {
            self.manager.detach(object);
        }
    }
}

impl<M: Manager> fmt::Debug for DeadpoolConn<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadpoolConn").field("metrics", &self.metrics).finish_non_exhaustive()
    }
}
