//! hyper's timer, made of a runtime's sleep.
//!
//! Rule: a sleep that is over stays over: hyper asks again.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

use crate::runtime::Runtime;

/// The timer of a runtime.
#[derive(Clone)]
pub(crate) struct Naps<R>(pub(crate) R);

/// One sleep, until it is over. Behind a lock that nobody takes: hyper wants it `Sync`, and a runtime's sleep need not be.
struct Nap(Mutex<Option<Asleep>>);

type Asleep = Pin<Box<dyn Future<Output = ()> + Send>>;

impl<R: Runtime> Timer for Naps<R> {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        let runtime = self.0.clone();
        let asleep: Asleep = Box::pin(async move { runtime.sleep(duration).await });
        Box::pin(Nap(Mutex::new(Some(asleep))))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.sleep(deadline.saturating_duration_since(R::now()))
    }

    fn now(&self) -> Instant {
        R::now()
    }
}

impl Sleep for Nap {}

impl Future for Nap {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let nap = self.get_mut().0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(asleep) = nap {
            if asleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            *nap = None;
        }
        Poll::Ready(())
    }
}
