//! From a name to a socket that can carry HTTP: resolve, connect, TLS.
//!
//! Rules: each failure says in which of the three it happened; names are resolved where blocking holds up nobody; an address that does
//! not answer holds the next one back no longer than [`STAGGER`] (RFC 8305), and the two families take turns; dropping
//! the future leaves no socket behind.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use futures::stream::{FuturesUnordered, StreamExt};
use pool_http::{Phase, Protocol, TransportError, TransportErrorKind};

use crate::classify::classify;
use crate::config::TransportConfig;
use crate::info::Session;
use crate::runtime::Runtime;
use crate::socket::Stream;
use crate::tls::Tls;

/// How long an address is waited for before the next one is tried beside it: RFC 8305's "connection attempt delay".
const STAGGER: Duration = Duration::from_millis(250);

/// A socket that is up.
pub(crate) struct Dialled<R: Runtime> {
    pub(crate) stream: Stream<R>,
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    pub(crate) http2: bool,
    /// How TLS began, if it is used.
    pub(crate) tls: Option<Session>,
}

pub(crate) async fn dial<R: Runtime>(
    runtime: &R,
    config: &TransportConfig,
    tls: Option<&Tls>,
) -> Result<Dialled<R>, TransportError> {
    let in_connect = |error| classify(error, Phase::Connect);
    let addresses = resolve(runtime, config).await?;
    let tcp =
        first(addresses, |to| runtime.connect(to), || runtime.sleep(STAGGER)).await.map_err(in_connect)?;
    let (local, remote) = R::prepare(&tcp).map_err(in_connect)?;
    // A peer without ALPN speaks HTTP/1.1, unless it was said that it does not.
    let unsaid = config.protocol == Protocol::Http2;
    let Some(tls) = tls else {
        return Ok(Dialled { stream: Stream::Plain(R::plain(tcp)), local, remote, http2: unsaid, tls: None });
    };
    let encrypted = runtime.encrypt(tls, tcp).await;
    let (stream, agreed) = encrypted.map_err(|error| classify(error, Phase::Tls))?;
    let stream = Stream::Encrypted(Box::new(stream));
    Ok(Dialled { stream, local, remote, http2: agreed.http2.unwrap_or(unsaid), tls: Some(agreed.session) })
}

async fn resolve(
    runtime: &impl Runtime,
    config: &TransportConfig,
) -> Result<Vec<SocketAddr>, TransportError> {
    let (host, port) = (config.host(), config.base.port());
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let (host, resolver) = (host.to_owned(), config.resolver.clone());
    let unknown = TransportError::new(Phase::Resolve, TransportErrorKind::Dns);
    // A panic of the user's function is no more than a name that is not found, whatever the runtime makes of panics.
    let guarded = move || {
        let found = catch_unwind(AssertUnwindSafe(|| resolver.resolve(&host, port)));
        found.unwrap_or_else(|_| Err(io::Error::other("the resolver panicked")))
    };
    match runtime.unblock(guarded).await {
        Ok(found) if found.is_empty() => Err(unknown),
        Ok(found) => Ok(take_turns(found)),
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

/// The first address that answers; the error is the last one's.
async fn first<T, C, D>(
    addresses: Vec<SocketAddr>,
    connect: impl Fn(SocketAddr) -> C,
    delay: impl Fn() -> D,
) -> io::Result<T>
where
    C: Future<Output = io::Result<T>>,
    D: Future,
{
    let mut left = addresses.into_iter();
    let mut under_way = FuturesUnordered::new();
    let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        let next = left.next();
        let last = next.is_none();
        under_way.extend(next.map(&connect));
        let ended = if last {
            under_way.next().await
        } else {
            match select(pin!(under_way.next()), pin!(delay())).await {
                Either::Left((ended, _)) => ended,
                Either::Right(_) => None,
            }
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
    use std::cell::RefCell;
    use std::future::{pending, ready};

    use futures::executor::block_on;
    use futures::future::BoxFuture;

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

    /// Port 1 refuses, port 2 never answers, every other one does.
    fn answer(to: SocketAddr) -> BoxFuture<'static, io::Result<u16>> {
        match to.port() {
            1 => Box::pin(ready(Err(io::ErrorKind::ConnectionRefused.into()))),
            2 => Box::pin(pending()),
            port => Box::pin(ready(Ok(port))),
        }
    }

    #[test]
    fn an_address_that_refuses_is_followed_by_the_next_without_a_wait() {
        let found = block_on(first(addresses(&["[::1]:1", "[::1]:3"]), answer, pending::<()>));
        assert_eq!(found.unwrap(), 3);
        let refused = block_on(first(addresses(&["[::1]:1"]), answer, pending::<()>));
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        let none = block_on(first(Vec::new(), answer, pending::<()>));
        assert_eq!(none.unwrap_err().kind(), io::ErrorKind::AddrNotAvailable);
    }

    #[test]
    fn an_address_that_does_not_answer_holds_the_next_one_back_for_one_delay() {
        let asked = RefCell::new(Vec::new());
        let connect = |to: SocketAddr| {
            asked.borrow_mut().push(to.port());
            answer(to)
        };
        let found = block_on(first(addresses(&["[::1]:2", "[::1]:3", "[::1]:4"]), connect, || ready(())));
        assert_eq!(found.unwrap(), 3);
        assert_eq!(*asked.borrow(), [2, 3]);
    }
}
