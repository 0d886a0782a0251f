//! async-std's executor and timers, and the same connections as on smol.

use std::future::Future;
use std::time::Duration;

use pool_async::pool_core::Config;
use pool_http::Request;
use pool_smol::SurfBackend;
use pool_smol::async_std::AsyncStdClock;
use supabase_sim::Simulator;

use super::smol::backend;
use crate::adapter::{Adapter, Asked, Open, ask};

/// async-std.
#[derive(Debug)]
pub struct AsyncStd;

impl Adapter for AsyncStd {
    type Backend = SurfBackend;
    type Clock = AsyncStdClock;
    type Keeper = ();

    fn start() -> Self {
        AsyncStd
    }

    fn run<T>(&self, future: impl Future<Output = T>) -> T {
        async_std::task::block_on(future)
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        drop(async_std::task::spawn(task));
    }

    fn open(&self, sim: &Simulator, config: Config) -> Open<Self> {
        let pool = pool_smol::async_std::open(backend(sim), config);
        Open::new(pool.expect("a valid configuration"), ())
    }

    fn ask(pool: Open<Self>, request: Request, limit: Duration) -> impl Future<Output = Asked<Self>> + Send {
        ask(pool, request, limit)
    }
}
