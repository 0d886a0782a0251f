//! smol's global executor, and hyper over smol's sockets.

use std::future::Future;
use std::time::Duration;

use pool_async::pool_core::Config;
use pool_http::{Base, Request};
use pool_smol::{Probe, SmolClock, SurfBackend, TransportConfig};
use supabase_sim::Simulator;

use crate::adapter::{Adapter, Asked, Open, ask};
use crate::site::{APIKEY, key, ping, url};

pub(super) fn backend(sim: &Simulator) -> SurfBackend {
    let probe = Probe::get(ping()).header(APIKEY, key(sim));
    let config = TransportConfig::new(Base::new(&url(sim)).expect("a base")).probe(probe);
    SurfBackend::new(config).expect("no TLS")
}

/// smol.
#[derive(Debug)]
pub struct Smol;

impl Adapter for Smol {
    type Backend = SurfBackend;
    type Clock = SmolClock;
    type Keeper = ();

    fn start() -> Self {
        Smol
    }

    fn run<T>(&self, future: impl Future<Output = T>) -> T {
        smol::block_on(future)
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        smol::spawn(task).detach();
    }

    fn open(&self, sim: &Simulator, config: Config) -> Open<Self> {
        Open::new(backend(sim).open(config).expect("a valid configuration"), ())
    }

    fn ask(pool: Open<Self>, request: Request, limit: Duration) -> impl Future<Output = Asked<Self>> + Send {
        ask(pool, request, limit)
    }
}
