//! tokio with two worker threads, and both transports of `pool-tokio`.

use std::future::Future;
use std::time::Duration;

use pool_async::pool_core::Config;
use pool_http::{Base, Request};
use pool_tokio::{DirectBackend, PinnedBackend, Probe, TokioClock, TransportConfig};
use supabase_sim::Simulator;
use tokio::runtime::{Builder, Runtime};

use crate::adapter::{Adapter, Asked, Open, ask};
use crate::site::{APIKEY, key, ping, url};

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a tokio runtime")
}

fn towards(sim: &Simulator) -> TransportConfig {
    let probe = Probe::get(ping()).header(APIKEY, key(sim));
    TransportConfig::new(Base::new(&url(sim)).expect("a base")).probe(probe)
}

macro_rules! adapter {
    ($(#[$doc:meta])* $name:ident, $backend:ty) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(Runtime);

        impl Adapter for $name {
            type Backend = $backend;
            type Clock = TokioClock;
            type Keeper = ();

            fn start() -> Self {
                $name(runtime())
            }

            fn run<T>(&self, future: impl Future<Output = T>) -> T {
                self.0.block_on(future)
            }

            fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
                drop(self.0.spawn(task));
            }

            fn open(&self, sim: &Simulator, config: Config) -> Open<Self> {
                let _inside = self.0.enter();
                let backend = <$backend>::new(towards(sim)).expect("no TLS");
                Open::new(backend.open(config).expect("a valid configuration"), ())
            }

            fn ask(
                pool: Open<Self>,
                request: Request,
                limit: Duration,
            ) -> impl Future<Output = Asked<Self>> + Send {
                ask(pool, request, limit)
            }
        }
    };
}

adapter!(
    /// tokio, with connections of our own under reqwest's types.
    TokioDirect,
    DirectBackend
);
adapter!(
    /// tokio, with a reqwest client per connection.
    TokioPinned,
    PinnedBackend
);
