//! A resolver of one's own, on either transport.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use pool_tokio::pool_http::{Phase, TransportErrorKind as Kind};
use pool_tokio::{Resolver, TransportConfig};
use supabase_sim::Simulator;

use crate::support::*;

macro_rules! resolver {
    ($module:ident, $backend:ty) => {
        mod $module {
            use super::*;

            type Backend = $backend;

            #[tokio::test]
            async fn it_is_asked_for_the_host_and_its_address_is_dialled() {
                let sim = start(Simulator::builder());
                let (address, asked) = (sim.address(), Arc::new(Mutex::new(Vec::new())));
                let told = Arc::clone(&asked);
                let resolver = Resolver::new(move |host, port| {
                    told.lock().unwrap().push((host.to_owned(), port));
                    Ok(vec![address])
                });
                // reqwest takes the port of the URL, wherever the address leads.
                let port = address.port();
                let config =
                    TransportConfig::new(base(&format!("http://db.example:{port}"))).resolver(resolver);
                let pool = Backend::new(config).unwrap().open(at_most(1)).unwrap();
                let mut lease = pool.acquire().await.unwrap();
                assert!(is_blog(&send(&mut *lease, blog(&sim, 1)).await.unwrap(), 1));
                assert_eq!(*asked.lock().unwrap(), [("db.example".to_owned(), port)]);
            }

            #[tokio::test]
            async fn one_that_fails_is_said_to_know_no_such_name() {
                let fails = |_: &str, _| Err::<Vec<SocketAddr>, _>(io::Error::other("no"));
                let config = TransportConfig::new(base("http://db.example")).resolver(Resolver::new(fails));
                let pool = Backend::new(config).unwrap().open(at_most(1)).unwrap();
                assert_eq!(connect_failure(&pool).await, (Phase::Resolve, Kind::Dns));
            }
        }
    };
}

#[cfg(feature = "direct")]
resolver!(direct, pool_tokio::DirectBackend);
resolver!(pinned, pool_tokio::PinnedBackend);
