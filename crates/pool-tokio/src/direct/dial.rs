//! From a name to a socket that can carry HTTP: resolve, connect, TLS.
//!
//! Rules: each failure says in which of the three it happened; an address that does not answer holds the next one back
//! no longer than [`STAGGER`] (RFC 8305), and the two families take turns; dropping the future leaves no socket behind.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};
use hyper_util::rt::TokioIo;
use pool_http::{Phase, Protocol, TransportError, TransportErrorKind};
use rustls::HandshakeKind;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::socket::Stream;
use crate::classify;
use crate::config::TransportConfig;
use crate::tls::Tls;

/// How long an address is waited for before the next one is tried beside it: RFC 8305's "connection attempt delay".
const STAGGER: Duration = Duration::from_millis(250);

/// A socket that is up.
pub(super) struct Dialled {
    pub(super) stream: Stream,
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
    pub(super) http2: bool,
    /// Whether TLS is used, and if so, whether it went on with an earlier session.
    pub(super) tls: Option<HandshakeKind>,
}

pub(super) async fn dial(config: &TransportConfig, tls: Option<&Tls>) -> Result<Dialled, TransportError> {
    let port = config.base.port();
    let addresses = resolve(config.host(), port).await?;
    let tcp = connect(addresses).await.map_err(|error| classify::classify(error, Phase::Connect))?;
    let ends = tcp.set_nodelay(true).and_then(|()| Ok((tcp.local_addr()?, tcp.peer_addr()?)));
    let (local, remote) = ends.map_err(|error| classify::classify(error, Phase::Connect))?;
    let Some(tls) = tls else {
        let http2 = config.protocol == Protocol::Http2;
        return Ok(Dialled { stream: Stream::Plain(TokioIo::new(tcp)), local, remote, http2, tls: None });
    };
    let connector = TlsConnector::from(tls.config.clone());
    let stream = connector.connect(tls.name.clone(), tcp).await;
    let stream = stream.map_err(|error| classify::classify(error, Phase::Tls))?;
    let session = stream.get_ref().1;
    // A peer without ALPN speaks HTTP/1.1, unless it was said that it does not.
    let http2 = match session.alpn_protocol() {
        Some(protocol) => protocol == b"h2",
        None => config.protocol == Protocol::Http2,
    };
    let tls = Some(session.handshake_kind().unwrap_or(HandshakeKind::Full));
    Ok(Dialled { stream: Stream::Tls(Box::new(TokioIo::new(stream))), local, remote, http2, tls })
}

async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, TransportError> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let unknown = TransportError::new(Phase::Resolve, TransportErrorKind::Dns);
    match lookup_host((host, port)).await {
        Ok(found) => {
            let found = take_turns(found.collect());
            if found.is_empty() { Err(unknown) } else { Ok(found) }
        }
        Err(error) => Err(unknown.with_source(error)),
    }
}

/// Puts addresses of the two families in turns, beginning with the one that the system prefers.
fn take_turns(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let Some(first) = found.first().map(SocketAddr::is_ipv6) else { return found };
    let (preferred, others): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|address| address.is_ipv6() == first);
    let (mut preferred, mut others) = (preferred.into_iter(), others.into_iter());
    let mut turns = Vec::new();
    loop {
        let (one, other) = (preferred.next(), others.next());
        if one.is_none() && other.is_none() {
            return turns;
        }
        turns.extend(one.into_iter().chain(other));
    }
}

/// Connects to the first address that answers; the error is the last one's.
async fn connect(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut left = addresses.into_iter();
    let mut under_way = FuturesUnordered::new();
    let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        let next = left.next();
        let last = next.is_none();
        under_way.extend(next.map(TcpStream::connect));
        let ended = if last {
            under_way.next().await
        } else {
            timeout(STAGGER, under_way.next()).await.unwrap_or_default()
        };
        match ended {
            Some(Ok(stream)) => return Ok(stream),
            Some(Err(error)) => failed = error,
            None if last => return Err(failed),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn the_families_take_turns_and_the_preferred_one_begins() {
        let found = addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1"]);
        assert_eq!(take_turns(found), addresses(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"]));
        assert_eq!(take_turns(Vec::new()), Vec::new());
    }

    #[tokio::test]
    async fn an_address_that_refuses_is_followed_by_one_that_does_not() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap();
        // Port 1 of loopback: nobody listens there.
        let stream = connect(vec![SocketAddr::from(([127, 0, 0, 1], 1)), open]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), open);
        let error = connect(addresses(&["127.0.0.1:1"])).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert!(connect(Vec::new()).await.is_err());
    }
}
