//! Where tasks run: the pool's driver, and one or more small tasks per connection that own its socket.
//!
//! Rules: one way to spawn for everything; a task is stopped through its own abort handle, never through the executor's, so that
//! any executor will do; stopping works from any thread, also where no executor runs.

use std::fmt;
use std::sync::Arc;

use futures::future::{AbortHandle, Abortable, BoxFuture};
use smol::Executor;

/// What runs the pool's tasks. Cheap to clone.
#[derive(Clone)]
pub struct Spawner {
    name: &'static str,
    spawn: Arc<dyn Fn(BoxFuture<'static, ()>) + Send + Sync>,
}

impl Spawner {
    /// smol's global executor, which brings its own thread (`SMOL_THREADS` sets how many). The default.
    pub fn global() -> Self {
        Spawner::new("smol", |task| smol::spawn(task).detach())
    }

    /// This executor. Somebody has to run it as long as there is a pool: connections that nobody polls neither answer nor close.
    pub fn on(executor: Arc<Executor<'static>>) -> Self {
        Spawner::new("executor", move |task| executor.spawn(task).detach())
    }

    /// Anything that takes a future and sees it through; `name` is for `Debug`.
    pub fn new(name: &'static str, spawn: impl Fn(BoxFuture<'static, ()>) + Send + Sync + 'static) -> Self {
        Spawner { name, spawn: Arc::new(spawn) }
    }

    /// Runs `task` to its end.
    pub(crate) fn detach(&self, task: impl Future<Output = ()> + Send + 'static) {
        (self.spawn)(Box::pin(task));
    }

    /// Runs `task` to its end, or until it is aborted; then it is dropped when the executor next looks at it.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        let (handle, registration) = AbortHandle::new_pair();
        self.detach(async move {
            // How it ended is seen by whoever waits for the connection.
            let _ = Abortable::new(task, registration).await;
        });
        handle
    }
}

impl Default for Spawner {
    fn default() -> Self {
        Spawner::global()
    }
}

impl fmt::Debug for Spawner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Spawner").field(&self.name).finish()
    }
}
