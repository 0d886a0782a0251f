//! The tasks of a connection: who runs hyper's futures, and who ends them.
//!
//! Rules: a task of a connection ends with the connection; it is stopped through an abort handle of ours, never through the
//! runtime's, so that any runtime will do; stopping works from any thread, also where no runtime runs: what the task
//! holds is dropped when its runtime next looks at it.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::{AbortHandle, Abortable};
use futures::task::AtomicWaker;
use hyper::rt::Executor;

use crate::runtime::Runtime;

/// Tasks that end with their owner: a handshake that is given up leaves nothing behind.
#[derive(Default)]
pub(crate) struct Tasks(Vec<AbortHandle>);

impl Tasks {
    /// Runs `task` to its end, or until it is aborted.
    pub(crate) fn spawn(&mut self, runtime: &impl Runtime, task: impl Future<Output = ()> + Send + 'static) {
        let (handle, registration) = AbortHandle::new_pair();
        runtime.detach(async move {
            // How it ended is seen by whoever waits for the connection.
            let _ = Abortable::new(task, registration).await;
        });
        self.0.push(handle);
    }

    pub(crate) fn abort(&self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.abort();
    }
}

/// Spawns what hyper needs for HTTP/2, and pokes the connection's dispatcher each time something may have come in.
#[derive(Clone)]
pub(crate) struct Spawner<R> {
    runtime: R,
    /// Those that belong to the connection itself: they are spawned during the handshake, all later ones belong to a stream.
    own: Arc<Mutex<Option<Tasks>>>,
    poke: Arc<AtomicWaker>,
}

impl<R: Runtime> Spawner<R> {
    pub(crate) fn new(runtime: R) -> Self {
        Spawner { runtime, own: Arc::new(Mutex::new(Some(Tasks::default()))), poke: Arc::default() }
    }

    /// Woken when something may have come in.
    pub(crate) fn poke(&self) -> Arc<AtomicWaker> {
        Arc::clone(&self.poke)
    }

    /// The tasks of the connection itself. From now on, each new one belongs to a stream.
    pub(crate) fn take(&self) -> Tasks {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }
}

impl<R: Runtime, F: Future<Output = ()> + Send + 'static> Executor<F> for Spawner<R> {
    fn execute(&self, future: F) {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(tasks) = own.as_mut() else {
            drop(own);
            return self.runtime.detach(future);
        };
        let poke = self.poke();
        tasks.spawn(&self.runtime, async move {
            let mut future = pin!(future);
            poll_fn(|cx| {
                let polled = future.as_mut().poll(cx);
                poke.wake();
                polled
            })
            .await;
        });
    }
}
