//! The runtimes, each with the transports that are there for it.

mod async_std;
mod smol;
mod threads;
mod tokio;

pub use self::async_std::AsyncStd;
pub use self::smol::Smol;
pub use self::threads::{Failed, Socket, Threads, Wire};
pub use self::tokio::{TokioDirect, TokioPinned};
