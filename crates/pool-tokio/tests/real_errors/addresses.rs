//! A wrong URL, and no network.

use std::net::TcpListener;

use pool_tokio::SupabaseConfig;
use pool_tokio::pool_supabase::{Error, ErrorClass, SupabaseConfigBuilder};
use supabase_sim::Simulator;

use crate::support::Secrets;
use crate::{pool, refusal};

const KEY: &str = "sb_publishable_4Kd93kxQw1";

fn towards(url: &str) -> SupabaseConfigBuilder {
    SupabaseConfig::builder().url(url).key(KEY)
}

/// What a call is told when nothing is to be had at `url`.
async fn told(url: &str) -> (ErrorClass, String) {
    let error = refusal(&pool(towards(url)), &Secrets::new([KEY.to_owned()])).await;
    assert!(matches!(error, Error::Acquire { .. }), "{error:?}");
    (error.class(), error.to_string())
}

/// The part of the message that is the same for each: the pool at that moment.
fn unavailable(cause: &str) -> (ErrorClass, String) {
    let load = "0 of 1 connections: 0 in use, 0 free, 0 connecting; 0 waiting";
    let text = format!(
        "no connection: the endpoint cannot be reached ({load}); the last connect to endpoint #0v1 failed: {cause}"
    );
    (ErrorClass::Unavailable, text)
}

#[tokio::test]
async fn a_host_that_does_not_exist() {
    // The top-level domain is reserved for names that never resolve (RFC 6761).
    assert_eq!(
        told("https://my-project.supabase.invalid").await,
        unavailable(
            "my-project.supabase.invalid:443: the name was not found while resolving the host's name; \
             check the host in the URL, and the network"
        )
    );
}

#[tokio::test]
async fn a_port_on_which_nothing_listens() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(
        told(&format!("http://{closed}")).await,
        unavailable(&format!(
            "{closed}: the peer refused while connecting; check the port, and that the service runs"
        ))
    );
}

#[tokio::test]
async fn a_service_without_tls_where_the_url_says_https() {
    let sim = Simulator::start().unwrap();
    let host = format!("localhost:{}", sim.address().port());
    assert_eq!(
        told(&format!("https://{host}")).await,
        unavailable(&format!(
            "{host}: TLS failed while setting up TLS; check that the URL leads to the right host, its certificate, \
             and this machine's clock"
        ))
    );
}

#[tokio::test]
async fn a_service_that_goes_away_and_comes_back() {
    let sim = Simulator::start().unwrap();
    let db = pool(towards(&sim.url()).key(sim.anon_key()));
    let ping = || db.rpc::<i32>("ping", &()).read_only();
    assert_eq!(db.execute_with_connection(ping()).await.unwrap(), 1);
    sim.crash().unwrap();
    let error = refusal(&db, &Secrets::new([sim.anon_key().to_owned()])).await;
    assert!(error.is_connection_error() || error.class() == ErrorClass::Unavailable, "{error}");
    sim.listen().unwrap();
    let back = async {
        while db.execute_with_connection(ping()).await.is_err() {
            db.pool().status_changed().await;
        }
    };
    tokio::time::timeout(crate::support::LONG, back).await.unwrap();
}
