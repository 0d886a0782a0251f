//! A backend in memory that answers, refuses or is silent, as the test says.

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use pool_async::pool_core::{FaultClass, Reuse};
use pool_async::{Backend, ConnectContext, Connected, Fault};

/// How the peer takes a connect.
#[derive(Clone, Copy)]
pub(crate) enum Mood {
    Answers,
    Refuses(&'static str),
    Silent,
}

/// The peer, and the backend that speaks to it.
#[derive(Clone)]
pub(crate) struct Fake(Arc<Mutex<Net>>);

struct Net {
    connect: Mood,
    leases_max: u32,
    opened: u32,
    waiting: Vec<Waker>,
    written: Option<Arc<dyn Fn() + Send + Sync>>,
}

/// Why a connect failed; whoever writes it down is heard.
#[derive(Clone)]
pub(crate) struct Refused {
    why: &'static str,
    written: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused").field("why", &self.why).finish_non_exhaustive()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(written) = &self.written {
            written();
        }
        write!(f, "refused: {}", self.why)
    }
}

impl std::error::Error for Refused {}

impl Fake {
    pub(crate) fn new() -> Self {
        Fake(Arc::new(Mutex::new(Net {
            connect: Mood::Answers,
            leases_max: 1,
            opened: 0,
            waiting: Vec::new(),
            written: None,
        })))
    }

    /// From now on this is called whenever a refusal is written down.
    pub(crate) fn when_written(&self, written: impl Fn() + Send + Sync + 'static) {
        self.0.lock().unwrap().written = Some(Arc::new(written));
    }

    pub(crate) fn connects(&self, mood: Mood) {
        let mut net = self.0.lock().unwrap();
        net.connect = mood;
        let waiting = std::mem::take(&mut net.waiting);
        drop(net);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// From now on connections can be shared by this many.
    pub(crate) fn shares(&self, leases_max: u32) {
        self.0.lock().unwrap().leases_max = leases_max;
    }

    fn answer(&self, cx: &Context<'_>) -> Poll<Result<(), Refused>> {
        let mut net = self.0.lock().unwrap();
        match net.connect {
            Mood::Answers => Poll::Ready(Ok(())),
            Mood::Refuses(why) => Poll::Ready(Err(Refused { why, written: net.written.clone() })),
            Mood::Silent => {
                net.waiting.push(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Backend for Fake {
    type Conn = u32;
    type Error = Refused;

    async fn connect(&self, _: ConnectContext) -> Result<Connected<u32>, Refused> {
        poll_fn(|cx| self.answer(cx)).await?;
        let mut net = self.0.lock().unwrap();
        net.opened += 1;
        Ok(Connected::shared(net.opened, net.leases_max))
    }

    async fn probe(&self, _: &mut u32) -> Result<(), Refused> {
        Ok(())
    }

    fn is_broken(&self, _: &u32) -> bool {
        false
    }

    async fn close(&self, _: u32) {}

    fn classify(&self, _: &Refused) -> Fault {
        Fault::new(FaultClass::Endpoint, Reuse::Discard)
    }

    fn share(&self, conn: &u32) -> Option<u32> {
        (self.0.lock().unwrap().leases_max > 1).then_some(*conn)
    }

    fn label(&self, conn: &u32) -> Option<Arc<str>> {
        Some(format!("fake {conn}").into())
    }
}
