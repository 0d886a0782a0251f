//! bb8's managers. Rules kept here: `has_broken` is asked whenever the pool asks, though it wants `&mut` and the pool gives `&`; a
//! connection is closed by dropping it, as bb8 does.

use std::convert::identity;
use std::error::Error;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use bb8::ManageConnection;
use pool_async::{Backend, ConnectContext, Connected, Fault};

use crate::failure::{Classify, Failure};

/// A [`bb8::ManageConnection`] as a [`Backend`].
///
/// | bb8 | here |
/// |---|---|
/// | `connect` | [`Backend::connect`] |
/// | `is_valid` | [`Backend::probe`] |
/// | `has_broken` | [`Backend::is_broken`], at each hand-out and return |
/// | dropping the connection | [`Backend::close`] |
///
/// `E` is the error in the pool's own errors: the manager's, unless it was made [`with_error`](Bb8::with_error).
pub struct Bb8<M: ManageConnection, E = <M as ManageConnection>::Error> {
    manager: M,
    convert: fn(M::Error) -> E,
    classify: Classify<E>,
}

impl<M: ManageConnection> Bb8<M> {
    /// Pools what `manager` connects to. Errors are judged by [`Failure::fault`], unless a [classifier](Bb8::classify) is given.
    pub fn new(manager: M) -> Self {
        Bb8::with_error(manager, identity)
    }
}

impl<M: ManageConnection, E: 'static> Bb8<M, E> {
    /// Pools what `manager` connects to, for managers whose errors are not [`Error`]s themselves (a `String`, an `anyhow::Error`, `()`).
    pub fn with_error(manager: M, convert: fn(M::Error) -> E) -> Self {
        Bb8 { manager, convert, classify: Box::new(Failure::fault) }
    }

    /// Judges errors by `classify`; for those that it knows nothing of, it can answer with [`Failure::fault`].
    #[must_use]
    pub fn classify(mut self, classify: impl Fn(&Failure<E>) -> Fault + Send + Sync + 'static) -> Self {
        self.classify = Box::new(classify);
        self
    }

    /// The manager.
    pub fn manager(&self) -> &M {
        &self.manager
    }
}

impl<M: ManageConnection, E: Error + 'static> Backend for Bb8<M, E> {
    type Conn = Bb8Conn<M::Connection>;
    type Error = Failure<E>;

    async fn connect(&self, _: ConnectContext) -> Result<Connected<Self::Conn>, Self::Error> {
        match self.manager.connect().await {
            Ok(conn) => Ok(Connected::exclusive(Bb8Conn(Mutex::new(conn)))),
            Err(error) => Err(Failure::Connect((self.convert)(error))),
        }
    }

    async fn probe(&self, conn: &mut Self::Conn) -> Result<(), Self::Error> {
        let valid = self.manager.is_valid(conn.get_mut()).await;
        valid.map_err(|error| Failure::Probe((self.convert)(error)))
    }

    fn is_broken(&self, conn: &Self::Conn) -> bool {
        self.manager.has_broken(&mut conn.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn close(&self, conn: Self::Conn) {
        drop(conn);
    }

    fn classify(&self, error: &Self::Error) -> Fault {
        (self.classify)(error)
    }
}

impl<M: ManageConnection, E> fmt::Debug for Bb8<M, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bb8").finish_non_exhaustive()
    }
}

/// A connection of a [`Bb8`] pool: [`get_mut`](Bb8Conn::get_mut) has the manager's.
///
/// It has a mutex, because `has_broken` wants `&mut`; nobody ever waits for it, and [`get_mut`](Bb8Conn::get_mut) does not lock it.
pub struct Bb8Conn<T>(Mutex<T>);

impl<T> Bb8Conn<T> {
    /// The connection that the manager made.
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that the manager made, for good: what [`Lease::detach`](pool_async::Lease::detach) is for.
    pub fn into_inner(self) -> T {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Debug for Bb8Conn<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bb8Conn").finish_non_exhaustive()
    }
}
