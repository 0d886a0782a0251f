//! Bodies: what may be sent, and an answer that somebody reads, now or later.
//!
//! Rules: only the end of an answer makes its connection fit for the next request; dropped before its end, it spoils it.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use pool_http::{Phase, TransportError, TransportErrorKind};

use crate::classify::classify;
use crate::exchange::in_time;
use crate::link::Link;
use crate::runtime::Runtime;
use crate::usage::Flight;

/// What hyper can send, from a piece of memory and from wherever else the adapter's users have it.
pub trait RequestBody:
    Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + From<Bytes> + Send + Unpin + 'static
{
}

impl<B> RequestBody for B where
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + From<Bytes> + Send + Unpin + 'static
{
}

/// A body on its way. It keeps its connection alive; dropped before its end, it spoils it.
pub struct Arriving<R, B> {
    body: Incoming,
    link: Arc<Link<R, B>>,
    flight: Flight,
}

impl<R: Runtime, B: RequestBody> Arriving<R, B> {
    pub(crate) fn new(body: Incoming, link: Arc<Link<R, B>>, mut flight: Flight) -> Self {
        if body.is_end_stream() {
            flight.done();
        }
        Arriving { body, link, flight }
    }
}

impl<R: Runtime, B: RequestBody> Body for Arriving<R, B> {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        let ended = match &polled {
            // A reader that knows the length does not come back to be told that this was all.
            Poll::Ready(Some(Ok(_))) => this.body.is_end_stream(),
            Poll::Ready(None) => true,
            Poll::Ready(Some(Err(_))) | Poll::Pending => false,
        };
        if ended {
            this.flight.done();
            this.link.progress();
        }
        polled.map_err(|error| this.flight.blame(this.link.explain(classify(error, Phase::Body))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Reads a body to its end, unless `timer` ends first.
pub(crate) async fn collect(
    mut body: Incoming,
    most: usize,
    mut timer: Pin<&mut impl Future>,
) -> Result<Bytes, TransportError> {
    let too_large = || TransportError::new(Phase::Body, TransportErrorKind::TooLarge);
    if usize::try_from(body.size_hint().lower()).is_ok_and(|announced| announced > most) {
        return Err(too_large());
    }
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = in_time(timer.as_mut(), Phase::Body, body.frame()).await? {
        let frame = frame.map_err(|error| classify(error, Phase::Body))?;
        // Trailers are of no use to anybody here.
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + rest.len() + data.len() > most {
            return Err(too_large());
        }
        if first.is_empty() && rest.is_empty() {
            // Most answers come in one piece: that is passed on as it is.
            first = data;
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&std::mem::take(&mut first));
            }
            rest.extend_from_slice(&data);
        }
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}
