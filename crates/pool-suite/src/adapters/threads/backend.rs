//! The backend: what a transport over blocking sockets has to say to the pool.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use pool_async::{Backend, ConnectContext, Connected, Fault};
use pool_http::{Base, FaultClass, Limits, Phase, Request, TransportError, blame};
use supabase_sim::Simulator;

use super::reader::classify;
use super::socket::Socket;
use crate::adapter::Failure;
use crate::site::{APIKEY, key, ping, url};

/// Longer than the driver lets a probe take by itself: it is the socket that must end it, since it blocks.
const PROBE_LIMIT: Duration = Duration::from_secs(1);

/// Opens blocking sockets to one server and speaks HTTP/1.1 over them.
#[derive(Debug)]
pub struct Wire {
    address: SocketAddr,
    base: Arc<Base>,
    probe: Request,
}

/// What failed, as the transport tells it.
#[derive(Debug)]
pub struct Failed(TransportError);

impl Wire {
    pub(super) fn new(sim: &Simulator) -> Self {
        let base = Arc::new(Base::new(&url(sim)).expect("a base"));
        let mut probe = Request::new(Method::GET, ping(), "probe");
        probe.headers.insert(APIKEY, key(sim));
        Wire { address: sim.address(), base, probe }
    }
}

impl Backend for Wire {
    type Conn = Socket;
    type Error = Failed;

    async fn connect(&self, cx: ConnectContext) -> Result<Connected<Socket>, Failed> {
        let stream = TcpStream::connect_timeout(&self.address, cx.timeout)
            .and_then(|stream| stream.set_nodelay(true).map(|()| stream))
            .map_err(|error| classify(error, Phase::Connect))?;
        Ok(Connected::exclusive(Socket::new(stream, Arc::clone(&self.base))))
    }

    async fn probe(&self, socket: &mut Socket) -> Result<(), Failed> {
        let answer = socket.exchange(&self.probe, Limits::within(PROBE_LIMIT))?;
        match blame(answer.status) {
            None | Some(FaultClass::Application) => Ok(()),
            Some(_) => Err(Failed(TransportError::new(Phase::Body, pool_http::TransportErrorKind::Other))),
        }
    }

    fn is_broken(&self, socket: &Socket) -> bool {
        socket.is_broken()
    }

    async fn close(&self, socket: Socket) {
        drop(socket);
    }

    fn classify(&self, Failed(error): &Failed) -> Fault {
        Fault::new(error.class(), error.reuse()).sent(error.sent())
    }
}

impl From<TransportError> for Failed {
    fn from(error: TransportError) -> Self {
        Failed(error)
    }
}

impl Failure for Failed {
    fn transport(&self) -> Option<&TransportError> {
        Some(&self.0)
    }
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Failed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}
