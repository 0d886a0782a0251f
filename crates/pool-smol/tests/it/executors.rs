//! The executors and protocols that every suite runs on.

use std::sync::{Arc, OnceLock};

use pool_smol::pool_core::{Config, ConfigError};
use pool_smol::{Spawner, SurfBackend, SurfPool};
use smol::Executor;

/// A pool whose tasks run on smol's global executor.
pub(crate) fn global(backend: SurfBackend, config: Config) -> Result<SurfPool, ConfigError> {
    backend.open(config)
}

/// A pool whose tasks run on an executor of the test's own.
pub(crate) fn elsewhere(backend: SurfBackend, config: Config) -> Result<SurfPool, ConfigError> {
    static EXECUTOR: OnceLock<Arc<Executor<'static>>> = OnceLock::new();
    let executor = EXECUTOR.get_or_init(|| {
        let executor = Arc::new(Executor::new());
        let running = Arc::clone(&executor);
        std::thread::spawn(move || smol::block_on(running.run(smol::future::pending::<()>())));
        executor
    });
    backend.on(Spawner::on(executor)).open(config)
}

/// Runs a suite on each executor and over each protocol: it gets a name, a protocol, a way to run a test's future, and one to open a pool.
macro_rules! on_each {
    ($suite:ident) => {
        $suite!(smol_http1, Http1, smol::block_on, crate::executors::global);
        $suite!(smol_http2, Http2, smol::block_on, crate::executors::global);
        $suite!(own_executor_http1, Http1, smol::block_on, crate::executors::elsewhere);
        $suite!(own_executor_http2, Http2, smol::block_on, crate::executors::elsewhere);
        #[cfg(feature = "async-std")]
        $suite!(async_std_http1, Http1, async_std::task::block_on, pool_smol::async_std::open);
        #[cfg(feature = "async-std")]
        $suite!(async_std_http2, Http2, async_std::task::block_on, pool_smol::async_std::open);
    };
}

pub(crate) use on_each;
