use std::future::Future;
use std::num::NonZeroU32;
use std::time::Duration;

use pool_async::pool_core::{Config, Safety};
use pool_async::{Backend, ExecuteError, ExecuteOptions, Pool};
use pool_http::Base;
use pool_tokio::{
    DirectBackend, HttpError, PinnedBackend, Probe, Profile, Protocol, Roots, TokioClock, TransportConfig,
    reqwest,
};

use super::{Ask, Caller, Failed, Opening, Target};

/// How long warming up may take.
const WARM_UP: Duration = Duration::from_secs(30);

/// pool-tokio, direct: reqwest's `Request` in, `Response` out.
pub type Direct = Pooled<DirectBackend>;

/// pool-tokio, pinned: a `reqwest::Client` for each connection.
pub type Pinned = Pooled<PinnedBackend>;

/// A pool, and what is asked of its connections.
#[derive(Clone)]
pub struct Pooled<B: Backend> {
    pool: Pool<B, TokioClock>,
    url: reqwest::Url,
    headers: http::HeaderMap,
    limit: Option<Duration>,
    limit_of_try: Option<Duration>,
}

/// Where the two transports differ.
pub trait Transport: Backend<Conn: Send, Error = HttpError> + Clone + Send + Sync {
    const NAME: &str;

    fn pool(transport: TransportConfig, config: Config) -> Pool<Self, TokioClock>;

    /// Sends by this connection.
    fn send(
        conn: &mut Self::Conn,
        request: reqwest::Request,
    ) -> impl Future<Output = Result<reqwest::Response, HttpError>> + Send;
}

impl Transport for DirectBackend {
    const NAME: &str = "here, direct";

    fn pool(transport: TransportConfig, config: Config) -> Pool<Self, TokioClock> {
        let backend = DirectBackend::new(transport).expect("a valid transport");
        backend.open(config).expect("a valid configuration")
    }

    async fn send(conn: &mut Self::Conn, request: reqwest::Request) -> Result<reqwest::Response, HttpError> {
        Ok(conn.execute(request).await?)
    }
}

impl Transport for PinnedBackend {
    const NAME: &str = "here, pinned";

    fn pool(transport: TransportConfig, config: Config) -> Pool<Self, TokioClock> {
        let backend = PinnedBackend::new(transport).expect("a valid transport");
        backend.open(config).expect("a valid configuration")
    }

    async fn send(conn: &mut Self::Conn, request: reqwest::Request) -> Result<reqwest::Response, HttpError> {
        Ok(conn.client().execute(request).await?)
    }
}

impl<B: Transport> Pooled<B> {
    pub const NAME: &str = B::NAME;

    /// Must be called on tokio.
    pub async fn open(target: &Target, opening: &Opening) -> Self {
        let connections = opening.config.max_connections;
        let pool = B::pool(transport(target, opening.streams), opening.config.clone());
        if opening.warm {
            pool.warm_up(connections, WARM_UP).await.expect("it accepts");
        }
        let (limit, limit_of_try) = (target.limit, target.limit_of_try);
        Pooled { pool, url: target.url(), headers: target.headers.clone(), limit, limit_of_try }
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

impl<B: Transport> Caller for Pooled<B> {
    async fn call(&self, ask: Ask) -> Result<u16, Failed> {
        let this = self.clone();
        let answered = self.pool.execute_with(self.options(ask), HttpError::fault, async move |conn| {
            let answer = B::send(conn, this.request(ask)).await?.error_for_status()?;
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
