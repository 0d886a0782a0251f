use std::num::NonZeroU32;
use std::time::Duration;

use pool_async::pool_core::{Config, Safety};
use pool_async::{Backend, ExecuteError, ExecuteOptions, Pool};
use pool_http::Base;
use pool_tokio::{
    DirectBackend, DirectPool, HttpError, PinnedBackend, PinnedPool, Probe, Profile, Protocol, Roots,
    TokioClock, TransportConfig, reqwest,
};

use super::{Ask, Caller, Failed, Target};

/// How long warming up may take.
const WARM_UP: Duration = Duration::from_secs(30);

/// pool-tokio, direct: reqwest's `Request` in, `Response` out.
#[derive(Clone)]
pub struct Direct(Work<DirectBackend>);

/// pool-tokio, pinned: a `reqwest::Client` for each connection.
#[derive(Clone)]
pub struct Pinned(Work<PinnedBackend>);

/// A pool, and what is asked of its connections.
#[derive(Clone)]
struct Work<B: Backend> {
    pool: Pool<B, TokioClock>,
    url: reqwest::Url,
    headers: http::HeaderMap,
    limit: Option<Duration>,
    limit_of_try: Option<Duration>,
}

impl<B: Backend> Work<B> {
    fn new(pool: Pool<B, TokioClock>, target: &Target) -> Self {
        let (limit, limit_of_try) = (target.limit, target.limit_of_try);
        Work { pool, url: target.url(), headers: target.headers.clone(), limit, limit_of_try }
    }

    fn request(&self, ask: Ask) -> reqwest::Request {
        let mut request = reqwest::Request::new(ask.method(), self.url.clone());
        request.headers_mut().clone_from(&self.headers);
        *request.timeout_mut() = self.limit_of_try;
        request
    }

    fn options(&self, ask: Ask) -> ExecuteOptions {
        let safety = match ask {
            Ask::Get => Safety::Safe,
            Ask::Post => Safety::Unsafe,
        };
        let options = ExecuteOptions::new(safety);
        self.limit.map_or(options, |limit| options.timeout(limit))
    }
}

impl Direct {
    /// `streams` on each connection, if it is HTTP/2 that carries several. Must be called on tokio.
    pub fn open(target: &Target, config: Config, streams: Option<u32>) -> Direct {
        let backend = DirectBackend::new(transport(target, streams)).expect("a valid transport");
        Direct(Work::new(backend.open(config).expect("a valid configuration"), target))
    }

    /// Opens so many connections.
    pub async fn warm(self, connections: u32) -> Direct {
        self.pool().warm_up(connections, WARM_UP).await.expect("it accepts");
        self
    }

    pub fn pool(&self) -> &DirectPool {
        &self.0.pool
    }
}

impl Caller for Direct {
    async fn call(&self, ask: Ask) -> Result<u16, Failed> {
        let (work, options) = (self.0.clone(), self.0.options(ask));
        let answered = self.0.pool.execute_with(options, HttpError::fault, async move |conn| {
            let answer = conn.execute(work.request(ask)).await?.error_for_status()?;
            let status = answer.status().as_u16();
            answer.bytes().await?;
            Ok(status)
        });
        answered.await.map_err(failed)
    }
}

impl Pinned {
    /// As [`Direct::open`].
    pub fn open(target: &Target, config: Config, streams: Option<u32>) -> Pinned {
        let backend = PinnedBackend::new(transport(target, streams)).expect("a valid transport");
        Pinned(Work::new(backend.open(config).expect("a valid configuration"), target))
    }

    /// Opens so many connections.
    pub async fn warm(self, connections: u32) -> Pinned {
        self.pool().warm_up(connections, WARM_UP).await.expect("it accepts");
        self
    }

    pub fn pool(&self) -> &PinnedPool {
        &self.0.pool
    }
}

impl Caller for Pinned {
    async fn call(&self, ask: Ask) -> Result<u16, Failed> {
        let (work, options) = (self.0.clone(), self.0.options(ask));
        let answered = self.0.pool.execute_with(options, HttpError::fault, async move |conn| {
            let answer = conn.client().execute(work.request(ask)).await?.error_for_status()?;
            let status = answer.status().as_u16();
            answer.bytes().await?;
            Ok(status)
        });
        answered.await.map_err(failed)
    }
}

fn transport(target: &Target, streams: Option<u32>) -> TransportConfig {
    let base = Base::new(&target.base.parse().expect("a URI")).expect("a base");
    let probe = Probe::get(target.path.parse().expect("a path")).headers(target.headers.clone());
    let mut transport = TransportConfig::new(base).probe(probe);
    if target.http2 && target.root.is_none() {
        transport = transport.protocol(Protocol::Http2);
    }
    if let Some(root) = &target.root {
        transport = transport.roots(Roots::Only(vec![root.clone().into()]));
    }
    match streams.and_then(NonZeroU32::new) {
        Some(streams) => transport.profile(Profile::Multiplexed { streams }),
        None => transport,
    }
}

fn failed(error: ExecuteError<HttpError, HttpError>) -> Failed {
    let status = match &error {
        ExecuteError::Failed { error: HttpError::Status(status), .. } => Some(status.as_u16()),
        _ => None,
    };
    Failed::new(&error).status(status)
}
