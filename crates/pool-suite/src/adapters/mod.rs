//! The runtimes, each with the transports that are there for it.

mod async_std;
mod smol;
mod tokio;

pub use self::async_std::AsyncStd;
pub use self::smol::Smol;
pub use self::tokio::{TokioDirect, TokioPinned};
