//! The two runtimes, each with two worker threads, behind one trait, so that a scenario is written once.

use std::future::Future;
use std::sync::LazyLock;
use std::time::Duration;

/// Where tasks run.
pub trait Runtime: Clone + Send + Sync + 'static {
    fn spawn<F>(task: F) -> impl Future<Output = F::Output> + Send
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// Runs `task` for itself; it is not waited for.
    fn detach(task: impl Future<Output = ()> + Send + 'static);

    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send;

    fn yield_now() -> impl Future<Output = ()> + Send;

    /// Runs to the end on this thread; what it spawns runs on the workers.
    fn block_on<F: Future>(task: F) -> F::Output;
}

#[derive(Clone)]
pub struct Tokio;

#[derive(Clone)]
pub struct Smol;

static TOKIO: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
});

static SMOL: LazyLock<&'static smol::Executor<'static>> = LazyLock::new(|| {
    let executor: &smol::Executor = Box::leak(Box::default());
    for _ in 0..2 {
        std::thread::spawn(|| smol::block_on(executor.run(std::future::pending::<()>())));
    }
    executor
});

impl Runtime for Tokio {
    /// On the runtime that runs this: the one with two workers, or that of [`alone`].
    fn spawn<F>(task: F) -> impl Future<Output = F::Output> + Send
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let task = tokio::spawn(task);
        async move { task.await.expect("no task panics") }
    }

    fn detach(task: impl Future<Output = ()> + Send + 'static) {
        drop(tokio::spawn(task));
    }

    async fn sleep(duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    async fn yield_now() {
        tokio::task::yield_now().await;
    }

    fn block_on<F: Future>(task: F) -> F::Output {
        TOKIO.block_on(task)
    }
}

impl Runtime for Smol {
    fn spawn<F>(task: F) -> impl Future<Output = F::Output> + Send
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        SMOL.spawn(task)
    }

    fn detach(task: impl Future<Output = ()> + Send + 'static) {
        SMOL.spawn(task).detach();
    }

    async fn sleep(duration: Duration) {
        smol::Timer::after(duration).await;
    }

    async fn yield_now() {
        smol::future::yield_now().await;
    }

    fn block_on<F: Future>(task: F) -> F::Output {
        smol::block_on(task)
    }
}

/// A tokio runtime that has this thread only: what its tasks allocate is counted here.
pub fn alone() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}
