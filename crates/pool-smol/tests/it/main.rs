//! The transport against the simulator and against raw sockets, on each executor that it runs on.

mod answers;
mod client;
mod executor;
mod executors;
mod hostile;
mod http2;
mod life;
#[cfg(feature = "monitor")]
mod monitor;
mod raw;
mod supabase;
mod support;
mod tls;
