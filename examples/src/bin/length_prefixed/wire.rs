//! The protocol, which knows nothing of pools: a frame is its length in four bytes, then that many bytes. An answer begins with `+`,
//! or with `-` and the server's complaint.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::TcpStream;

use smol::Async;
use smol::io::{AsyncReadExt, AsyncWriteExt};

/// The longest frame. A longer one is a stream out of step, not a reason to reserve memory.
pub(crate) const FRAME_MAX: u32 = 1 << 20;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum WireError {
    /// There is no connection.
    Connect(io::Error),
    /// The connection is dead, or its stream is out of step.
    Broken(io::Error),
    /// The server answered, but not what was hoped for.
    Said(String),
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WireError::Connect(error) => write!(f, "cannot connect: {error}"),
            WireError::Broken(error) => write!(f, "the connection broke: {error}"),
            WireError::Said(words) => write!(f, "the server says: {words}"),
        }
    }
}

impl Error for WireError {}

/// Sends a request and reads its answer. If it is dropped in between, the stream is out of step.
pub(crate) async fn ask(mut socket: &Async<TcpStream>, request: &str) -> Result<String, WireError> {
    let answer = async {
        let length = u32::try_from(request.len()).unwrap_or(u32::MAX);
        check(length)?;
        socket.write_all(&[&length.to_be_bytes(), request.as_bytes()].concat()).await?;
        let mut length = [0; 4];
        socket.read_exact(&mut length).await?;
        let mut answer = vec![0; check(u32::from_be_bytes(length))?];
        socket.read_exact(&mut answer).await?;
        String::from_utf8(answer).map_err(io::Error::other)
    };
    let answer = answer.await.map_err(WireError::Broken)?;
    match answer.split_at_checked(1) {
        Some(("+", good)) => Ok(good.to_owned()),
        Some(("-", bad)) => Err(WireError::Said(bad.to_owned())),
        _ => Err(WireError::Broken(io::Error::other("an answer begins neither with `+` nor with `-`"))),
    }
}

/// The length of a frame, if it can be one.
pub(crate) fn check(length: u32) -> io::Result<usize> {
    let too_long = || io::Error::other(format!("a frame of {length} bytes; at most {FRAME_MAX} are allowed"));
    if length <= FRAME_MAX { Ok(length as usize) } else { Err(too_long()) }
}
