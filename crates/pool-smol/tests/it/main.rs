//! The transport against the simulator and against raw sockets, on each executor that it runs on.

mod client;
mod executor;
mod http2;
mod raw;
mod suite;
mod supabase;
mod support;
mod tls;
