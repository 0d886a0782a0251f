//! Reads one answer from a blocking socket: interim answers skipped, a body by its length, in chunks, or until the end.

use std::io::{self, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use httparse::Status;
use pool_http::{Phase, Response, TransportError, TransportErrorKind as Kind};

const HEADERS_MAX: usize = 64;

pub(super) struct Reader<'s> {
    stream: &'s mut TcpStream,
    until: Instant,
    most: usize,
    phase: Phase,
    /// Read and not yet used.
    bytes: Vec<u8>,
}

struct Head {
    status: StatusCode,
    headers: HeaderMap,
}

impl<'s> Reader<'s> {
    pub(super) fn new(stream: &'s mut TcpStream, until: Instant, most: usize) -> Self {
        Reader { stream, until, most, phase: Phase::Sent, bytes: Vec::new() }
    }

    /// The answer, and whether the connection can go on after it.
    pub(super) fn answer(mut self) -> Result<(Response, bool), TransportError> {
        let head = loop {
            let head = self.head()?;
            if !head.status.is_informational() {
                break head;
            }
        };
        self.phase = Phase::Body;
        let says = |name: &HeaderName, what: &str| {
            head.headers.get(name).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(what.as_bytes()))
        };
        let length = head.headers.get(CONTENT_LENGTH);
        let (body, framed) = if says(&TRANSFER_ENCODING, "chunked") {
            (self.chunks()?, true)
        } else if let Some(length) = length {
            let length = length.to_str().ok().and_then(|length| length.parse().ok());
            let length = length.ok_or_else(|| self.fails(Kind::Protocol))?;
            (self.exactly(length)?, true)
        } else if matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            (Vec::new(), true)
        } else {
            (self.rest()?, false)
        };
        let keep = framed && self.bytes.is_empty() && !says(&CONNECTION, "close");
        Ok((Response::new(head.status, head.headers, body), keep))
    }

    fn head(&mut self) -> Result<Head, TransportError> {
        loop {
            let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
            let mut parsed = httparse::Response::new(&mut headers);
            let fails = |error| TransportError::new(Phase::Sent, Kind::Protocol).with_source(error);
            if let Status::Complete(length) = parsed.parse(&self.bytes).map_err(fails)? {
                let head = owned(&parsed).ok_or_else(|| self.fails(Kind::Protocol))?;
                self.bytes.drain(..length);
                return Ok(head);
            }
            if self.fill()? == 0 {
                return Err(self.fails(Kind::Closed));
            }
        }
    }

    fn exactly(&mut self, length: usize) -> Result<Vec<u8>, TransportError> {
        if length > self.most {
            return Err(self.fails(Kind::TooLarge));
        }
        while self.bytes.len() < length {
            if self.fill()? == 0 {
                return Err(self.fails(Kind::Truncated));
            }
        }
        Ok(self.bytes.drain(..length).collect())
    }

    fn chunks(&mut self) -> Result<Vec<u8>, TransportError> {
        let mut body = Vec::new();
        loop {
            let size = self.chunk_size()?;
            if body.len() + size > self.most {
                return Err(self.fails(Kind::TooLarge));
            }
            let chunk = self.exactly(size)?;
            // Each chunk ends with an empty line, and so do the trailers, of which our servers send none.
            self.exactly(2)?;
            if size == 0 {
                return Ok(body);
            }
            body.extend(chunk);
        }
    }

    fn chunk_size(&mut self) -> Result<usize, TransportError> {
        loop {
            match httparse::parse_chunk_size(&self.bytes) {
                Ok(Status::Complete((length, size))) => {
                    self.bytes.drain(..length);
                    return usize::try_from(size).map_err(|_| self.fails(Kind::TooLarge));
                }
                Ok(Status::Partial) if self.fill()? == 0 => return Err(self.fails(Kind::Truncated)),
                Ok(Status::Partial) => {}
                Err(_) => return Err(self.fails(Kind::Protocol)),
            }
        }
    }

    fn rest(&mut self) -> Result<Vec<u8>, TransportError> {
        while self.fill()? > 0 {
            if self.bytes.len() > self.most {
                return Err(self.fails(Kind::TooLarge));
            }
        }
        Ok(std::mem::take(&mut self.bytes))
    }

    /// Reads what there is, once; 0 at the end.
    fn fill(&mut self) -> Result<usize, TransportError> {
        let mut piece = [0; 4096];
        let read = left(self.until).and_then(|left| {
            self.stream.set_read_timeout(Some(left))?;
            self.stream.read(&mut piece)
        });
        let length = read.map_err(|error| classify(error, self.phase))?;
        self.bytes.extend_from_slice(&piece[..length]);
        Ok(length)
    }

    fn fails(&self, kind: Kind) -> TransportError {
        TransportError::new(self.phase, kind)
    }
}

fn owned(parsed: &httparse::Response<'_, '_>) -> Option<Head> {
    let mut headers = HeaderMap::new();
    for header in parsed.headers.iter() {
        let name = HeaderName::from_bytes(header.name.as_bytes()).ok()?;
        headers.append(name, HeaderValue::from_bytes(header.value).ok()?);
    }
    Some(Head { status: StatusCode::from_u16(parsed.code?).ok()?, headers })
}

/// What is left until then; a socket's timeout cannot be zero.
pub(super) fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

/// An error of the socket in the words of the pool.
pub(super) fn classify(error: io::Error, phase: Phase) -> TransportError {
    use io::ErrorKind;
    #[expect(clippy::wildcard_enum_match_arm, reason = "of the many kinds, these are told apart")]
    let kind = match error.kind() {
        ErrorKind::ConnectionRefused => Kind::Refused,
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => Kind::Reset,
        ErrorKind::BrokenPipe => Kind::Closed,
        // Which of the two it is depends on the system.
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Kind::TimedOut,
        _ => Kind::Other,
    };
    TransportError::new(phase, kind).with_source(error)
}
