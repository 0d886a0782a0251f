//! What both transports promise, as one suite that runs against each.

/// The suite for one backend.
macro_rules! suite {
    ($module:ident, $backend:ty) => {
        mod $module {
            use pool_tokio::pool_core::Outcome;
            use supabase_sim::Simulator;

            use crate::support::*;

            type Backend = $backend;

            #[tokio::test]
            async fn a_connection_is_open_only_when_its_socket_is() {
                let sim = start(Simulator::builder());
                let pool = Backend::new(towards(&sim)).unwrap().open(at_most(4)).unwrap();
                assert_eq!(sim.counters().opened, 0, "nothing is opened unasked");
                let mut lease = pool.acquire().await.unwrap();
                assert_eq!(sim.counters().open, 1);
                let answer = send(&mut *lease, blog(&sim, 1)).await.unwrap();
                assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, &br#"[{"id":1}]"#[..]));
                lease.release(Outcome::Success);
                pool.shutdown(LONG).await;
                until(&sim, |counters| counters.open == 0).await;
                assert_eq!(sim.counters().opened, 1);
            }
        }
    };
}

suite!(direct, pool_tokio::DirectBackend);
suite!(pinned, pool_tokio::PinnedBackend);
