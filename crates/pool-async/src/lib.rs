//! Drives `pool-core` on any async runtime.

mod acquire;
mod backend;
mod bell;
mod clock;
mod driver;
mod error;
mod events;
mod execute;
mod job;
mod lease;
#[cfg(feature = "test-util")]
mod manual;
mod pool;
mod slots;
mod turn;

pub use pool_core;

pub use acquire::{Acquire, AcquireOptions};
pub use backend::{Backend, ConnectContext, Connected, Fault, Reporter};
pub use clock::Clock;
pub use driver::Driver;
pub use error::{AcquireError, ConnectError, ExecuteError};
pub use events::{Events, NOTICES_KEPT, Observed, StatusChanged};
pub use execute::ExecuteOptions;
pub use lease::Lease;
#[cfg(feature = "test-util")]
pub use manual::ManualClock;
pub use pool::{Builder, Connection, Pool};
