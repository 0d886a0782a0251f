//! The same pool for plain threads: the driver on a thread of its own, callers that block, no runtime.
//!
//! Rules kept here: a caller's deadline is its own, and holds even while the driver is busy; the driver's thread is also the one
//! that ends sleeps, so a pool costs one thread; the pool's last handle joins it, and so does not return before every
//! connection that is not on loan is closed.
//!
//! A [`Backend`] for this may block in its `async fn`s, as `std::net` does. It then holds up the driver: one connect, probe or
//! close at a time, and the waits of [`Pool::execute`] between two tries end late. Give its sockets timeouts.
//!
//! ```
//! use std::io;
//! use std::net::{SocketAddr, TcpListener, TcpStream};
//!
//! use pool_async::pool_core::{Config, FaultClass, Reuse};
//! use pool_async::{Backend, ConnectContext, Connected, Fault, blocking};
//!
//! struct Tcp(SocketAddr);
//!
//! impl Backend for Tcp {
//!     type Conn = TcpStream;
//!     type Error = io::Error;
//!
//!     async fn connect(&self, cx: ConnectContext) -> io::Result<Connected<TcpStream>> {
//!         TcpStream::connect_timeout(&self.0, cx.timeout).map(Connected::exclusive)
//!     }
//!     async fn probe(&self, conn: &mut TcpStream) -> io::Result<()> {
//!         conn.take_error()?.map_or(Ok(()), Err)
//!     }
//!     fn is_broken(&self, _: &TcpStream) -> bool {
//!         false
//!     }
//!     async fn close(&self, _: TcpStream) {}
//!     fn classify(&self, error: &io::Error) -> Fault {
//!         match error.kind() {
//!             io::ErrorKind::ConnectionRefused => Fault::new(FaultClass::Endpoint, Reuse::Discard),
//!             _ => Fault::broken(),
//!         }
//!     }
//! }
//!
//! let listener = TcpListener::bind("127.0.0.1:0")?;
//! let pool = blocking::Pool::open(Tcp(listener.local_addr()?), Config::default())?;
//! let lease = pool.get()?;
//! assert_eq!(lease.peer_addr()?, listener.local_addr()?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod thread;

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread::JoinHandle;
use std::time::Duration;

use pool_core::{Config, ConfigError, Safety};

use crate::{AcquireError, AcquireOptions, Backend, ExecuteError, ExecuteOptions, Fault, Lease};
use thread::{block_on, run};

pub use thread::ThreadClock;

/// A pool for plain threads. Cheap to clone; the clones share everything.
///
/// When the last clone is dropped, the pool is shut down and its thread joined: connections that are idle are closed before the drop
/// returns, one that is on loan is dropped when its lease is. That takes no longer than the backend takes for what it is doing, and
/// [`Config::release_timeout`].
pub struct Pool<B: Backend> {
    // Before the thread: fields are dropped in this order.
    pool: crate::Pool<B, ThreadClock>,
    driver: Arc<DriverThread>,
}

/// Why a pool could not be opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// A setting is out of its range.
    Config(ConfigError),
    /// The system gives no thread.
    Thread(io::Error),
}

impl<B: Backend> Pool<B> {
    /// Opens a pool of what `backend` connects to, with a thread for its driver.
    ///
    /// # Errors
    ///
    /// Every setting that is out of its range, or that there is no thread to be had.
    pub fn open(backend: B, config: Config) -> Result<Self, OpenError>
    where
        B: Send + Sync,
        B::Conn: Send,
        B::Error: Send + Sync,
    {
        let clock = ThreadClock::new();
        let beat = clock.beat();
        let built = crate::Pool::builder(backend, clock).config(config).build();
        let (pool, driver) = built.map_err(OpenError::Config)?;
        let thread = std::thread::Builder::new().name("pool-driver".to_owned());
        let handle = thread.spawn(move || run(&beat, driver.run())).map_err(OpenError::Thread)?;
        let closing = pool.clone();
        let close = Box::new(move || {
            // It begins at the first poll; that it is done, the end of the thread says.
            let _ = pin!(closing.shutdown(Duration::ZERO)).poll(&mut Context::from_waker(Waker::noop()));
        });
        Ok(Pool { pool, driver: Arc::new(DriverThread { close, handle: Some(handle) }) })
    }

