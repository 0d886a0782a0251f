//! The loopback side: choosing ports, asking a server over plain HTTP, counting its sockets. Rules:
//! only 127.0.0.1; every wait has a time limit.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::failure::Failure;
use crate::keys::random;

/// Ports are chosen below the kernel's range for outgoing connections (32768 and up on Linux): a client
/// under load must not take a server's port while that server restarts.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// How many ports to try before saying that none is free.
const TRIES: usize = 200;

/// How `/proc/net/tcp` writes the state ESTABLISHED.
const OPEN: &str = "01";

/// A loopback address.
fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// A port on which nothing listens now. Another process may take it next, so a server that fails to
/// bind it is started again on another one.
pub(crate) fn free_port() -> Result<u16, Failure> {
    for _ in 0..TRIES {
        let [high, low] = random()?;
        let port = PORTS.start + u16::from_be_bytes([high, low]) % (PORTS.end - PORTS.start);
        if is_free(port) {
            return Ok(port);
        }
    }
    Err(Failure::new(format!("no free port found on 127.0.0.1 in {PORTS:?} after {TRIES} tries")))
}

/// Whether nothing listens on the port.
pub(crate) fn is_free(port: u16) -> bool {
    TcpListener::bind(loopback(port)).is_ok()
}

/// An answer to a plain GET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body as text.
    pub body: String,
}

/// One GET on a socket of its own; HTTP/1.0, so that the body simply ends with the connection.
pub(crate) fn get(port: u16, path: &str, key: Option<&str>, limit: Duration) -> io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&loopback(port), limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    let key = key.map(|key| format!("Authorization: Bearer {key}\r\n")).unwrap_or_default();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n{key}\r\n")?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    parse(&String::from_utf8_lossy(&bytes))
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP"))
}

/// How many connections the server on `port` has open, as the kernel counts them.
pub(crate) fn open_sockets(port: u16) -> io::Result<usize> {
    Ok(count_open(&fs::read_to_string("/proc/net/tcp")?, port))
}

fn count_open(table: &str, port: u16) -> usize {
    let local = format!(":{port:04X}");
    let open = |row: &str| {
        let fields: Vec<&str> = row.split_whitespace().take(4).collect();
        match fields[..] {
            [_, address, peer, OPEN] if address.ends_with(&local) => Some(peer.to_owned()),
            _ => None,
        }
    };
    // The kernel hands the table out in pieces, and a row at the seam may come twice.
    let peers: HashSet<String> = table.lines().skip(1).filter_map(open).collect();
    peers.len()
}

fn parse(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_status_and_body() {
        let answer = parse("HTTP/1.1 503 Service Unavailable\r\nA: b\r\n\r\n{}\n").unwrap();
        assert_eq!(answer, Answer { status: 503, body: "{}\n".into() });
        assert_eq!(parse("SSH-2.0-OpenSSH\r\n\r\n"), None);
    }

    #[test]
    fn counts_the_servers_ends_that_are_open_at_both_sides_once_each() {
        let table = "  sl  local_address rem_address   st\n\
            0: 0100007F:4E20 00000000:0000 0A 0\n\
            1: 0100007F:4E20 0100007F:9C40 01 0\n\
            2: 0100007F:9C40 0100007F:4E20 01 0\n\
            3: 0100007F:4E20 0100007F:9C42 08 0\n\
            4: 0100007F:4E20 0100007F:9C44 06 0\n\
            5: 0100007F:4E20 0100007F:9C40 01 0\n";
        assert_eq!(count_open(table, 0x4E20), 1);
    }

    #[test]
    fn a_free_port_can_be_bound() {
        let port = free_port().unwrap();
        assert!(PORTS.contains(&port));
    }
}
