//! Managers written for [bb8](https://docs.rs/bb8) or [deadpool](https://docs.rs/deadpool), pooled by [`pool_async`].
//!
//! | wrap | in | and get |
//! |---|---|---|
//! | a `bb8::ManageConnection` | [`Bb8`] | a [`Backend`](pool_async::Backend) whose connections are [`Bb8Conn`]s |
//! | a `deadpool::managed::Manager` | [`Deadpool`] | a [`Backend`](pool_async::Backend) whose connections are [`DeadpoolConn`]s |
//!
//! The managers are used as they are; the pools they were written for are not used at all.
//!
//! ```no_run
//! use bb8_postgres::PostgresConnectionManager;
//! use pool_compat::pool_async::pool_core::{Config, Safety};
//! use pool_compat::pool_async::{Fault, Pool, TokioClock}; // the clock comes with the feature `tokio`
//! use pool_compat::{Bb8, Failure};
//! use tokio_postgres::NoTls;
//! use tokio_postgres::error::{DbError, Severity};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = "host=localhost user=app dbname=app".parse()?;
//! let backend = Bb8::new(PostgresConnectionManager::new(server, NoTls)).classify(|failure| {
//!     // The server answered with an error, and goes on: it is the statement's fault, and the connection is as good as before.
//!     let answered = |error: &DbError| error.parsed_severity() == Some(Severity::Error);
//!     match failure {
//!         Failure::Work(error) if error.as_db_error().is_some_and(answered) => Fault::application(),
//!         _ => failure.fault(),
//!     }
//! });
//! let config = Config { max_connections: 4, ..Config::default() };
//! let (pool, driver) = Pool::builder(backend, TokioClock::new()).config(config).build()?;
//! tokio::spawn(driver.run());
//!
//! let row = pool.execute(Safety::Safe, async |conn| Ok(conn.get_mut().query_one("select 6 * 7", &[]).await?)).await?;
//! assert_eq!(row.get::<_, i32>(0), 42);
//! # Ok(())
//! # }
//! ```
//!
//! # What is different
//!
//! **When connections are tested.** bb8 (by default) and deadpool call `is_valid` or `recycle` each time a connection is handed out: a round trip per
//! acquire. Here a connection that has just worked is handed out as it is; it is tested after it was idle for longer than
//! [`Config::freshness`](pool_async::pool_core::Config::freshness), every
//! [`Config::health_check_interval`](pool_async::pool_core::Config::health_check_interval), and before a try that follows a broken connection. One that
//! is known to be dead (`has_broken`, [`Deadpool::broken_when`]) is never handed out.
//!
//! **So a `recycle` that cleans up does not run between two callers** (deadpool-postgres with `RecyclingMethod::Clean`). Whoever changes the session
//! cleans up, or calls it by hand: [`probe`](pool_async::Backend::probe) of [`Pool::backend`](pool_async::Pool::backend) on the lease is `recycle`.
//!
//! **A test must ask the peer.** It is the pool's only way to learn that an idle connection is dead where nothing else tells; deadpool-postgres asks with
//! `RecyclingMethod::Verified`, not with `Fast`, its default.
//!
//! **What errors mean.** The managers' traits say nothing about that, so what is not judged by a classifier is judged by the step in which
//! it came up: [`Failure::fault`]. Unjudged errors of work close their connection; give a classifier.
//!
//! **When a connection counts as closed.** Both traits close by dropping. Where a manager's connection is closed by a task in the background, as
//! tokio-postgres' is, its socket may outlive the slot in the pool by a moment.
//!
//! **A manager that panics** while it connects, tests or closes ends the pool, and every caller is told so: nobody can know in which state it has
//! left itself.
//!
//! **What belongs to the other pools** has no part here: bb8's `CustomizeConnection` and error sinks, deadpool's hooks, timeouts and `retain`.
//!
//! # Features
//!
//! | feature | adds | extra dependencies |
//! |---|---|---|
//! | `bb8` (default) | [`Bb8`] | bb8 |
//! | `deadpool` (default) | [`Deadpool`] | deadpool |
//! | `tokio` | [`pool_async`]'s `TokioClock` | tokio, which both of them need already |

mod failure;
#[cfg(feature = "bb8")]
mod from_bb8;
#[cfg(feature = "deadpool")]
mod from_deadpool;

#[cfg(feature = "bb8")]
pub use bb8;
#[cfg(feature = "deadpool")]
pub use deadpool;
pub use pool_async;

pub use failure::Failure;
#[cfg(feature = "bb8")]
pub use from_bb8::{Bb8, Bb8Conn};
#[cfg(feature = "deadpool")]
pub use from_deadpool::{Deadpool, DeadpoolConn};
