//! HTTP/2 and TLS.

use std::error::Error as _;

use bytes::Bytes;
use h2::Reason;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2::{self, SendRequest};
use hyper::{Request, StatusCode, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use supabase_sim::{Ending, Fault, Framing, Protocols, Simulator, Stage, StreamReset};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::support::{Client, End, LIMIT, start};

type Sender = SendRequest<Empty<Bytes>>;

async fn connect(sim: &Simulator) -> (Sender, JoinHandle<hyper::Result<()>>) {
    let stream = TcpStream::connect(sim.address()).await.expect("the simulator listens");
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .expect("HTTP/2 by prior knowledge");
    (sender, tokio::spawn(connection))
}

fn get(sim: &Simulator, path: &str) -> Request<Empty<Bytes>> {
    let uri = format!("{}/rest/v1/{path}", sim.url());
    Request::get(uri).header("apikey", sim.anon_key()).body(Empty::new()).expect("a valid request")
}

fn run(test: impl Future<Output = Result<(), hyper::Error>>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(test).expect("no request fails but those that are meant to");
}

#[test]
fn http2_multiplexes_up_to_the_limit() {
    let sim = Simulator::builder().settings(|settings| settings.max_streams = 3).start().expect("it starts");
    run(async {
        let (mut sender, _connection) = connect(&sim).await;
        let answer = sender.send_request(get(&sim, "rpc/ping")).await?;
        assert_eq!((answer.status(), answer.version()), (StatusCode::OK, Version::HTTP_2));
        assert_eq!(answer.into_body().collect().await?.to_bytes(), "1");
        sim.inject(Fault::black_hole().times(4));
        let hanging: Vec<_> =
            (0..4).map(|_| tokio::spawn(sender.send_request(get(&sim, "rpc/ping")))).collect();
        sim.until(|counters| counters.in_flight == 3).await;
        for request in hanging {
            request.abort();
        }
        sim.until(|counters| counters.in_flight == 0).await;
        let counters = sim.counters();
        assert_eq!((counters.opened, counters.in_flight_max), (1, 3));
        assert_eq!(counters.connections[&1].in_flight_max, 3);
        Ok(())
    });
}

#[test]
fn http2_is_cut_and_drained_too() {
    let sim = start();
    run(async {
        for fault in [
            Fault::reset(),
            Fault::DropAfterHead(Ending::Reset),
            Fault::CutBody { framing: Framing::Length, ending: Ending::Close },
        ] {
            sim.inject(fault.clone().times(1));
            let (mut sender, connection) = connect(&sim).await;
            let outcome = match sender.send_request(get(&sim, "blogs")).await {
                Ok(answer) => answer.into_body().collect().await.map(drop),
                Err(error) => Err(error),
            };
            assert!(outcome.is_err(), "{fault:?}");
            drop(connection.await);
        }
        sim.inject(Fault::AnnounceClose.times(1));
        let (mut sender, connection) = connect(&sim).await;
        let answer = sender.send_request(get(&sim, "rpc/ping")).await?;
        assert_eq!(answer.into_body().collect().await?.to_bytes(), "1");
        connection.await.expect("the task does not panic")?;
        assert!(sender.is_closed(), "a GOAWAY ended it");
        Ok(())
    });
}

#[test]
fn a_stream_may_be_reset_alone() {
    let sim = start();
    run(async {
        let (mut sender, _connection) = connect(&sim).await;
        for (reason, seen) in [
            (StreamReset::Refused, Reason::REFUSED_STREAM),
            (StreamReset::EnhanceYourCalm, Reason::ENHANCE_YOUR_CALM),
            (StreamReset::InternalError, Reason::INTERNAL_ERROR),
        ] {
            sim.inject(Fault::ResetStream { reason, stage: Stage::AfterExecution }.times(1));
            let error = sender.send_request(get(&sim, "rpc/ping")).await.expect_err("it was reset");
            let source = error.source().and_then(|source| source.downcast_ref::<h2::Error>());
            assert_eq!(source.and_then(h2::Error::reason), Some(seen));
        }
        sim.inject(Fault::refuse_stream().times(1));
        sender.send_request(get(&sim, "rpc/ping")).await.expect_err("it was refused");
        let answer = sender.send_request(get(&sim, "rpc/ping")).await?;
        assert_eq!(answer.status(), StatusCode::OK, "the connection lives on");
        let counters = sim.counters();
        assert_eq!((counters.opened, counters.executed_count("GET", "/rest/v1/rpc/ping")), (1, 4));
        Ok(())
    });
    sim.inject(Fault::refuse_stream().times(1));
    let mut client = Client::connect(&sim);
    client.send("GET", "/rest/v1/rpc/ping", &[], "");
    assert_eq!(client.read_to_end(), (String::new(), End::Reset), "HTTP/1.1 has no streams");
}

#[test]
fn a_version_can_be_switched_off() {
    let sim = Simulator::builder().protocols(Protocols::Http2).start().expect("it starts");
    let mut client = Client::connect(&sim);
    client.send_raw(b"GET / HTTP/1.1\r\nhost: sim\r\n\r\n");
    let mut frames = Vec::new();
    std::io::Read::read_to_end(&mut client.into_stream(), &mut frames).ok();
    assert!(!frames.starts_with(b"HTTP/1"), "no HTTP/1 is spoken");
    assert!(sim.wait_until(|counters| counters.open == 0, LIMIT));
    assert_eq!(sim.counters().requests, 0);
}

#[cfg(feature = "tls")]
mod tls {
    use std::io::{Read, Write};
    use std::sync::Arc;

    use rustls::pki_types::{CertificateDer, ServerName};
    use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
    use supabase_sim::{AcceptFault, Rule};

    use super::{Client, End, Fault, LIMIT, Protocols, Simulator};

    fn connect(
        sim: &Simulator,
        alpn: &[&[u8]],
        name: &str,
    ) -> StreamOwned<ClientConnection, std::net::TcpStream> {
        let root = sim.root_certificate().expect("it serves over TLS");
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(root.der().to_vec())).expect("a certificate of an authority");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has them")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        let name = ServerName::try_from(name.to_owned()).expect("a valid name");
        let connection = ClientConnection::new(Arc::new(config), name).expect("a valid configuration");
        StreamOwned::new(connection, Client::connect(sim).into_stream())
    }

    #[test]
    fn the_certificate_is_good_for_name_and_address() -> Result<(), Box<dyn std::error::Error>> {
        let sim = Simulator::builder().tls().start()?;
        assert!(sim.url().starts_with("https://localhost:"));
        assert!(
            sim.root_certificate().is_some_and(|root| root.pem().starts_with("-----BEGIN CERTIFICATE-----"))
        );
        for name in ["localhost", "127.0.0.1"] {
            let mut stream = connect(&sim, &[], name);
            let key = sim.anon_key();
            write!(
                stream,
                "GET /rest/v1/rpc/ping HTTP/1.1\r\nhost: sim\r\nconnection: close\r\napikey: {key}\r\n\r\n"
            )?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("\r\n\r\n1"), "{answer}");
        }
        Ok(())
    }

    #[test]
    fn alpn_offers_what_is_spoken() -> Result<(), Box<dyn std::error::Error>> {
        for (protocols, chosen) in
            [(Protocols::Both, &b"h2"[..]), (Protocols::Http2, b"h2"), (Protocols::Http1, b"http/1.1")]
        {
            let sim = Simulator::builder().tls().protocols(protocols).start()?;
            let mut stream = connect(&sim, &[b"h2", b"http/1.1"], "localhost");
            stream.flush()?;
            while stream.conn.is_handshaking() {
                stream.conn.complete_io(&mut stream.sock)?;
            }
            assert_eq!(stream.conn.alpn_protocol(), Some(chosen), "{protocols:?}");
        }
        Ok(())
    }

    #[test]
    fn a_handshake_may_never_be_answered() -> Result<(), Box<dyn std::error::Error>> {
        let sim = Simulator::builder().tls().start()?;
        sim.inject_at_accept(Rule::new(AcceptFault::Hang).times(1));
        let mut client = Client::connect(&sim);
        client.send_raw(&[0x16, 0x03, 0x01, 0x00, 0x05]);
        assert!(sim.wait_until(|counters| counters.open == 1, LIMIT));
        assert_eq!(sim.kill_connections(), 1);
        assert_eq!(client.read_to_end(), (String::new(), End::Reset), "not a byte came");
        let mut half = Client::connect(&sim);
        half.send_raw(&[0x16, 0x03, 0x01, 0x00, 0x05]);
        assert!(sim.wait_until(|counters| counters.open == 1, LIMIT));
        assert_eq!(sim.kill_connections(), 1, "a handshake that the client never ends is cut as well");
        Ok(())
    }

    #[test]
    fn a_body_is_cut_under_tls_without_a_close_notify() -> Result<(), Box<dyn std::error::Error>> {
        let sim = Simulator::builder().tls().start()?;
        sim.inject(Fault::CutBody { framing: super::Framing::Length, ending: super::Ending::Close });
        let mut stream = connect(&sim, &[], "localhost");
        let key = sim.anon_key();
        write!(stream, "GET /rest/v1/blogs HTTP/1.1\r\nhost: sim\r\napikey: {key}\r\n\r\n")?;
        let mut answer = Vec::new();
        let end = stream.read_to_end(&mut answer).map_err(|error| error.kind());
        assert_eq!(end, Err(std::io::ErrorKind::UnexpectedEof));
        assert!(answer.starts_with(b"HTTP/1.1 200 OK") && !answer.ends_with(b"]"));
        Ok(())
    }
}
