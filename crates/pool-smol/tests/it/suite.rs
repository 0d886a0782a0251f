//! What the transport promises on every executor and over every protocol, as one suite that runs on each.

use std::sync::{Arc, OnceLock};

use pool_smol::pool_core::{Config, ConfigError};
use pool_smol::{Spawner, SurfBackend, SurfPool};
use smol::Executor;

/// A pool whose tasks run on smol's global executor.
fn global(backend: SurfBackend, config: Config) -> Result<SurfPool, ConfigError> {
    backend.open(config)
}

/// A pool whose tasks run on an executor of the test's own.
fn elsewhere(backend: SurfBackend, config: Config) -> Result<SurfPool, ConfigError> {
    static EXECUTOR: OnceLock<Arc<Executor<'static>>> = OnceLock::new();
    let executor = EXECUTOR.get_or_init(|| {
        let executor = Arc::new(Executor::new());
        let running = Arc::clone(&executor);
        std::thread::spawn(move || smol::block_on(running.run(smol::future::pending::<()>())));
        executor
    });
    backend.on(Spawner::on(Arc::clone(executor))).open(config)
}

/// The suite for one protocol, one way to run a test's future, and one way to open a pool.
macro_rules! suite {
    ($module:ident, $protocol:ident, $run:path, $open:path) => {
        mod $module {
            use pool_smol::pool_core::{CloseReason, Config, Outcome, Safety, WhenDown};
            use pool_smol::pool_http::{HttpConnection, Limits, Phase, Sent, TransportErrorKind as Kind};
            use pool_smol::{Error, Protocol, SurfBackend, TransportConfig, http};
            use smol::future::FutureExt;
            use supabase_sim::{CannedAnswer, Ending, Fault, Framing, Protocols, Simulator, Stage};

            use $open as open;
            use $run as run;

            use crate::support::*;

            const HTTP1: bool = matches!(Protocol::$protocol, Protocol::Http1);

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
            fn after_a_timeout_nobody_sees_the_late_answer() {
                let sim = simulator();
                run(async {
                    let pool = open(backend(&sim), at_most(1)).unwrap();
                    proven(&pool).await;
                    sim.inject(Fault::latency(SHORT * 3).times(1));
                    let mut lease = pool.acquire().await.unwrap();
                    let late = send_shortly(&mut *lease, blog(&sim, 1)).await;
                    assert_eq!(failure(late), (Phase::Sent, Kind::TimedOut));
                    // Whatever the caller says of it: here, nothing.
                    drop(lease);
                    let mut lease = pool.acquire().await.unwrap();
                    assert!(is_blog(&send(&mut *lease, blog(&sim, 2)).await.unwrap(), 2));
                    until(&sim, |counters| counters.opened == 2 && counters.open == 1).await;
                });
            }

            #[test]
            fn after_a_dropped_request_nobody_sees_its_answer() {
                let sim = simulator();
                run(async {
                    let pool = open(backend(&sim), at_most(1)).unwrap();
                    proven(&pool).await;
                    sim.inject(Fault::latency(SHORT).times(1));
                    let mut lease = pool.acquire().await.unwrap();
                    let answered = async {
                        let answer = send(&mut *lease, blog(&sim, 1)).await;
                        panic!("answered too early: {answer:?}")
                    };
                    until(&sim, |counters| counters.requests == 1).or(answered).await;
                    drop(lease);
                    let mut lease = pool.acquire().await.unwrap();
                    assert!(is_blog(&send(&mut *lease, blog(&sim, 2)).await.unwrap(), 2));
                    until(&sim, |counters| counters.opened == 2 && counters.open == 1).await;
                });
            }

            #[test]
            fn a_body_of_surf_that_was_not_read_spoils_its_connection_and_no_answer() {
                let sim = simulator();
                run(async {
                    let pool = open(backend(&sim), at_most(1)).unwrap();
                    proven(&pool).await;
                    let lease = pool.acquire().await.unwrap();
                    let answer = lease.client().get("/rest/v1/blogs").header("apikey", sim.anon_key()).await;
                    drop(answer.unwrap());
                    lease.release(Outcome::Success);
                    let mut lease = pool.acquire().await.unwrap();
                    assert!(is_blog(&send(&mut *lease, blog(&sim, 2)).await.unwrap(), 2));
                    until(&sim, |counters| counters.opened == 2 && counters.open == 1).await;
                });
            }

            #[test]
            fn after_an_answer_too_large_the_connection_is_not_reused() {
                let sim = simulator();
                run(async {
                    let pool = open(backend(&sim), at_most(1)).unwrap();
                    proven(&pool).await;
                    let mut lease = pool.acquire().await.unwrap();
                    let limits = Limits { response_bytes: 10, ..Limits::within(LONG) };
                    let answer = lease.send(get(&sim, "/rest/v1/blogs"), limits).await;
                    assert_eq!(failure(answer), (Phase::Body, Kind::TooLarge));
                    drop(lease);
                    let mut lease = pool.acquire().await.unwrap();
                    assert!(is_blog(&send(&mut *lease, blog(&sim, 2)).await.unwrap(), 2));
                    assert_eq!(sim.counters().opened, 2);
                });
            }

            #[test]
            fn every_status_arrives_as_it_was_sent() {
                let sim = simulator();
                run(async {
                    let pool = open(backend(&sim), at_most(1)).unwrap();
                    let mut lease = pool.acquire().await.unwrap();
                    for status in (520..600).chain([299, 418, 499, 600, 999]) {
                        let rule = sim.inject(Fault::answer(CannedAnswer::new(status, "text/plain", "why")));
                        let answer = send(&mut *lease, blog(&sim, 1)).await.unwrap();
                        assert_eq!((answer.status.as_u16(), &*answer.body), (status, &b"why"[..]));
                        let mut answer = lease.client().get(blog_path(1)).await.unwrap();
                        assert_eq!(answer.ext::<http::StatusCode>().unwrap().as_u16(), status);
                        assert_eq!(u16::from(answer.status()) / 100, (status / 100).min(5), "{status}");
                        assert_eq!(answer.body_string().await.unwrap(), "why");
                        sim.remove(rule);
                    }
                    assert_eq!(sim.counters().opened, 1);
                });
            }

            /// Each row: what the server does, in which phase it is noticed, and what it may be called. Over HTTP/2 a cut connection is
            /// a broken pipe of each of its streams.
            #[test]
            fn a_server_that_breaks_off_is_classified_by_how_far_it_got() {
                let sim = simulator();
                let ended = |ending| Fault::Drop { ending, stage: Stage::AfterExecution };
                let cut = |framing, ending| Fault::CutBody { framing, ending };
                let (close, reset) = (Ending::Close, Ending::Reset);
                let half: &[Kind] = &[Kind::Reset, Kind::Truncated];
                let table: &[(Fault, Phase, &[Kind])] = &[
                    (
                        ended(close),
                        Phase::Sent,
                        if HTTP1 { &[Kind::Closed] } else { &[Kind::Closed, Kind::Reset] },
                    ),
                    (
                        ended(reset),
                        Phase::Sent,
                        if HTTP1 { &[Kind::Reset] } else { &[Kind::Closed, Kind::Reset] },
                    ),
                    (Fault::DropAfterHead(close), Phase::Body, if HTTP1 { &[Kind::Truncated] } else { half }),
                    (Fault::DropAfterHead(reset), Phase::Body, half),
                    (cut(Framing::Length, close), Phase::Body, if HTTP1 { &[Kind::Truncated] } else { half }),
                    (
                        cut(Framing::Chunked, close),
                        Phase::Body,
                        if HTTP1 { &[Kind::Truncated] } else { half },
                    ),
                    (cut(Framing::Length, reset), Phase::Body, half),
                    (Fault::black_hole(), Phase::Sent, &[Kind::TimedOut]),
                    (Fault::StallBody, Phase::Body, &[Kind::TimedOut]),
                ];
                run(async {
                    let pool = open(backend(&sim), at_most(1)).unwrap();
                    for (n, (fault, phase, kinds)) in table.iter().enumerate() {
                        let mut lease = pool.acquire().await.unwrap();
                        sim.inject(fault.clone().times(1));
                        let timed = kinds == &[Kind::TimedOut];
                        let limit = if timed { SHORT } else { LONG };
                        let answer = lease.send(blog(&sim, 1), Limits::within(limit)).await;
                        lease.release(outcome(&answer));
                        let (got, kind) = failure(answer);
                        assert!(got == *phase && kinds.contains(&kind), "{fault:?}: {got:?} {kind:?}");
                        // The connection is gone, the next one works.
                        let mut lease = pool.acquire().await.unwrap();
                        assert!(is_blog(&send(&mut *lease, blog(&sim, 2)).await.unwrap(), 2));
                        until(&sim, |counters| counters.opened == n as u64 + 2 && counters.open == 1).await;
                    }
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
                    assert_eq!((closed(&pool, CloseReason::Lost), sim.counters().requests), (3, 0));
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
                        // Over HTTP/1.1 the socket is read before it is written to, so that even the first request after the
                        // end is known not to have been sent. Over HTTP/2 it may be on its way when the end is read.
                        if !HTTP1 {
                            until_pool(&pool, none_open).await;
                        }
                    }
                    assert_eq!(sim.counters().executed_count("POST", "/rest/v1/rpc/ping"), 20);
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
                let failure = run(async { connect_failure(&open(backend(&sim), at_most(1)).unwrap()).await });
                assert_eq!(failure, (Phase::Connect, Kind::Refused));
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

            #[test]
            fn an_error_becomes_a_fault_with_its_class_and_whether_it_was_sent() {
                let sim = simulator();
                run(async {
                    let pool = open(backend(&sim), at_most(1)).unwrap();
                    let mut lease = pool.acquire().await.unwrap();
                    sim.inject(Fault::reset().times(1));
                    let error = Error::from(send(&mut *lease, blog(&sim, 1)).await.unwrap_err());
                    let fault = error.fault();
                    assert_eq!((fault.outcome(), fault.sent), (Outcome::BROKEN, Sent::Maybe));
                });
            }
        }
    };
}

suite!(smol_http1, Http1, smol::block_on, super::global);
suite!(smol_http2, Http2, smol::block_on, super::global);
suite!(own_executor_http1, Http1, smol::block_on, super::elsewhere);
suite!(own_executor_http2, Http2, smol::block_on, super::elsewhere);
#[cfg(feature = "async-std")]
suite!(async_std_http1, Http1, async_std::task::block_on, pool_smol::async_std::open);
#[cfg(feature = "async-std")]
suite!(async_std_http2, Http2, async_std::task::block_on, pool_smol::async_std::open);
