//! A backend whose every answer the test decides, also while the question is under way.

use std::collections::BTreeSet;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use pool_async::pool_core::{FaultClass, Reuse, Sent};
use pool_async::{Backend, ConnectContext, Connected, Fault, Reporter};

/// How the peer takes a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Answers,
    Refuses(&'static str),
    Silent,
    Panics,
}

#[derive(Debug)]
struct Net {
    connect: Mood,
    probe: Mood,
    close: Mood,
    leases_max: u32,
    opened: u32,
    attempts: Vec<u32>,
    broken: BTreeSet<u32>,
    closed: Vec<u32>,
    dropped: Vec<u32>,
    probed: Vec<u32>,
    reporters: Vec<Reporter>,
    waiting: Vec<Waker>,
}

/// The peer, and the backend that speaks to it.
#[derive(Clone)]
pub(crate) struct Fake(Arc<Mutex<Net>>);

/// A connection, or a handle to it.
#[derive(Clone, Debug)]
pub(crate) struct Conn(Arc<Open>);

#[derive(Debug)]
struct Open {
    number: u32,
    net: Arc<Mutex<Net>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FakeError {
    /// The peer refused, and said why.
    Refused(&'static str),
    /// The connection died before anything was sent.
    NotSent,
    /// The connection died with the request under way.
    Died,
    /// The peer has too much to do.
    Busy,
    /// The request was wrong.
    Wrong,
}

impl fmt::Display for FakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FakeError::Refused(why) => write!(f, "refused: {why}"),
            FakeError::NotSent => f.write_str("died before it was sent"),
            FakeError::Died => f.write_str("died under way"),
            FakeError::Busy => f.write_str("busy"),
            FakeError::Wrong => f.write_str("wrong"),
        }
    }
}

impl std::error::Error for FakeError {}

impl Conn {
    pub(crate) fn number(&self) -> u32 {
        self.0.number
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.net.lock().unwrap().dropped.push(self.number);
    }
}

impl Fake {
    pub(crate) fn new() -> Self {
        Fake(Arc::new(Mutex::new(Net {
            connect: Mood::Answers,
            probe: Mood::Answers,
            close: Mood::Answers,
            leases_max: 1,
            opened: 0,
            attempts: Vec::new(),
            broken: BTreeSet::new(),
            closed: Vec::new(),
            dropped: Vec::new(),
            probed: Vec::new(),
            reporters: Vec::new(),
            waiting: Vec::new(),
        })))
    }

    fn change(&self, change: impl FnOnce(&mut Net)) {
        let mut net = self.0.lock().unwrap();
        change(&mut net);
        let waiting = std::mem::take(&mut net.waiting);
        drop(net);
        waiting.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn connects(&self, mood: Mood) {
        self.change(|net| net.connect = mood);
    }

    pub(crate) fn probes(&self, mood: Mood) {
        self.change(|net| net.probe = mood);
    }

    pub(crate) fn closes(&self, mood: Mood) {
        self.change(|net| net.close = mood);
    }

    /// From now on connections can be shared by this many.
    pub(crate) fn shares(&self, leases_max: u32) {
        self.change(|net| net.leases_max = leases_max);
    }

    /// Kills a connection; the pool can know only by asking.
    pub(crate) fn kill(&self, number: u32) {
        self.change(|net| net.broken.extend([number]));
    }

    pub(crate) fn opened(&self) -> u32 {
        self.0.lock().unwrap().opened
    }

    /// The `attempt` of each connect so far.
    pub(crate) fn attempts(&self) -> Vec<u32> {
        self.0.lock().unwrap().attempts.clone()
    }

    /// Connections closed in the orderly way, in order.
    pub(crate) fn closed(&self) -> Vec<u32> {
        self.0.lock().unwrap().closed.clone()
    }

    pub(crate) fn probed(&self) -> Vec<u32> {
        self.0.lock().unwrap().probed.clone()
    }

    /// Connections whose object is still somewhere.
    pub(crate) fn live(&self) -> u32 {
        let net = self.0.lock().unwrap();
        net.opened - net.dropped.len() as u32
    }

    /// The reporter that connection `number` was given.
    pub(crate) fn reporter(&self, number: u32) -> Reporter {
        self.0.lock().unwrap().reporters[number as usize - 1].clone()
    }

    async fn ask(&self, question: impl Fn(&Net) -> Mood) -> Result<(), FakeError> {
        poll_fn(|cx| {
            let mut net = self.0.lock().unwrap();
            match question(&net) {
                Mood::Answers => Poll::Ready(Ok(())),
                Mood::Refuses(why) => Poll::Ready(Err(FakeError::Refused(why))),
                Mood::Panics => {
                    drop(net);
                    panic!("the backend has a fault of its own");
                }
                Mood::Silent => {
                    net.waiting.push(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}

impl Backend for Fake {
    type Conn = Conn;
    type Error = FakeError;

    async fn connect(&self, cx: ConnectContext) -> Result<Connected<Conn>, FakeError> {
        self.0.lock().unwrap().attempts.push(cx.attempt);
        self.ask(|net| net.connect).await?;
        let mut net = self.0.lock().unwrap();
        net.opened += 1;
        net.reporters.push(cx.reporter);
        let conn = Conn(Arc::new(Open { number: net.opened, net: Arc::clone(&self.0) }));
        Ok(Connected::shared(conn, net.leases_max))
    }

    async fn probe(&self, conn: &mut Conn) -> Result<(), FakeError> {
        self.0.lock().unwrap().probed.push(conn.number());
        self.ask(|net| net.probe).await
    }

    fn is_broken(&self, conn: &Conn) -> bool {
        self.0.lock().unwrap().broken.contains(&conn.number())
    }

    async fn close(&self, conn: Conn) {
        let _ = self.ask(|net| net.close).await;
        self.0.lock().unwrap().closed.push(conn.number());
    }

    fn classify(&self, error: &FakeError) -> Fault {
        match error {
            FakeError::Refused(_) => Fault::new(FaultClass::Endpoint, Reuse::Discard).sent(Sent::No),
            FakeError::NotSent => Fault::broken().sent(Sent::No),
            FakeError::Died => Fault::broken(),
            FakeError::Busy => {
                Fault::new(FaultClass::Saturation, Reuse::Keep).after(2 * crate::world::SECOND)
            }
            FakeError::Wrong => Fault::application(),
        }
    }

    fn share(&self, conn: &Conn) -> Option<Conn> {
        (self.0.lock().unwrap().leases_max > 1).then(|| conn.clone())
    }

    fn label(&self, conn: &Conn) -> Option<Arc<str>> {
        Some(format!("fake {}", conn.number()).into())
    }
}
