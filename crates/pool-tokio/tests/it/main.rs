//! Both transports against the simulator and against raw sockets.

mod suite;
mod support;
