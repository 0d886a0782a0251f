//! TLS: whom to trust, what to speak, and sessions that are shared by all connections of a backend.

use pool_smol::pool_core::Config;
use pool_smol::pool_http::{Phase, TransportErrorKind as Kind};
use pool_smol::{Protocol, Roots, Session, SetupError, SurfBackend, TransportConfig, http};
use supabase_sim::{AcceptFault, Protocols, Rule, Simulator};

use crate::support::*;

#[test]
fn both_versions_of_http_are_spoken_over_tls() {
    for offered in [Protocols::Both, Protocols::Http1, Protocols::Http2] {
        let sim = start(Simulator::builder().tls().protocols(offered));
        smol::block_on(async {
            let pool = SurfBackend::new(towards(&sim)).unwrap().open(at_most(1)).unwrap();
            for id in 1..4 {
                let mut lease = pool.acquire().await.unwrap();
                assert!(is_blog(&send(&mut *lease, blog(&sim, id)).await.unwrap(), id), "{offered:?}");
                let get = lease.client().get(blog_path(id)).header("apikey", sim.anon_key());
                assert_eq!(get.recv_string().await.unwrap(), format!(r#"[{{"id":{id}}}]"#));
            }
            assert_eq!(sim.counters().opened, 1, "{offered:?}");
            pool.shutdown(LONG).await;
            until(&sim, |counters| counters.open == 0).await;
        });
    }
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused() {
    let (sim, stranger) = (start(Simulator::builder().tls()), start(Simulator::builder().tls()));
    let root = stranger.root_certificate().unwrap().der().to_vec();
    let config = towards(&sim).roots(Roots::Only(vec![root.into()]));
    let pool = SurfBackend::new(config).unwrap().open(at_most(1)).unwrap();
    assert_eq!(smol::block_on(connect_failure(&pool)), (Phase::Tls, Kind::Tls));
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let sim = start(Simulator::builder().tls());
    let address = sim.address();
    let resolver = pool_smol::Resolver::new(move |_, _| Ok(vec![address]));
    let root = sim.root_certificate().unwrap().der().to_vec();
    let elsewhere = TransportConfig::new(base("https://db.example")).resolver(resolver);
    let pool =
        SurfBackend::new(elsewhere.roots(Roots::Only(vec![root.into()]))).unwrap().open(at_most(1)).unwrap();
    assert_eq!(smol::block_on(connect_failure(&pool)), (Phase::Tls, Kind::Tls));
}

#[test]
fn a_server_without_tls_is_not_taken_for_one_with_it() {
    let plain = Raw::start(|_, mut peer| {
        peer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        peer.drain();
    });
    let other = start(Simulator::builder().tls());
    let root = other.root_certificate().unwrap().der().to_vec();
    let url = format!("https://localhost:{}", plain.address.port());
    let config = TransportConfig::new(base(&url)).roots(Roots::Only(vec![root.into()]));
    let pool = SurfBackend::new(config).unwrap().open(at_most(1)).unwrap();
    assert_eq!(smol::block_on(connect_failure(&pool)), (Phase::Tls, Kind::Tls));
}

#[test]
fn a_handshake_without_an_answer_is_given_up_in_time_and_leaves_no_socket() {
    let sim = start(Simulator::builder().tls());
    sim.inject_at_accept(Rule::new(AcceptFault::Hang).times(1));
    smol::block_on(async {
        let config = Config { connection_timeout: SHORT, acquire_timeout: LONG, ..at_most(1) };
        let pool = SurfBackend::new(towards(&sim)).unwrap().open(config).unwrap();
        let error = pool.acquire().await.unwrap_err();
        assert!(error.connect_error().is_some(), "{error}");
        until(&sim, |counters| counters.opened == 1 && counters.open == 0).await;
    });
}

#[test]
fn sessions_resume_from_one_connection_to_the_next() {
    let sim = start(Simulator::builder().tls());
    smol::block_on(async {
        let pool = SurfBackend::new(towards(&sim)).unwrap().open(at_most(3)).unwrap();
        let mut first = pool.acquire().await.unwrap();
        assert_eq!(first.info().tls, Some(Session::New));
        // The ticket comes with the first answer, at the latest.
        assert!(is_blog(&send(&mut *first, blog(&sim, 1)).await.unwrap(), 1));
        let second = pool.acquire().await.unwrap();
        assert_eq!(second.info().tls, Some(Session::Resumed));
    });
}

#[test]
fn the_protocol_is_the_peers_choice_unless_it_is_given() {
    let sim = start(Simulator::builder().tls());
    for (protocol, expected) in [
        (Protocol::Negotiated, http::Version::HTTP_2),
        (Protocol::Http1, http::Version::HTTP_11),
        (Protocol::Http2, http::Version::HTTP_2),
    ] {
        let pool = SurfBackend::new(towards(&sim).protocol(protocol)).unwrap().open(at_most(1)).unwrap();
        assert_eq!(smol::block_on(pool.acquire()).unwrap().info().version, expected);
    }
}

#[test]
fn what_cannot_be_set_up_is_said_at_once() {
    let setup = |url| SurfBackend::new(TransportConfig::new(base(url))).unwrap_err();
    assert!(matches!(setup("ftp://a.example"), SetupError::Scheme(scheme) if scheme == "ftp"));
    let nobody = TransportConfig::new(base("https://a.example")).roots(Roots::Only(vec![vec![0; 3].into()]));
    assert!(matches!(SurfBackend::new(nobody).unwrap_err(), SetupError::Tls(_)));
}
