//! A request's body on its way out. An answer may come before all of it has gone, and what is left of it would then be in the way of
//! the next request.
//!
//! Rule: a body has gone when hyper has taken all of it, and the socket since then as many bytes at least.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Request;
use http_body::{Body, Frame, SizeHint};

use crate::body::RequestBody;
use crate::socket::Signal;

/// A body that says how much of it hyper has taken.
pub(crate) struct Leaving<B> {
    body: B,
    /// Nobody asks about a body that is empty, or shares its connection with others.
    taken: Option<Arc<Taken>>,
}

#[derive(Default)]
struct Taken {
    bytes: AtomicU64,
    whole: AtomicBool,
}

/// What its request knows of it.
pub(crate) struct Upload {
    taken: Arc<Taken>,
    /// As it was said beforehand.
    length: Option<u64>,
    signal: Arc<Signal>,
    written_before: u64,
}

impl<B: RequestBody> Leaving<B> {
    /// The request as hyper gets it.
    pub(crate) fn unwatched(request: Request<B>) -> Request<Self> {
        request.map(|body| Leaving { body, taken: None })
    }

    /// The request as hyper gets it, and what is told of its body, which goes over the socket of `signal`, and nothing beside it.
    pub(crate) fn watched(request: Request<B>, signal: &Arc<Signal>) -> (Request<Self>, Option<Upload>) {
        if request.body().is_end_stream() {
            return (Self::unwatched(request), None);
        }
        let taken = Arc::<Taken>::default();
        let length = request.body().size_hint().exact();
        let written_before = signal.written();
        let upload = Upload { taken: Arc::clone(&taken), length, signal: Arc::clone(signal), written_before };
        (request.map(|body| Leaving { body, taken: Some(taken) }), Some(upload))
    }
}

impl Upload {
    /// Whether some of the body has yet to go.
    pub(crate) fn is_under_way(&self) -> bool {
        let taken = self.taken.bytes.load(Ordering::Acquire);
        // Of a length that it knows, hyper does not ask for the end.
        let whole = self.taken.whole.load(Ordering::Acquire) || self.length.is_some_and(|all| taken >= all);
        !whole || self.signal.written() - self.written_before < taken
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("under_way", &self.is_under_way()).finish_non_exhaustive()
    }
}

impl<B: RequestBody> Body for Leaving<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        if let Some(taken) = &this.taken {
            match &polled {
                Poll::Ready(Some(Ok(frame))) => {
                    let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
                    taken.bytes.fetch_add(bytes, Ordering::AcqRel);
                    taken.whole.store(this.body.is_end_stream(), Ordering::Release);
                }
                Poll::Ready(None) => taken.whole.store(true, Ordering::Release),
                Poll::Ready(Some(Err(_))) | Poll::Pending => {}
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
