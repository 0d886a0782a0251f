//! Plain threads: [`pool_async::blocking`], a thread per task, and a transport of our own over `std::net`.

mod backend;
mod reader;
mod socket;

use std::future::Future;
use std::time::Duration;

use futures::executor::block_on;
use pool_async::AcquireOptions;
use pool_async::blocking::{self, ThreadClock};
use pool_async::pool_core::Config;
use pool_http::{Limits, Request};
use supabase_sim::Simulator;

pub use backend::{Failed, Wire};
pub use socket::Socket;

use crate::adapter::{Adapter, Asked, Denied, LeaseOf, Open};

/// Plain threads.
#[derive(Debug)]
pub struct Threads;

impl Adapter for Threads {
    type Backend = Wire;
    type Clock = ThreadClock;
    type Keeper = blocking::Pool<Wire>;

    fn start() -> Self {
        Threads
    }

    /// The scenario's own waits are futures; whatever it does with the pool blocks.
    fn run<T>(&self, future: impl Future<Output = T>) -> T {
        block_on(future)
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        drop(std::thread::spawn(|| block_on(task)));
    }

    fn open(&self, sim: &Simulator, config: Config) -> Open<Self> {
        let pool = blocking::Pool::open(Wire::new(sim), config).expect("a valid configuration, and a thread");
        Open::new(pool.pool().clone(), pool)
    }

    async fn get(pool: &Open<Self>, options: AcquireOptions) -> Result<LeaseOf<Self>, Denied<Self>> {
        pool.keeper().get_with(options)
    }

    async fn ask(pool: Open<Self>, request: Request, limit: Duration) -> Asked<Self> {
        let work = |socket: &mut Socket| Ok(socket.exchange(&request, Limits::within(limit))?);
        pool.keeper().execute(request.meta.safety, work)
    }
}
