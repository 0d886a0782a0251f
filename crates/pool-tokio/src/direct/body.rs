//! The body of an answer that somebody else reads: only its end makes the connection fit for the next request.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use pool_http::{Phase, TransportError};

use super::link::Link;
use crate::classify;
use crate::usage::Flight;

/// A body on its way. It keeps its connection alive; dropped before its end, it spoils it.
pub(super) struct Arriving {
    body: Incoming,
    link: Arc<Link>,
    flight: Flight,
}

impl Arriving {
    pub(super) fn new(body: Incoming, link: Arc<Link>, mut flight: Flight) -> Self {
        if body.is_end_stream() {
            flight.done();
        }
        Arriving { body, link, flight }
    }
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        let ended = match &polled {
            Poll::Ready(Some(Ok(_))) => this.body.is_end_stream(),
            Poll::Ready(None) => true,
            Poll::Ready(Some(Err(_))) | Poll::Pending => false,
        };
        if ended {
            this.flight.done();
            this.link.progress();
        }
        polled.map_err(|error| this.flight.blame(classify::classify(error, Phase::Body)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
