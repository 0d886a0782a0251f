//! Pooled HTTP connections over hyper and rustls, without a runtime: what the adapters have in common.
//!
//! For whoever writes an adapter to one more runtime: bring a [`Runtime`], and wrap [`Transport`] and [`Link`] in public types of your
//! own. Users of a pool depend on `pool-tokio` or `pool-smol`, which re-export what concerns them.
//!
//! One [`Link`] is one socket. What it sees exactly, and reports to the pool at once: that the socket is closed, also while it is
//! idle; that the peer wants no more requests (`Connection: close`, GOAWAY); how long the peer keeps idle connections; how many
//! streams it allows; and whether a request that failed was ever handed to the socket.
//!
//! | file | what it knows |
//! |---|---|
//! | `config`, `tls` | what a transport is told once, and what follows from it |
//! | `runtime` | what an adapter brings |
//! | `dial` | from a name to a socket: resolve, connect, TLS |
//! | `socket` | the socket, and its end as an event |
//! | `link` | HTTP on that socket: send once, tell the pool everything |
//! | `http2`, `tasks`, `naps` | hyper's tasks for HTTP/2, GOAWAY, stream limits and pings |
//! | `usage` | between two requests, in one, or out of step |
//! | `exchange`, `body` | requests in, answers out, within limits |
//! | `classify`, `status` | what a failure means, by its typed causes |
//! | `transport` | all of it together |

mod body;
mod classify;
mod config;
mod dial;
mod exchange;
mod http2;
mod info;
mod link;
mod naps;
mod runtime;
mod socket;
mod status;
mod tasks;
mod tls;
mod transport;
mod upload;
mod usage;

pub use body::{Arriving, RequestBody};
pub use classify::{classify, invalid, known, name};
pub use config::{PROBE_LIMIT, Resolver, Roots, TransportConfig};
pub use info::{Info, Session};
pub use link::Link;
pub use runtime::Runtime;
pub use socket::peer_has_closed;
pub use status::{fault, proves_life, status_fault};
pub use tls::{Agreed, SetupError, Tls, without_roots};
pub use transport::Transport;
pub use usage::{Flight, Usage};
