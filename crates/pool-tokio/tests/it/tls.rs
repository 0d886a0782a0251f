//! TLS: whom to trust, what to speak, and sessions that are shared by all connections of a backend.

use pool_tokio::pool_async::pool_core::Config;
use pool_tokio::pool_http::{Phase, TransportErrorKind as Kind};
use pool_tokio::{PinnedBackend, Roots, SetupError, TransportConfig};
use supabase_sim::{AcceptFault, Protocols, Rule, Simulator};

use crate::support::*;

macro_rules! tls {
    ($module:ident, $backend:ty) => {
        mod $module {
            use super::*;

            type Backend = $backend;

            #[tokio::test]
            async fn both_versions_of_http_are_spoken_over_tls() {
                for offered in [Protocols::Both, Protocols::Http1, Protocols::Http2] {
                    let sim = start(Simulator::builder().tls().protocols(offered));
                    let pool = Backend::new(towards(&sim)).unwrap().open(at_most(1)).unwrap();
                    for id in 1..4 {
                        let mut lease = pool.acquire().await.unwrap();
                        assert!(
                            is_blog(&send(&mut *lease, blog(&sim, id)).await.unwrap(), id),
                            "{offered:?}"
                        );
                    }
                    assert_eq!(sim.counters().opened, 1, "{offered:?}");
                }
            }

            #[tokio::test]
            async fn a_certificate_of_an_unknown_authority_is_refused() {
                let sim = start(Simulator::builder().tls());
                let stranger = start(Simulator::builder().tls());
                let root = stranger.root_certificate().unwrap().der().to_vec();
                let config = towards(&sim).roots(Roots::Only(vec![root.into()]));
                let pool = Backend::new(config).unwrap().open(at_most(1)).unwrap();
                assert_eq!(connect_failure(&pool).await, (Phase::Tls, Kind::Tls));
            }

            #[tokio::test]
            async fn a_server_without_tls_is_not_taken_for_one_with_it() {
                let (plain, other) = (start(Simulator::builder()), start(Simulator::builder().tls()));
                let url = format!("https://localhost:{}", plain.address().port());
                let root = other.root_certificate().unwrap().der().to_vec();
                let config = TransportConfig::new(base(&url)).roots(Roots::Only(vec![root.into()]));
                let pool = Backend::new(config).unwrap().open(at_most(1)).unwrap();
                let (phase, kind) = connect_failure(&pool).await;
                // It may close before or after it has said something that is not TLS.
                assert!(
                    phase <= Phase::Tls && matches!(kind, Kind::Tls | Kind::Closed | Kind::Reset),
                    "{phase:?} {kind:?}"
                );
            }

            #[tokio::test]
            async fn a_handshake_without_an_answer_is_given_up_in_time_and_leaves_no_socket() {
                let sim = start(Simulator::builder().tls());
                sim.inject_at_accept(Rule::new(AcceptFault::Hang).times(1));
                let config = Config { connection_timeout: SHORT, acquire_timeout: LONG, ..at_most(1) };
                let pool = Backend::new(towards(&sim)).unwrap().open(config).unwrap();
                let error = pool.acquire().await.unwrap_err();
                assert!(error.connect_error().is_some(), "{error}");
                until(&sim, |counters| counters.opened == 1 && counters.open == 0).await;
            }
        }
    };
}

#[cfg(feature = "direct")]
tls!(direct, pool_tokio::DirectBackend);
tls!(pinned, PinnedBackend);

#[cfg(feature = "direct")]
#[tokio::test]
async fn sessions_resume_from_one_connection_to_the_next() {
    use pool_tokio::direct::Session;
    let sim = start(Simulator::builder().tls());
    let pool = pool_tokio::DirectBackend::new(towards(&sim)).unwrap().open(at_most(3)).unwrap();
    let mut first = pool.acquire().await.unwrap();
    assert_eq!(first.info().tls, Some(Session::New));
    // The ticket comes with the first answer, at the latest.
    assert!(is_blog(&send(&mut *first, blog(&sim, 1)).await.unwrap(), 1));
    let second = pool.acquire().await.unwrap();
    assert_eq!(second.info().tls, Some(Session::Resumed));
}

#[cfg(feature = "direct")]
#[tokio::test]
async fn the_protocol_is_the_peers_choice_unless_it_is_given() {
    use pool_tokio::Protocol;
    let sim = start(Simulator::builder().tls());
    for (protocol, expected) in [
        (Protocol::Negotiated, http::Version::HTTP_2),
        (Protocol::Http1, http::Version::HTTP_11),
        (Protocol::Http2, http::Version::HTTP_2),
    ] {
        let config = towards(&sim).protocol(protocol);
        let pool = pool_tokio::DirectBackend::new(config).unwrap().open(at_most(1)).unwrap();
        assert_eq!(pool.acquire().await.unwrap().info().version, expected);
    }
}

#[test]
fn what_cannot_be_set_up_is_said_at_once() {
    let setup = |url| PinnedBackend::new(TransportConfig::new(base(url))).unwrap_err();
    assert!(matches!(setup("ftp://a.example"), SetupError::Scheme(scheme) if scheme == "ftp"));
    let nobody = TransportConfig::new(base("https://a.example")).roots(Roots::Only(vec![vec![0; 3].into()]));
    assert!(matches!(PinnedBackend::new(nobody).unwrap_err(), SetupError::Tls(_)));
}
