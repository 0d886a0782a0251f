//! A connection pool for any async runtime: [`pool_core`] decides, this crate does.
//!
//! | who | does | where |
//! |---|---|---|
//! | [`pool_core`] | decides everything, does nothing | under the pool's one lock |
//! | [`Backend`] | connects, probes, closes, judges errors | in the driver's future and on the caller's task, never under the lock |
//! | [`Clock`] | tells the time and sleeps | likewise |
//! | [`Driver`] | performs what the core asks for: every connect, probe and close, and one sleep | where you spawn it |
//! | [`Pool`] | lends connections, and is asked and told everything else | anywhere; cheap to clone |
//! | [`Lease`] | is the connection for as long as it is lent | on the caller's task |
//! | [`Reporter`] | tells the pool what a transport notices by itself | anywhere |
//!
//! Three rules:
//!
//! - Keep [`Driver::run`] running. It ends when the pool is closed; when it is dropped, the pool is shut down.
//! - Any future here may be dropped at any time, and nothing leaks. Drops need no runtime: they never spawn, block or await.
//! - No trait here asks for `Send`. The driver and the pool are `Send` if your backend and clock are; if they are not, all of it
//!   runs on one thread.
//!
//! ```
//! use std::convert::Infallible;
//!
//! use futures::executor::block_on;
//! use futures::future::join;
//! use pool_async::pool_core::{Config, Safety};
//! use pool_async::{Backend, ConnectContext, Connected, Fault, ManualClock, Pool};
//!
//! struct Echo;
//!
//! impl Backend for Echo {
//!     type Conn = u32;
//!     type Error = Infallible;
//!
//!     async fn connect(&self, cx: ConnectContext) -> Result<Connected<u32>, Infallible> {
//!         Ok(Connected::exclusive(cx.conn.index() as u32))
//!     }
//!     async fn probe(&self, _: &mut u32) -> Result<(), Infallible> {
//!         Ok(())
//!     }
//!     fn is_broken(&self, _: &u32) -> bool {
//!         false
//!     }
//!     async fn close(&self, _: u32) {}
//!     fn classify(&self, error: &Infallible) -> Fault {
//!         match *error {}
//!     }
//! }
//!
//! let config = Config { min_connections: 1, max_connections: 4, ..Config::default() };
//! // A real clock comes with the adapter for your runtime, tokio's also with the feature `tokio`.
//! let (pool, driver) = Pool::builder(Echo, ManualClock::new()).config(config).build()?;
//!
//! // On a runtime: spawn(driver.run()).
//! block_on(join(driver.run(), async {
//!     let lease = pool.acquire().await.expect("it can always connect");
//!     assert_eq!(*lease, 0);
//!     drop(lease);
//!
//!     let number = pool.execute(Safety::Safe, async |conn| Ok(*conn)).await.expect("it cannot fail");
//!     assert_eq!(number, 0);
//!     pool.drain().await;
//! }));
//! assert!(pool.is_closed());
//! # Ok::<(), pool_async::pool_core::ConfigError>(())
//! ```
//!
//! # The questions that come up
//!
//! **Why is [`Lease::release`] not async?** There is nothing to wait for: closing is the driver's work, bounded by
//! [`Config::release_timeout`](pool_core::Config::release_timeout).
//!
//! **Why has [`Pool::acquire`] no timer of its own?** The core holds one deadline per waiter and the driver sleeps until the
//! first of them: a waiter costs no timer, and its error can tell the cause.
//!
//! **What happens when the backend panics?** In the driver's future (`connect`, `probe`, `close`, and what is asked about their
//! results) the panic ends the driver, and with it the pool: every waiter is told. On a caller's task (`is_broken`, `share`,
//! `classify`) it is the caller's; the connection in question is closed, and its place is free.
//!
//! # Features
//!
//! | feature | adds | extra dependencies |
//! |---|---|---|
//! | `fast-clock` | `FastClock`: the time by the processor's counter, for pools of what is cheap to use | quanta |
//! | `recorder` | `Builder::recorder`, `Pool::record`, `Pool::recording`, `Pool::record_alerts`: the last calls of the core, to be replayed and explained; off until it is asked for | those of `snapshot`, pool-recorder |
//! | `snapshot` | `Pool::snapshot`, `Builder::restart`: what was learned of the endpoints survives a restart | serde, postcard, crc32fast |
//! | `tokio` | `TokioClock`, for pools on tokio; spawn the driver with `tokio::spawn(driver.run())` | tokio with its timer |
//! | `test-util` | `ManualClock`, `Pool::turns`, `Pool::check` | none |

// Known bugs, planted on purpose: the macro is the core's, and without the cfg a line of it is nothing.
#[cfg(planted)]
#[macro_use]
extern crate pool_core as _;

#[cfg(not(planted))]
macro_rules! planted {
    ($($bug_and_what:tt)+) => {};
}

mod acquire;
mod backend;
mod bell;
#[cfg(not(loom))]
pub mod blocking;
mod builder;
mod clock;
mod driver;
mod error;
mod events;
mod execute;
#[cfg(feature = "fast-clock")]
mod fast_clock;
pub mod guide;
mod job;
mod kpi;
mod lease;
#[cfg(feature = "test-util")]
mod manual;
mod on_drop;
mod operate;
mod pool;
#[cfg(feature = "recorder")]
mod recorder;
mod slots;
mod state;
mod sync;
mod table;
#[cfg(feature = "tokio")]
mod tokio_clock;
mod turn;
mod wish;

pub use pool_core;
#[cfg(feature = "recorder")]
pub use pool_recorder;

pub use acquire::{Acquire, AcquireOptions};
pub use backend::{Backend, ConnectContext, Connected, Fault, Reporter};
pub use builder::Builder;
pub use clock::Clock;
pub use driver::Driver;
pub use error::{AcquireError, ConnectError, ExecuteError};
pub use events::{Events, NOTICES_KEPT, Observed, StatusChanged};
pub use execute::ExecuteOptions;
#[cfg(feature = "fast-clock")]
pub use fast_clock::FastClock;
pub use kpi::Kpis;
pub use lease::Lease;
#[cfg(feature = "test-util")]
pub use manual::ManualClock;
pub use pool::{Connection, Pool};
#[cfg(feature = "tokio")]
pub use tokio_clock::TokioClock;
