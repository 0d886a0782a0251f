//! Where time comes from. The clock is the truth, a sleep is a hint: whoever wakes up looks at the clock again,
//! so a sleep that ends early or late changes nothing but the moment at which something is noticed.

use std::future::Future;
use std::time::Duration;

use pool_core::Time;

/// A monotonic clock and a way to wait.
///
/// The trait asks for no `Send`: where the future of [`Driver::run`](crate::Driver::run) is spawned, the compiler knows the
/// concrete clock, and the future is `Send` if the clock and its sleeps are.
pub trait Clock: Clone + 'static {
    /// Nanoseconds since an epoch of the clock's choosing; it never goes back (and if it does, the pool stands still).
    ///
    /// Called once per acquire and once per release, outside of any lock.
    fn now(&self) -> Time;

    /// Ends when `duration` has passed, roughly. The driver keeps at most one under way; [`Pool::execute`](crate::Pool::execute) one per call
    /// that waits for its next attempt.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()>;
}
