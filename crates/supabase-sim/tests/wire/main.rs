//! The simulator over its sockets: every rule of the dialect and every fault, as a client sees them.

mod faults;
mod keys;
mod lifetimes;
mod observing;
mod protocols;
mod reads;
mod rpc;
mod support;
mod troubles;
mod writes;
