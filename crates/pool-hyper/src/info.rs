//! What a connection says of itself.

use std::fmt;
use std::net::SocketAddr;

use http::Version;

/// A socket and what is spoken over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// The version of HTTP.
    pub version: Version,
    /// Our end.
    pub local: SocketAddr,
    /// The peer's end.
    pub remote: SocketAddr,
    /// How TLS began, if it is used.
    pub tls: Option<Session>,
}

/// How TLS began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Session {
    /// With a full handshake.
    New,
    /// With the session of an earlier connection: one round trip and most of the arithmetic less.
    Resumed,
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tls = match self.tls {
            None => "",
            Some(Session::New) => " TLS",
            Some(Session::Resumed) => " TLS (resumed)",
        };
        write!(f, "{} -> {} {:?}{tls}", self.local, self.remote, self.version)
    }
}
