//! What both transports promise, as one suite that runs against each.

/// The suite for one backend. `closing` is how many sockets per connection may be about to close beside the one in use: none
/// where the end of a close is seen.
macro_rules! suite {
    ($module:ident, $backend:ty, closing: $closing:literal) => {
        mod $module {
            use std::time::Duration;

            use pool_tokio::pool_core::{Config, Outcome, Safety};
            use pool_tokio::pool_http::{HttpConnection, Limits, Phase, Sent, TransportErrorKind as Kind};
            use pool_tokio::{HttpError, TransportConfig};
            use supabase_sim::{CannedAnswer, Ending, Fault, Framing, Simulator};

            use crate::support::*;

            type Backend = $backend;
            type Pool = pool_tokio::pool_async::Pool<Backend, pool_tokio::TokioClock>;

            fn pool(sim: &Simulator, config: Config) -> Pool {
                Backend::new(towards(sim)).unwrap().open(config).unwrap()
            }

            #[tokio::test]
            async fn a_connection_is_open_only_when_its_socket_is() {
                let sim = start(Simulator::builder());
                let pool = pool(&sim, at_most(4));
                assert_eq!(sim.counters().opened, 0, "nothing is opened unasked");
                let mut lease = pool.acquire().await.unwrap();
                until(&sim, |counters| counters.open == 1).await;
                assert!(is_blog(&send(&mut *lease, blog(&sim, 1)).await.unwrap(), 1));
                lease.release(Outcome::Success);
                pool.shutdown(LONG).await;
                until(&sim, |counters| counters.open == 0).await;
                assert_eq!(sim.counters().opened, 1);
            }

            #[tokio::test]
            async fn one_socket_serves_request_after_request() {
                let sim = start(Simulator::builder());
                let pool = pool(&sim, at_most(1));
                for n in 0..500 {
                    let mut lease = pool.acquire().await.unwrap();
                    assert!(is_blog(&send(&mut *lease, blog(&sim, 1 + n % 10)).await.unwrap(), 1 + n % 10));
                }
                assert_eq!(sim.counters().opened, 1);
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn there_are_never_more_sockets_than_allowed() {
                let sim = start(Simulator::builder());
                let pool = pool(&sim, at_most(4));
                let work = (0..32).map(|_| async {
                    for id in 1..10 {
                        let mut lease = pool.acquire().await.unwrap();
                        assert!(is_blog(&send(&mut *lease, blog(&sim, id)).await.unwrap(), id));
                    }
                });
                futures::future::join_all(work).await;
                let counters = sim.counters();
                let most = 4 * (1 + $closing);
                assert!(counters.open_max <= most, "{} sockets at once, allowed {most}", counters.open_max);
                assert_eq!(counters.executed_count("GET", "/rest/v1/blogs"), 32 * 9);
            }

            #[tokio::test]
            async fn a_broken_lease_closes_its_socket() {
                let sim = start(Simulator::builder());
                let pool = pool(&sim, at_most(1));
                pool.acquire().await.unwrap().release(Outcome::BROKEN);
                let mut lease = pool.acquire().await.unwrap();
                assert!(is_blog(&send(&mut *lease, blog(&sim, 2)).await.unwrap(), 2));
                until(&sim, |counters| counters.opened == 2 && counters.open == 1).await;
            }

            #[tokio::test]
            async fn after_a_timeout_nobody_sees_the_late_answer() {
                let sim = start(Simulator::builder());
                let pool = pool(&sim, at_most(1));
                drop(pool.acquire().await.unwrap());
                sim.inject(Fault::latency(SHORT * 3).times(1));
                let mut lease = pool.acquire().await.unwrap();
                assert_eq!(
                    failure(send_shortly(&mut *lease, blog(&sim, 1)).await),
                    (Phase::Sent, Kind::TimedOut)
                );
                // Whatever the caller says of it: here, nothing.
                drop(lease);
                let mut lease = pool.acquire().await.unwrap();
                assert!(is_blog(&send(&mut *lease, blog(&sim, 2)).await.unwrap(), 2));
                assert_eq!(sim.counters().opened, 2);
            }

            #[tokio::test]
            async fn after_a_cancelled_request_nobody_sees_its_answer() {
                let sim = start(Simulator::builder());
                let pool = pool(&sim, at_most(1));
                drop(pool.acquire().await.unwrap());
                let slow = sim.inject(Fault::latency(SHORT).times(1));
                let mut lease = pool.acquire().await.unwrap();
                let on_its_way = async {
                    while sim.hits(slow) == 0 {
                        tokio::task::yield_now().await;
                    }
                };
                tokio::select! {
                    biased;
                    () = on_its_way => {}
                    answer = send(&mut *lease, blog(&sim, 1)) => panic!("answered too early: {answer:?}"),
                }
                drop(lease);
                let mut lease = pool.acquire().await.unwrap();
                assert!(is_blog(&send(&mut *lease, blog(&sim, 2)).await.unwrap(), 2));
                assert_eq!(sim.counters().opened, 2);
            }

            #[tokio::test]
            async fn after_an_answer_too_large_the_connection_is_not_reused() {
                let sim = start(Simulator::builder());
                let pool = pool(&sim, at_most(1));
                let mut lease = pool.acquire().await.unwrap();
                let limits = Limits { response_bytes: 10, ..Limits::within(LONG) };
                let answer = lease.send(get(&sim, "/rest/v1/blogs"), limits).await;
                assert_eq!(failure(answer), (Phase::Body, Kind::TooLarge));
                drop(lease);
                let mut lease = pool.acquire().await.unwrap();
                assert!(is_blog(&send(&mut *lease, blog(&sim, 2)).await.unwrap(), 2));
                assert_eq!(sim.counters().opened, 2);
            }

            /// Each row: what the server does, in which phase it is noticed, and what it may be called.
            #[tokio::test]
            async fn a_server_that_breaks_off_is_classified_by_how_far_it_got() {
                let sim = start(Simulator::builder().protocols(supabase_sim::Protocols::Http1));
                let pool = pool(&sim, at_most(1));
                let cut = |framing, ending| Fault::CutBody { framing, ending };
                let drop = |ending| Fault::Drop { ending, stage: supabase_sim::Stage::AfterExecution };
                let table: &[(Fault, Phase, &[Kind])] = &[
                    (drop(Ending::Close), Phase::Sent, &[Kind::Closed]),
                    (drop(Ending::Reset), Phase::Sent, &[Kind::Reset]),
                    (Fault::DropAfterHead(Ending::Close), Phase::Body, &[Kind::Truncated]),
                    (Fault::DropAfterHead(Ending::Reset), Phase::Body, &[Kind::Reset, Kind::Truncated]),
                    (cut(Framing::Length, Ending::Close), Phase::Body, &[Kind::Truncated]),
                    (cut(Framing::Chunked, Ending::Close), Phase::Body, &[Kind::Truncated]),
                    (cut(Framing::Length, Ending::Reset), Phase::Body, &[Kind::Reset, Kind::Truncated]),
                    (Fault::black_hole(), Phase::Sent, &[Kind::TimedOut]),
                    (Fault::StallBody, Phase::Body, &[Kind::TimedOut]),
                ];
                for (n, (fault, phase, kinds)) in table.iter().enumerate() {
                    let mut lease = pool.acquire().await.unwrap();
                    sim.inject(fault.clone().times(1));
                    let limit = if kinds == &[Kind::TimedOut] { HALT } else { LONG };
                    let answer = lease.send(blog(&sim, 1), Limits::within(limit)).await;
                    lease.release(outcome(&answer));
                    let (got, kind) = failure(answer);
                    assert!(got == *phase && kinds.contains(&kind), "{fault:?}: {got:?} {kind:?}");
                    // The connection is gone, the next one works.
                    let mut lease = pool.acquire().await.unwrap();
                    assert!(is_blog(&send(&mut *lease, blog(&sim, 2)).await.unwrap(), 2));
                    assert_eq!(sim.counters().opened, n as u64 + 2, "{fault:?}");
                }
            }

            #[tokio::test]
            async fn an_idle_close_by_the_server_loses_no_request() {
                let sim = start(Simulator::builder());
                let pool = pool(&sim, stubborn(2));
                for round in 0..5 {
                    let work = async |conn: &mut _| Ok(send(conn, blog(&sim, 3)).await?);
                    let answer = pool.execute(Safety::Safe, work).await.unwrap();
                    assert!(is_blog(&answer, 3), "round {round}");
                    sim.kill_connections();
                }
            }

            #[tokio::test]
            async fn a_server_that_restarts_is_used_again() {
                let sim = start(Simulator::builder());
                let pool = pool(&sim, stubborn(2));
                let fetch = async |id| {
                    let work = async |conn: &mut _| Ok(send(conn, blog(&sim, id)).await?);
                    pool.execute(Safety::Safe, work).await
                };
                assert!(is_blog(&fetch(1).await.unwrap(), 1));
                sim.crash().unwrap();
                assert!(fetch(2).await.is_err());
                sim.listen().unwrap();
                let healed = async {
                    loop {
                        if let Ok(answer) = fetch(3).await {
                            return answer;
                        }
                        // It fails at once while the endpoint backs off; the backoff's end wakes the driver, not us.
                        let _ = tokio::time::timeout(Duration::from_millis(20), pool.status_changed()).await;
                    }
                };
                assert!(is_blog(&tokio::time::timeout(LONG, healed).await.unwrap(), 3));
            }

            #[tokio::test]
            async fn a_server_that_announces_the_end_is_taken_at_its_word() {
                let sim = start(Simulator::builder().protocols(supabase_sim::Protocols::Http1));
                let pool = pool(&sim, stubborn(1));
                drop(pool.acquire().await.unwrap());
                sim.inject(Fault::AnnounceClose.times(1));
                for id in 1..4 {
                    let work = async |conn: &mut _| Ok(send(conn, blog(&sim, id)).await?);
                    let answer = pool.execute(Safety::Unsafe, work).await.unwrap();
                    assert!(is_blog(&answer, id));
                }
                assert_eq!(sim.counters().opened, 2);
            }

            #[tokio::test]
            async fn answers_that_are_odd_but_legal_leave_the_connection_as_it_was() {
                let sim = start(Simulator::builder().protocols(supabase_sim::Protocols::Http1));
                let pool = pool(&sim, at_most(1));
                let mut head = blog(&sim, 1);
                head.method = http::Method::HEAD;
                drop(pool.acquire().await.unwrap());
                sim.inject(Fault::EarlyHints.times(1));
                sim.inject(Fault::answer(CannedAnswer::edge(520)).times(1));
                sim.inject(Fault::answer(CannedAnswer::project_paused()).times(1));
                let (mut statuses, empty) = (Vec::new(), head.clone());
                for request in [blog(&sim, 1), blog(&sim, 1), blog(&sim, 1), empty, blog(&sim, 1)] {
                    let mut lease = pool.acquire().await.unwrap();
                    let answer = send(&mut *lease, request).await;
                    lease.release(outcome(&answer));
                    statuses.push(answer.unwrap().status.as_u16());
                }
                assert_eq!((statuses, sim.counters().opened), (vec![200, 520, 540, 200, 200], 1));
            }

            #[tokio::test]
            async fn nobody_listening_is_said_to_be_a_refusal() {
                let sim = start(Simulator::builder());
                sim.refuse().unwrap();
                let failure = connect_failure(&pool(&sim, at_most(1))).await;
                assert_eq!(failure, (Phase::Connect, Kind::Refused));
            }

            #[tokio::test]
            async fn a_host_that_does_not_exist_is_said_to_be_unknown() {
                let config = TransportConfig::new(base("http://nobody.invalid"));
                let pool = Backend::new(config).unwrap().open(at_most(1)).unwrap();
                assert_eq!(connect_failure(&pool).await, (Phase::Resolve, Kind::Dns));
            }

            #[tokio::test]
            async fn a_probe_that_is_refused_proves_the_connection_alive() {
                let sim = start(Simulator::builder());
                let config = Config {
                    min_connections: 1,
                    health_check_interval: Duration::from_millis(1),
                    ..at_most(1)
                };
                // Without its key, the probe is answered with 401.
                let probe = pool_tokio::Probe::get("/rest/v1/rpc/ping".parse().unwrap());
                let pool = Backend::new(towards(&sim).probe(probe)).unwrap().open(config).unwrap();
                until_pool(&pool, |pool| pool.stats().probes >= 4).await;
                assert_eq!((pool.stats().probe_failures, sim.counters().opened), (0, 1));
            }

            #[tokio::test]
            async fn a_probe_that_blames_the_endpoint_counts_against_it_and_not_the_connection() {
                let sim = start(Simulator::builder());
                let config = Config {
                    min_connections: 1,
                    health_check_interval: Duration::from_millis(1),
                    ..at_most(1)
                };
                let pool = pool(&sim, config);
                until_pool(&pool, |pool| pool.status().healthy == 1).await;
                sim.inject(Fault::answer(CannedAnswer::edge(521)));
                until_pool(&pool, |pool| pool.stats().probe_failures >= 4).await;
                assert_eq!((sim.counters().opened, pool.status().unhealthy), (1, 0));
            }

            #[test]
            fn a_lease_may_be_dropped_outside_of_any_runtime() {
                let sim = start(Simulator::builder());
                let runtime = tokio::runtime::Runtime::new().unwrap();
                let pool = runtime.block_on(async { pool(&sim, at_most(2)) });
                let (one, other) = runtime
                    .block_on(async { (pool.acquire().await.unwrap(), pool.acquire().await.unwrap()) });
                drop(one);
                drop(other.detach());
                assert!(sim.wait_until(|counters| counters.opened == 2 && counters.open == 1, LONG));
                drop(pool);
                assert!(sim.wait_until(|counters| counters.open == 0, LONG));
            }

            #[tokio::test]
            async fn an_error_becomes_a_fault_with_its_class_and_whether_it_was_sent() {
                let sim = start(Simulator::builder());
                let pool = pool(&sim, at_most(1));
                let mut lease = pool.acquire().await.unwrap();
                sim.inject(Fault::reset().times(1));
                let error = HttpError::from(send(&mut *lease, blog(&sim, 1)).await.unwrap_err());
                let fault = error.fault();
                assert_eq!((fault.outcome(), fault.sent), (Outcome::BROKEN, Sent::Maybe));
            }
        }
    };
}

#[cfg(feature = "direct")]
suite!(direct, pool_tokio::DirectBackend, closing: 0);
suite!(pinned, pool_tokio::PinnedBackend, closing: 1);
