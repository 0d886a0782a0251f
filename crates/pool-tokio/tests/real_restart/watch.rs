//! Counts sockets at the server and connections in the pool, all through the run, from a thread of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use pool_tokio::DirectPool;
use xtask::Pair;

use crate::CONNECTIONS;

/// The time between two samples.
const PACE: Duration = Duration::from_millis(10);

/// The most that was seen at once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Most {
    /// At the server, without those of whoever asks it whether it is ready.
    pub(crate) sockets: usize,
    pub(crate) connections: u32,
    pub(crate) in_use: u32,
    pub(crate) samples: u32,
}

pub(crate) struct Watch {
    stop: Sender<()>,
    asking: Asking,
    thread: JoinHandle<Most>,
}

/// Whether somebody else asks the server whether it is ready: that takes a socket more.
#[derive(Clone, Default)]
pub(crate) struct Asking(Arc<AtomicUsize>);

impl Asking {
    pub(crate) fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        self.0.store(1, Ordering::SeqCst);
        let done = work();
        self.0.store(0, Ordering::SeqCst);
        done
    }

    fn sockets(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Watch {
    pub(crate) fn start(pair: Arc<Pair>, pool: DirectPool) -> Self {
        let ((stop, stopped), asking) = (channel(), Asking::default());
        let asked = asking.clone();
        let thread = thread::spawn(move || {
            let mut most = Most::default();
            while stopped.recv_timeout(PACE) == Err(RecvTimeoutError::Timeout) {
                let status = pool.status();
                most.connections = most.connections.max(status.total);
                most.in_use = most.in_use.max(status.in_use);
                most.sockets = most.sockets.max(sockets(&pair, &asked));
                most.samples += 1;
            }
            most
        });
        Watch { stop, asking, thread }
    }

    pub(crate) fn asking(&self) -> Asking {
        self.asking.clone()
    }

    pub(crate) fn stop(self) -> Most {
        self.stop.send(()).expect("the watch is on");
        self.thread.join().expect("the watch does not panic")
    }
}

/// Sockets of the pool at the server. The kernel's table is no snapshot: more than there may be has to be seen again.
fn sockets(pair: &Pair, asking: &Asking) -> usize {
    let look = || {
        let others = asking.sockets();
        let seen = pair.open_sockets().unwrap();
        seen.saturating_sub(others.max(asking.sockets()))
    };
    let enough = |seen: &usize| *seen <= CONNECTIONS as usize;
    let first = look();
    if enough(&first) { first } else { first.min(look()).min(look()) }
}
