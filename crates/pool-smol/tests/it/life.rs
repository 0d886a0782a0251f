//! What is promised about the life of connections, on every executor and over every protocol.

/// The suite for one protocol, one way to run a test's future, and one way to open a pool.
macro_rules! life {
    ($module:ident, $protocol:ident, $run:path, $open:path) => {
        mod $module {
            use pool_smol::pool_core::{CloseReason, Config, Outcome, Safety, WhenDown};
            use pool_smol::pool_http::{Phase, Sent, TransportErrorKind as Kind};
            use pool_smol::{Protocol, SurfBackend, TransportConfig, http};
            use smol::future::FutureExt;
            use supabase_sim::{Fault, Protocols, Simulator};

            use $open as open;
            use $run as run;

            use crate::support::*;

            fn simulator() -> Simulator {
                start(Simulator::builder().protocols(Protocols::$protocol))
            }

            fn backend(sim: &Simulator) -> SurfBackend {
                SurfBackend::new(towards(sim).protocol(Protocol::$protocol)).unwrap()
            }

            #[test]
            fn one_socket_serves_request_after_request_and_is_closed_in_the_end() {
                let sim = simulator();
                run(async {
                    let pool = open(backend(&sim), at_most(1)).unwrap();
                    assert_eq!(sim.counters().opened, 0, "nothing is opened unasked");
                    for n in 0..200 {
                        let mut lease = pool.acquire().await.unwrap();
                        assert!(is_blog(
                            &send(&mut *lease, blog(&sim, 1 + n % 10)).await.unwrap(),
                            1 + n % 10
                        ));
                    }
                    pool.shutdown(LONG).await;
                    until(&sim, |counters| counters.open == 0).await;
                    assert_eq!(sim.counters().opened, 1);
                });
            }

            #[test]
            fn there_are_never_more_sockets_than_allowed() {
                let sim = simulator();
                run(async {
                    let pool = open(backend(&sim), at_most(4)).unwrap();
                    let work = (0..32).map(|_| async {
                        for id in 1..10 {
                            let mut lease = pool.acquire().await.unwrap();
                            assert!(is_blog(&send(&mut *lease, blog(&sim, id)).await.unwrap(), id));
                        }
                    });
                    futures::future::join_all(work).await;
                    let counters = sim.counters();
                    assert!(counters.open_max <= 4, "{} sockets at once", counters.open_max);
                    assert_eq!(counters.executed_count("GET", "/rest/v1/blogs"), 32 * 9);
                });
            }

            #[test]
            fn the_end_of_an_idle_socket_is_noticed_without_a_request() {
                let sim = simulator();
                run(async {
                    let pool = open(backend(&sim), at_most(3)).unwrap();
                    within(pool.warm_up(3, LONG)).await.unwrap();
                    until(&sim, |counters| counters.open == 3).await;
                    sim.kill_connections();
                    until_pool(&pool, none_open).await;
                    // Over HTTP/2 it may be noticed that no request can go before it is that nothing else can.
                    let noticed = closed(&pool, CloseReason::Lost) + closed(&pool, CloseReason::Retired);
                    assert_eq!((noticed, sim.counters().requests), (3, 0));
                });
            }

            #[test]
            fn a_write_is_sent_again_after_an_idle_close_and_never_executed_twice() {
                let sim = simulator();
                run(async {
                    let pool = open(backend(&sim), stubborn(2)).unwrap();
                    let mut write = get(&sim, "/rest/v1/rpc/ping");
                    write.method = http::Method::POST;
                    for round in 0..20 {
                        let work = async |conn: &mut _| Ok(send(conn, write.clone()).await?);
                        let answer = pool.execute(Safety::Unsafe, work).await;
                        assert_eq!(answer.unwrap().status, 200, "round {round}");
                        sim.kill_connections();
                        // Until then a request may be on its way when the end is read, and nobody knows how far it came.
                        until_pool(&pool, none_open).await;
                    }
                    assert_eq!(sim.counters().executed_count("POST", "/rest/v1/rpc/ping"), 20);
                });
            }

            /// hyper can forget a request that it takes in at that moment.
            #[test]
            fn a_request_in_the_moment_of_the_end_is_answered_or_fails_at_once() {
                let sim = simulator();
                run(async {
                    let pool =
                        open(backend(&sim), Config { when_down: WhenDown::Wait, ..at_most(1) }).unwrap();
                    for _ in 0..100 {
                        let mut lease = pool.acquire().await.unwrap();
                        let answer = send(&mut *lease, blog(&sim, 1)).await;
                        lease.release(outcome(&answer));
                        match answer {
                            Ok(answer) => assert!(is_blog(&answer, 1)),
                            Err(error) => assert!(error.is_stale_connection(), "{error:?}"),
                        }
                        sim.kill_connections();
                    }
                });
            }

            #[test]
            fn a_request_on_a_connection_that_died_is_known_not_to_have_been_sent() {
                let sim = simulator();
                run(async {
                    let pool = open(backend(&sim), at_most(1)).unwrap();
                    let mut lease = pool.acquire().await.unwrap();
                    assert!(is_blog(&send(&mut *lease, blog(&sim, 1)).await.unwrap(), 1));
                    sim.kill_connections();
                    // The lease is out, so that nobody but the connection itself can know.
                    until_pool(&pool, |pool| pool.connections()[0].info.mark.is_some()).await;
                    let error = send(&mut *lease, blog(&sim, 2)).await.unwrap_err();
                    assert_eq!((error.phase(), error.sent()), (Phase::NotSent, Sent::No), "{error:?}");
                    assert!(error.is_stale_connection(), "{error:?}");
                    assert_eq!(sim.counters().requests, 1);
                });
            }

            #[test]
            fn a_server_that_restarts_is_used_again() {
                let sim = simulator();
                run(async {
                    // While it is down, those who ask wait instead of being told so.
                    let pool =
                        open(backend(&sim), Config { when_down: WhenDown::Wait, ..stubborn(2) }).unwrap();
                    let fetch = async |id| {
                        let work = async |conn: &mut _| Ok(send(conn, blog(&sim, id)).await?);
                        pool.execute(Safety::Safe, work).await
                    };
                    assert!(is_blog(&fetch(1).await.unwrap(), 1));
                    sim.crash().unwrap();
                    let waiting = async { assert!(is_blog(&fetch(2).await.unwrap(), 2)) };
                    let restart = async {
                        until_pool(&pool, |pool| pool.stats().connect_failures > 0).await;
                        sim.listen().unwrap();
                    };
                    within(futures::future::join(waiting, restart)).await;
                });
            }

            #[test]
            fn nobody_listening_is_said_to_be_a_refusal() {
                let sim = simulator();
                sim.refuse().unwrap();
                run(async {
                    let pool = open(backend(&sim), at_most(1)).unwrap();
                    assert_eq!(connect_failure(&pool).await, (Phase::Connect, Kind::Refused));
                    let said = pool.acquire().await.unwrap_err().to_string();
                    assert!(said.contains(&sim.address().to_string()), "{said}");
                });
            }

            #[test]
            fn a_host_that_does_not_exist_is_said_to_be_unknown() {
                let backend = SurfBackend::new(TransportConfig::new(base("http://nobody.invalid"))).unwrap();
                let failure = run(async { connect_failure(&open(backend, at_most(1)).unwrap()).await });
                assert_eq!(failure, (Phase::Resolve, Kind::Dns));
            }

            #[test]
            fn leases_and_pool_may_be_dropped_outside_of_any_runtime() {
                let sim = simulator();
                let (pool, one, other) = run(async {
                    let pool = open(backend(&sim), at_most(2)).unwrap();
                    let (one, other) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
                    (pool, one, other)
                });
                drop(one);
                drop(other.detach());
                assert!(sim.wait_until(|counters| counters.opened == 2 && counters.open == 1, LONG));
                drop(pool);
                assert!(sim.wait_until(|counters| counters.open == 0, LONG));
            }

            #[test]
            fn a_storm_of_cancelled_callers_leaves_a_pool_that_works() {
                let sim = simulator();
                run(async {
                    let config = Config { waiters_max: Some(64), ..at_most(4) };
                    let pool = open(backend(&sim), config).unwrap();
                    sim.inject(Fault::latency(SHORT));
                    let storm = (0..64).map(|_| async {
                        let work = async {
                            // Some are cancelled in the queue, some with a connection, and some with a request under way.
                            let mut lease = pool.acquire().await.unwrap();
                            lease.drop_as(Outcome::ABANDONED);
                            let _ = send(&mut *lease, blog(&sim, 1)).await;
                        };
                        let cancel = async {
                            smol::Timer::after(SHORT / 4).await;
                        };
                        work.or(cancel).await;
                    });
                    futures::future::join_all(storm).await;
                    sim.heal();
                    let mut lease = pool.acquire().await.unwrap();
                    assert!(is_blog(&send(&mut *lease, blog(&sim, 2)).await.unwrap(), 2));
                    // The server may learn of an end after it has learned of the next beginning, so only in the end.
                    lease.release(Outcome::Success);
                    until(&sim, |counters| counters.open <= 4).await;
                    pool.shutdown(LONG).await;
                    until(&sim, |counters| counters.open == 0).await;
                });
            }
        }
    };
}

crate::executors::on_each!(life);
