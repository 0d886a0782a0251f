//! The panel on a socket of its own, by hyper, on any runtime.
//!
//! Rules kept here: nothing is spawned; no more sockets than a few people and a scraper need; a client that dawdles is let go; whatever goes
//! wrong on one socket, the others are served.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{ready, select};
use futures::stream::{Stream, StreamExt};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::rt::{Read, Timer, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;

use crate::panel::{Panel, refused};

/// Sockets served at once; others wait in the system's queue. A browser that opens the page takes six, and keeps them idle.
const SOCKETS_MAX: usize = 128;
/// A client that begins no request for so long, or up to twice so long, is let go. A page asks every five seconds at the least.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of a request that are held before its head is whole, and of an answer before its client reads: what a place may cost.
const HEAD_MAX: usize = 16 * 1024;
/// A request's body: a resize.
const BODY_MAX: usize = 1024;
/// How long to wait when the system gives no socket: too many files are open, for one.
const PAUSE: Duration = Duration::from_millis(500);

/// Serves the panel to every socket that comes in; ends when there are no more. The adapters' `serve` is this with their sockets.
///
/// # Cancel safety
///
/// It may be dropped at any time; the sockets are closed then.
pub async fn serve<S, IO, T>(panel: Panel, incoming: S, timer: T)
where
    S: Stream<Item = io::Result<IO>>,
    IO: Read + Write + Unpin,
    T: Timer + Clone,
{
    // What has failed to come in holds a place for a moment, so that failures without end do not keep a processor busy.
    let served = incoming.map(|came| {
        let (panel, timer) = (panel.clone(), timer.clone());
        async move {
            match came {
                Ok(io) => socket(panel, io, timer).await,
                Err(_) => timer.sleep(PAUSE).await,
            }
        }
    });
    served.buffer_unordered(SOCKETS_MAX).for_each(|()| ready(())).await;
}

/// One socket, to its end. How it ends is its client's affair, unless it begins no request for too long: whether it says nothing, does
/// not finish what it says, or does not read its answer.
async fn socket<IO, T>(panel: Panel, io: IO, timer: T)
where
    IO: Read + Write + Unpin,
    T: Timer,
{
    let has_begun = AtomicBool::new(true);
    let service = service_fn(|request| {
        has_begun.store(true, Relaxed);
        answer(&panel, request)
    });
    let connection = http1::Builder::new().max_buf_size(HEAD_MAX).serve_connection(io, service);
    let patience = async {
        while has_begun.swap(false, Relaxed) {
            timer.sleep(PATIENCE).await;
        }
    };
    select(pin!(connection), pin!(patience)).await;
}

async fn answer(panel: &Panel, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let answer = match Limited::new(body, BODY_MAX).collect().await {
        Ok(body) => panel.answer(&Request::from_parts(head, body.to_bytes())),
        Err(_) => {
            let why = format!("the body has more than {BODY_MAX} bytes, and no operation wants so many");
            refused(StatusCode::PAYLOAD_TOO_LARGE, &why)
        }
    };
    Ok(answer.map(Full::new))
}
