use std::marker::PhantomData;
use std::time::{Duration, Instant};

use pool_async::pool_core::{Config, FaultClass, Outcome, Reuse, Time};
use pool_async::{Backend, Clock, ConnectContext, Connected, FastClock, Fault, Lease, Pool};

use super::{Contender, Denied};
use crate::site::{Conn, Refused, Site};
use ground::runtime::Runtime;

/// The clock that the adapters have.
#[derive(Clone)]
pub struct Beat<R>(Instant, PhantomData<R>);

impl<R: Runtime> Clock for Beat<R> {
    fn now(&self) -> Time {
        Time::ZERO + self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        R::sleep(duration).await;
    }
}

impl Backend for Site {
    type Conn = Conn;
    type Error = Refused;

    async fn connect(&self, _: ConnectContext) -> Result<Connected<Conn>, Refused> {
        Site::connect(self).map(Connected::exclusive)
    }

    async fn probe(&self, conn: &mut Conn) -> Result<(), Refused> {
        crate::site::check(conn)
    }

    fn is_broken(&self, conn: &Conn) -> bool {
        conn.broken
    }

    async fn close(&self, _: Conn) {}

    fn classify(&self, _: &Refused) -> Fault {
        Fault::new(FaultClass::Endpoint, Reuse::Discard)
    }
}

/// The defaults; the queue is bounded at ten callers per connection, which is less than some scenarios have.
pub fn config(size: usize) -> Config {
    Config {
        min_connections: 0,
        max_connections: size as u32,
        waiters_max: Some(1 << 16),
        ..Config::default()
    }
}

/// The pool on a clock. That the driver can be spawned is known of each clock, not of all.
macro_rules! on_a_clock {
    ($(#[$doc:meta])* $name:ident, $clock:ty, $start:expr) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name<R: Runtime>(Pool<Site, $clock>);

        impl<R: Runtime> Contender<R> for $name<R> {
            type Guard<'a> = Lease<Site, $clock>;

            async fn build(size: usize, site: Site) -> Self {
                let (pool, driver) =
                    Pool::builder(site, $start).config(config(size)).build().expect("a valid configuration");
                // It ends by itself when the pool's last handle is gone.
                R::detach(driver.run());
                $name(pool)
            }

            async fn acquire(&self) -> Result<Lease<Site, $clock>, Denied> {
                self.0.acquire().await.map_err(denied)
            }

            fn give_back(guard: Lease<Site, $clock>) {
                guard.release(Outcome::Success);
            }
        }
    };
}

on_a_clock!(
    /// On the clock that the adapters have: the standard library's.
    Ours,
    Beat<R>,
    Beat::<R>(Instant::now(), PhantomData)
);
on_a_clock!(
    /// On the processor's counter.
    OursFast,
    FastClock<Beat<R>>,
    FastClock::new(Beat::<R>(Instant::now(), PhantomData))
);

fn denied(error: pool_async::AcquireError<Refused>) -> Denied {
    match error.connect_error() {
        Some(_) => Denied::WithCause,
        None => Denied::Blind,
    }
}