    /// Blocks until there is a connection, as long as [`Config::acquire_timeout`]; first come, first served.
    ///
    /// # Errors
    ///
    /// When the time is up, too many wait, the backend cannot be reached, or the pool is closed.
    pub fn get(&self) -> Result<Lease<B, ThreadClock>, AcquireError<B::Error>> {
        self.get_with(AcquireOptions::default())
    }

    /// Blocks until there is a connection, as `options` say.
    ///
    /// # Errors
    ///
    /// As [`get`](Pool::get).
    pub fn get_with(&self, options: AcquireOptions) -> Result<Lease<B, ThreadClock>, AcquireError<B::Error>> {
        let until_deadline = options.deadline.map(|deadline| deadline.since(self.pool.now()));
        let patience = match (options.timeout, until_deadline) {
            (Some(timeout), Some(deadline)) => timeout.min(deadline),
            (Some(patience), None) | (None, Some(patience)) => patience,
            (None, None) => self.pool.acquire_timeout(),
        };
        block_on(self.pool.acquire_with(options), Some(patience))
    }

    /// A connection that is idle now; it does not block.
    ///
    /// # Errors
    ///
    /// When none is, or the pool is closed.
    pub fn try_get(&self) -> Result<Lease<B, ThreadClock>, AcquireError<B::Error>> {
        self.pool.try_acquire()
    }

    /// Runs `work` on a connection, again on another where that can help and cannot hurt; see [`Pool::execute`](crate::Pool::execute).
    ///
    /// # Errors
    ///
    /// When there is no connection to be had, or the work has failed and is not tried again.
    pub fn execute<T>(
        &self,
        safety: Safety,
        work: impl FnMut(&mut B::Conn) -> Result<T, B::Error>,
    ) -> Result<T, ExecuteError<B::Error, B::Error>> {
        self.execute_with(ExecuteOptions::new(safety), |error| self.pool.backend().classify(error), work)
    }

    /// Runs `work` like [`execute`](Pool::execute), with options, and with errors of its own that `classify` judges. Work under way is not
    /// interrupted when the time is up: it is the caller's own thread.
    ///
    /// # Errors
    ///
    /// As [`execute`](Pool::execute).
    pub fn execute_with<T, X>(
        &self,
        options: ExecuteOptions,
        classify: impl Fn(&X) -> Fault,
        mut work: impl FnMut(&mut B::Conn) -> Result<T, X>,
    ) -> Result<T, ExecuteError<X, B::Error>> {
        let patience = options.timeout.unwrap_or(self.pool.acquire_timeout());
        let work = async |conn: &mut B::Conn| work(conn);
        block_on(self.pool.execute_with(options, classify, work), Some(patience))
    }

    /// Refuses new callers, fails those that wait, gives leases `grace` to return, and blocks until the last connection is closed.
    pub fn shutdown(&self, grace: Duration) {
        block_on(self.pool.shutdown(grace), None);
    }

    /// The pool beneath, for everything that does not wait: status, events, resize, suspend, invalidate and so on.
    pub fn pool(&self) -> &crate::Pool<B, ThreadClock> {
        &self.pool
    }
}

impl<B: Backend> Clone for Pool<B> {
    fn clone(&self) -> Self {
        Pool { pool: self.pool.clone(), driver: Arc::clone(&self.driver) }
    }
}

impl<B: Backend> fmt::Debug for Pool<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pool").field(&self.pool).finish()
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Config(error) => error.fmt(f),
            OpenError::Thread(error) => {
                write!(f, "no thread could be started for the pool's driver: {error}")
            }
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            OpenError::Config(error) => Some(error),
            OpenError::Thread(error) => Some(error),
        }
    }
}

/// The thread of a pool's driver. Dropped, it ends the pool and waits for that.
struct DriverThread {
    close: Box<dyn Fn() + Send + Sync>,
    handle: Option<JoinHandle<()>>,
}

impl Drop for DriverThread {
    fn drop(&mut self) {
        (self.close)();
        let Some(handle) = self.handle.take() else { return };
        // A backend that holds its own pool drops it on that very thread, which then ends by itself.
        if handle.thread().id() != std::thread::current().id() {
            // Its panic, if it had one, was the backend's, and every caller was told.
            drop(handle.join());
        }
    }
}
