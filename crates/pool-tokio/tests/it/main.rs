//! Both transports against the simulator and against raw sockets.

#[cfg(feature = "direct")]
mod census;
#[cfg(feature = "direct")]
mod exact;
#[cfg(feature = "direct")]
mod http2;
mod pinned_client;
mod raw;
#[cfg(feature = "direct")]
mod reqwest_types;
mod resolver;
mod suite;
mod support;
mod tls;
#[cfg(feature = "direct")]
mod watched;
