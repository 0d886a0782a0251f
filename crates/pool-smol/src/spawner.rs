//! Where tasks run: the pool's driver, and one or more small tasks per connection that own its socket.
//!
//! Rule: one way to spawn for everything, and nothing is asked of an executor but that it sees a future through, so that any will do.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
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

    /// This executor. Somebody has to run it as long as there is a pool: connections that nobody polls neither answer nor close. The spawner
    /// does not keep it: an executor that is dropped takes its tasks with it, and so the pool, whose callers are told that it is closed.
    pub fn on(executor: &Arc<Executor<'static>>) -> Self {
        // Its tasks hold this. Were it to hold the executor, none of them would ever be dropped.
        let executor = Arc::downgrade(executor);
        Spawner::new("executor", move |task| {
            if let Some(executor) = executor.upgrade() {
                executor.spawn(task).detach();
            }
        })
    }

    /// Anything that takes a future and sees it through, or drops it, which ends whatever the future was for; `name` is for `Debug`.
    pub fn new(name: &'static str, spawn: impl Fn(BoxFuture<'static, ()>) + Send + Sync + 'static) -> Self {
        Spawner { name, spawn: Arc::new(spawn) }
    }

    /// Runs `task` to its end.
    pub(crate) fn detach(&self, task: impl Future<Output = ()> + Send + 'static) {
        (self.spawn)(Box::pin(task));
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
