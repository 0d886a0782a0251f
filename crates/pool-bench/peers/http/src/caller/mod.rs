//! The contenders, each as its users write it: what asks for something once, and reads the answer to its end.

mod kit;
mod pooled;
mod shared;
mod surfing;

use std::future::Future;
use std::time::Duration;

use http::HeaderMap;
use pool_async::pool_core::Config;

pub use kit::Kit;
pub use pooled::{Direct, Pinned};
pub use shared::Shared;
pub use surfing::{Curl, OwnTypes, Stock, Surf};

/// A client, or a pool of them. Clones share everything.
pub trait Caller: Clone + Send + Sync + 'static {
    /// Asks once, however often it is then sent; the status, once the body is there.
    fn call(&self, ask: Ask) -> impl Future<Output = Result<u16, Failed>> + Send;
}

/// What is asked for; the target is the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    Get,
    /// Which nobody may send twice.
    Post,
}

impl Ask {
    pub fn method(self) -> http::Method {
        match self {
            Ask::Get => http::Method::GET,
            Ask::Post => http::Method::POST,
        }
    }
}

/// Why there was no answer, in the client's words; or the status that it took for an error.
#[derive(Debug)]
pub struct Failed {
    pub status: Option<u16>,
    pub why: String,
}

impl Failed {
    pub fn new(error: &dyn std::error::Error) -> Failed {
        let chain = std::iter::successors(Some(error), |error| error.source());
        let why: Vec<String> = chain.map(ToString::to_string).collect();
        Failed { status: None, why: why.join(": ") }
    }

    pub fn status(mut self, status: Option<u16>) -> Failed {
        self.status = status;
        self
    }
}

/// Where to, and what every client is told.
#[derive(Clone, Debug)]
pub struct Target {
    /// Scheme, host and port.
    pub base: String,
    pub path: String,
    pub headers: HeaderMap,
    /// Over TLS it is negotiated.
    pub http2: bool,
    /// The authority to trust, in DER.
    pub root: Option<Vec<u8>>,
    /// For a call, all in all.
    pub limit: Option<Duration>,
    /// For each try of it.
    pub limit_of_try: Option<Duration>,
}

impl Target {
    pub fn new(base: String, path: impl Into<String>) -> Target {
        Target {
            base,
            path: path.into(),
            headers: HeaderMap::new(),
            http2: false,
            root: None,
            limit: None,
            limit_of_try: None,
        }
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Target {
        let mut value = http::HeaderValue::from_str(value).expect("a header's value");
        value.set_sensitive(true);
        self.headers.insert(name, value);
        self
    }

    pub fn http2(mut self) -> Target {
        self.http2 = true;
        self
    }

    pub fn limit(mut self, limit: Duration) -> Target {
        self.limit = Some(limit);
        self
    }

    pub fn limit_of_try(mut self, limit: Duration) -> Target {
        self.limit_of_try = Some(limit);
        self
    }

    fn url(&self) -> pool_tokio::reqwest::Url {
        format!("{}{}", self.base, self.path).parse().expect("a URL")
    }
}

/// How a pool is opened.
#[derive(Clone)]
pub struct Opening {
    pub config: Config,
    /// On each connection, if it is HTTP/2 that carries several.
    pub streams: Option<u32>,
    /// Whether all connections are open before the first call.
    pub warm: bool,
}

impl Opening {
    /// With the defaults, and room for so many connections, each of which carries one call at a time.
    pub fn room(connections: u32) -> Opening {
        let config = Config { max_connections: connections, ..Config::default() };
        Opening { config, streams: None, warm: false }
    }

    /// With a queue for so many, who may be more than ten for each connection.
    pub fn queue(mut self, waiters: usize) -> Opening {
        self.config.waiters_max = Some(waiters as u32);
        self
    }

    pub fn streams(mut self, each: u32) -> Opening {
        self.streams = Some(each);
        self
    }

    /// Keeps as many as it has room for.
    pub fn full(mut self) -> Opening {
        self.config.min_connections = self.config.max_connections;
        self
    }

    pub fn warm(mut self) -> Opening {
        self.warm = true;
        self
    }
}
