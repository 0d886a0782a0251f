//! One blocking socket that speaks as much HTTP/1.1 as a server of ours answers with.
//!
//! Rules: an exchange that did not come to its end leaves the socket out of step, for ever; nothing blocks longer than the
//! exchange's limit.

use std::fmt::Write as _;
use std::future::{Future, ready};
use std::io::{self, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

use pool_http::{Base, HttpConnection, Limits, Phase, Request, Response, TransportError, TransportErrorKind};

use super::reader::{Reader, classify, left};

/// A connection over `std::net`.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    base: Arc<Base>,
    usable: bool,
    /// When the last exchange ended.
    used: Option<Instant>,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, base: Arc<Base>) -> Self {
        Socket { stream, base, usable: true, used: None }
    }

    /// Whether it is out of step, closed by the peer, or has bytes that nobody asked for.
    pub(super) fn is_broken(&self) -> bool {
        !self.usable || !self.is_silent().unwrap_or(false)
    }

    fn is_silent(&self) -> io::Result<bool> {
        self.stream.set_nonblocking(true)?;
        let seen = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false)?;
        Ok(seen.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock))
    }

    /// Sends and reads the answer to its end; blocks as long as `limits` say.
    pub(super) fn exchange(&mut self, request: &Request, limits: Limits) -> Result<Response, TransportError> {
        if !self.usable {
            return Err(TransportError::new(Phase::NotSent, TransportErrorKind::Closed));
        }
        self.usable = false;
        let idle_for = self.used.map(|used| used.elapsed());
        let result = self.speak(request, limits);
        self.used = Some(Instant::now());
        match result {
            Ok((answer, keep)) => {
                self.usable = keep;
                Ok(answer)
            }
            Err(error) => Err(match idle_for {
                Some(idle) if error.phase() == Phase::Sent => error.after_idle(idle),
                Some(_) | None => error,
            }),
        }
    }

    fn speak(&mut self, request: &Request, limits: Limits) -> Result<(Response, bool), TransportError> {
        let until = Instant::now() + limits.time;
        let bytes = self.written(request)?;
        let sent = left(until).and_then(|left| {
            self.stream.set_write_timeout(Some(left))?;
            self.stream.write_all(&bytes)
        });
        sent.map_err(|error| classify(error, Phase::Sent))?;
        Reader::new(&mut self.stream, until, limits.response_bytes).answer()
    }

    fn written(&self, request: &Request) -> Result<Vec<u8>, TransportError> {
        let invalid = || TransportError::new(Phase::NotSent, TransportErrorKind::Invalid);
        let mut head = format!("{} {}{} HTTP/1.1\r\n", request.method, self.base.prefix(), request.target);
        let _ = write!(head, "host: {}\r\ncontent-length: {}\r\n", self.base.authority(), request.body.len());
        for (name, value) in &request.headers {
            let value = value.to_str().map_err(|_| invalid())?;
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head.push_str("\r\n");
        Ok([head.as_bytes(), &request.body].concat())
    }
}

impl HttpConnection for Socket {
    fn base(&self) -> &Base {
        &self.base
    }

    /// Blocks; the future is done when it is there.
    fn send(
        &mut self,
        request: Request,
        limits: Limits,
    ) -> impl Future<Output = Result<Response, TransportError>> + Send {
        ready(self.exchange(&request, limits))
    }
}
