//! All that the pool needs to know of the protocol.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use pool_async::pool_core::{FaultClass, Reuse, Sent, Time};
use pool_async::{Backend, Clock, ConnectContext, Connected, Fault};
use smol::io::AsyncWriteExt;
use smol::{Async, Timer};

use crate::wire::{WireError, ask};

/// A server that speaks in frames.
pub(crate) struct Frames(pub(crate) SocketAddr);

impl Backend for Frames {
    type Conn = Async<TcpStream>;
    type Error = WireError;

    async fn connect(&self, _: ConnectContext) -> Result<Connected<Self::Conn>, WireError> {
        let socket = Async::<TcpStream>::connect(self.0).await;
        socket.map(Connected::exclusive).map_err(WireError::Connect)
    }

    async fn probe(&self, socket: &mut Self::Conn) -> Result<(), WireError> {
        ask(socket, "").await.map(drop)
    }

    /// Between two requests nothing may be there to read: neither the end of the stream, nor an answer that nobody waits for.
    fn is_broken(&self, socket: &Self::Conn) -> bool {
        !matches!(socket.get_ref().peek(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
    }

    async fn close(&self, mut socket: Self::Conn) {
        // The peer may be gone already, which is just as good.
        let _ = socket.close().await;
    }

    fn classify(&self, error: &WireError) -> Fault {
        match error {
            WireError::Connect(_) => Fault::new(FaultClass::Endpoint, Reuse::Discard).sent(Sent::No),
            WireError::Broken(_) => Fault::broken(),
            WireError::Said(_) => Fault::application(),
        }
    }
}

/// smol's clock: since when it runs.
#[derive(Clone)]
pub(crate) struct SmolClock(pub(crate) Instant);

impl Clock for SmolClock {
    fn now(&self) -> Time {
        Time::ZERO + self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        Timer::after(duration).await;
    }
}
