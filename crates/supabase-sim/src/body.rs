//! The body of an answer as a script: pieces, pauses, an end that is none.
//!
//! Rules: the announced length is kept even when the script sends less, because that is what a cut body looks like;
//! the request counts as in flight until its body is dropped.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use crate::fault::{Ending, Fault, Framing};
use crate::link::{Link, Order};
use crate::service::InFlight;

enum Step {
    Piece(Bytes),
    Pause(Duration),
    /// Ends the connection when the pieces so far are sent.
    End(Ending),
    Stall,
}

/// See the module.
pub(crate) struct ScriptedBody {
    steps: VecDeque<Step>,
    length: Option<u64>,
    pause: Option<Pin<Box<Sleep>>>,
    link: Arc<Link>,
    _in_flight: InFlight,
}

impl ScriptedBody {
    /// The whole text, or what a fault leaves of it.
    pub(crate) fn new(text: String, fault: Option<&Fault>, in_flight: InFlight) -> Self {
        let bytes = Bytes::from(text);
        let half = bytes.slice(..bytes.len() / 2);
        let mut length = Some(bytes.len() as u64);
        let steps = match fault {
            Some(Fault::DropAfterHead(ending)) => vec![Step::End(*ending)],
            Some(Fault::CutBody { framing, ending }) => {
                length = length.filter(|_| *framing == Framing::Length);
                vec![Step::Piece(half), Step::End(*ending)]
            }
            Some(Fault::StallBody) => vec![Step::Piece(half), Step::Stall],
            Some(Fault::Drip { piece, every }) => drip(&bytes, (*piece).max(1), *every),
            Some(_) | None => vec![Step::Piece(bytes)],
        };
        let steps = steps.into_iter().filter(|step| !matches!(step, Step::Piece(piece) if piece.is_empty()));
        Self { steps: steps.collect(), length, pause: None, link: in_flight.link(), _in_flight: in_flight }
    }
}

fn drip(bytes: &Bytes, piece: usize, every: Duration) -> Vec<Step> {
    let mut steps = Vec::new();
    for start in (0..bytes.len()).step_by(piece) {
        steps.push(Step::Pause(every));
        steps.push(Step::Piece(bytes.slice(start..bytes.len().min(start + piece))));
    }
    steps
}

impl Body for ScriptedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            match self.steps.pop_front() {
                None => return Poll::Ready(None),
                Some(Step::Piece(piece)) => return Poll::Ready(Some(Ok(Frame::data(piece)))),
                Some(Step::Pause(pause)) => self.pause = Some(Box::pin(tokio::time::sleep(pause))),
                Some(Step::End(ending)) => {
                    self.link.end(Order::Flushed(ending));
                    self.steps.push_front(Step::Stall);
                }
                Some(Step::Stall) => {
                    // Nothing will wake this again; only the end of the connection drops it.
                    self.steps.push_front(Step::Stall);
                    return Poll::Pending;
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
