//! What is promised about requests and answers, on every executor and over every protocol.

/// The suite for one protocol, one way to run a test's future, and one way to open a pool.
macro_rules! answers {
    ($module:ident, $protocol:ident, $run:path, $open:path) => {
        mod $module {
            use pool_smol::pool_core::Outcome;
            use pool_smol::pool_http::{HttpConnection, Limits, Phase, Sent, TransportErrorKind as Kind};
            use pool_smol::{HttpError, Protocol, SurfBackend, http};
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
                        let limit = if timed { HALT } else { LONG };
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
            fn an_error_becomes_a_fault_with_its_class_and_whether_it_was_sent() {
                let sim = simulator();
                run(async {
                    let pool = open(backend(&sim), at_most(1)).unwrap();
                    let mut lease = pool.acquire().await.unwrap();
                    sim.inject(Fault::reset().times(1));
                    let error = HttpError::from(send(&mut *lease, blog(&sim, 1)).await.unwrap_err());
                    let fault = error.fault();
                    assert_eq!((fault.outcome(), fault.sent), (Outcome::BROKEN, Sent::Maybe));
                });
            }
        }
    };
}

crate::executors::on_each!(answers);
