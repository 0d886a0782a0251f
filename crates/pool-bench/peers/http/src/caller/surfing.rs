use std::sync::Arc;
use std::time::Duration;

use ground::runtime::{Runtime, Smol};
use http_client::HttpClient;
use http_client::h1::H1Client;
use http_client::isahc::IsahcClient;
use isahc::AsyncReadResponseExt;
use isahc::config::{Configurable, VersionNegotiation};
use pool_async::pool_core::{Outcome, Safety};
use pool_http::{Base, HttpConnection, Limits, Request};
use pool_smol::{Profile, Protocol, Spawner, SurfBackend, SurfPool, TransportConfig};

use super::{Ask, Caller, Failed, Opening, Target};

/// How long warming up may take, and an answer.
const LONG: Duration = Duration::from_secs(30);

/// pool-smol: a `surf::Client` for each connection.
#[derive(Clone)]
pub struct Surf {
    pool: SurfPool,
    path: Arc<str>,
}

impl Surf {
    pub async fn open(target: &Target, opening: &Opening) -> Surf {
        let base = Base::new(&target.base.parse().expect("a URI")).expect("a base");
        let mut transport = TransportConfig::new(base);
        if target.http2 {
            transport = transport.protocol(Protocol::Http2);
        }
        if let Some(streams) = opening.streams.and_then(std::num::NonZeroU32::new) {
            transport = transport.profile(Profile::Multiplexed { streams });
        }
        let backend = SurfBackend::new(transport).expect("a valid transport");
        // The same two threads that all the others have.
        let pool = backend.on(Spawner::new("bench", Smol::detach)).open(opening.config.clone());
        let pool = pool.expect("a valid configuration");
        if opening.warm {
            pool.warm_up(opening.config.max_connections, LONG).await.expect("it accepts");
        }
        Surf { pool, path: target.path.as_str().into() }
    }
}

impl Caller for Surf {
    async fn call(&self, _: Ask) -> Result<u16, Failed> {
        let path = Arc::clone(&self.path);
        let answered = self.pool.execute(Safety::Safe, async move |conn| {
            let mut answer = conn.client().get(&*path).await?;
            answer.body_bytes().await?;
            Ok(u16::from(answer.status()))
        });
        answered.await.map_err(|error| Failed::new(&error))
    }
}

/// pool-smol without surf's types: what `pool-supabase` sends its queries with.
#[derive(Clone)]
pub struct OwnTypes(pub Surf);

impl Caller for OwnTypes {
    async fn call(&self, ask: Ask) -> Result<u16, Failed> {
        let mut lease = self.0.pool.acquire().await.map_err(|error| Failed::new(&error))?;
        lease.drop_as(Outcome::ABANDONED);
        let target = self.0.path.parse().expect("a path");
        let answer = lease.send(Request::new(ask.method(), target, "bench"), Limits::within(LONG)).await;
        let answer = answer.map_err(|error| Failed::new(&error))?;
        lease.release(Outcome::Success);
        Ok(answer.status.as_u16())
    }
}

/// surf over one of the clients that come with it.
#[derive(Clone)]
pub struct Stock {
    client: surf::Client,
    url: Arc<str>,
}

impl Stock {
    /// Over async-h1, with room for `at_once` connections, of which it would have 50; and without Nagle's algorithm, as all others.
    pub fn h1(target: &Target, at_once: usize) -> Stock {
        let config = http_client::Config::new().set_tcp_no_delay(true).set_max_connections_per_host(at_once);
        Stock::over(H1Client::try_from(config).expect("a client"), target)
    }

    /// Over curl (by way of isahc 0.9): surf's default.
    pub fn curl(target: &Target) -> Stock {
        Stock::over(IsahcClient::new(), target)
    }

    fn over(client: impl HttpClient, target: &Target) -> Stock {
        let url = format!("{}{}", target.base, target.path).into();
        Stock { client: surf::Client::with_http_client(client), url }
    }
}

impl Caller for Stock {
    async fn call(&self, _: Ask) -> Result<u16, Failed> {
        let failed = |error: surf::Error| Failed { status: None, why: error.to_string() };
        let mut answer = self.client.get(&*self.url).await.map_err(failed)?;
        answer.body_bytes().await.map_err(failed)?;
        Ok(u16::from(answer.status()))
    }
}

/// isahc, without surf.
#[derive(Clone)]
pub struct Curl {
    client: isahc::HttpClient,
    url: Arc<str>,
}

impl Curl {
    pub fn new(target: &Target) -> Curl {
        let version = match target.http2 {
            true => VersionNegotiation::http2(),
            false => VersionNegotiation::http11(),
        };
        let client = isahc::HttpClient::builder().version_negotiation(version).build().expect("a client");
        Curl { client, url: format!("{}{}", target.base, target.path).into() }
    }
}

impl Caller for Curl {
    async fn call(&self, _: Ask) -> Result<u16, Failed> {
        let mut answer = self.client.get_async(&*self.url).await.map_err(|error| Failed::new(&error))?;
        answer.bytes().await.map_err(|error| Failed::new(&error))?;
        Ok(answer.status().as_u16())
    }
}
