//! The whole way: from a configuration to rows, with the names that `pool-tokio` has too.

use pool_smol::pool_supabase::Error;
use pool_smol::{Builder, PoolSettings, Roots, Spawner, SupabaseConfig, connect};
use serde::Deserialize;
use supabase_sim::{CannedAnswer, Fault, Simulator};

use crate::support::*;

#[derive(Debug, Deserialize, PartialEq)]
struct Blog {
    id: i64,
}

fn config(sim: &Simulator) -> SupabaseConfig {
    let settings = PoolSettings { min_connections: 0, ..PoolSettings::default() };
    SupabaseConfig::builder().url(sim.url()).key(sim.anon_key()).settings(settings).build().unwrap()
}

#[test]
fn queries_run_over_a_pool_made_from_a_configuration() {
    let sim = start(Simulator::builder());
    smol::block_on(async {
        let db = connect(&config(&sim)).unwrap();
        let query = db.from("blogs").select::<Blog>("id").lte("id", 3);
        let mut blogs = db.execute_with_connection(query).await.unwrap();
        blogs.sort_by_key(|blog| blog.id);
        assert_eq!(blogs, [Blog { id: 1 }, Blog { id: 2 }, Blog { id: 3 }]);
        assert_eq!(db.status().stats.successes, 1);
        db.pool().shutdown(LONG).await;
        until(&sim, |counters| counters.open == 0).await;
    });
}

#[test]
fn a_read_survives_an_edge_in_trouble_and_a_paused_project_is_said_to_be_one() {
    let sim = start(Simulator::builder());
    smol::block_on(async {
        let db = connect(&config(&sim)).unwrap();
        sim.inject(Fault::answer(CannedAnswer::edge(522)).times(1));
        let query = db.from("blogs").select::<Blog>("id").eq("id", 4);
        assert_eq!(db.execute_with_connection(query).await.unwrap(), [Blog { id: 4 }]);
        sim.inject(Fault::answer(CannedAnswer::project_paused()));
        let query = db.from("blogs").select::<Blog>("id").eq("id", 4);
        let error = db.execute_with_connection(query).await.unwrap_err();
        assert!(matches!(&error, Error::Api(api) if api.status == 540), "{error:?}");
    });
}

#[test]
fn the_builder_sets_what_the_configuration_does_not() {
    let sim = start(Simulator::builder().tls());
    let root = sim.root_certificate().unwrap().der().to_vec();
    smol::block_on(async {
        let builder = Builder::new(&config(&sim))
            .transport(|transport| transport.roots(Roots::Only(vec![root.into()])))
            .pool(|pool| pool_smol::pool_core::Config { max_connections: 1, ..pool })
            .on(Spawner::global());
        let db = builder.connect().unwrap();
        let query = db.from("blogs").select::<Blog>("id").eq("id", 5);
        assert_eq!(db.execute_with_connection(query).await.unwrap(), [Blog { id: 5 }]);
        assert_eq!(db.status().status.max, 1);
    });
}

#[cfg(feature = "async-std")]
#[test]
fn the_port_to_async_std_is_a_change_of_the_import() {
    use pool_smol::async_std as pool;
    let sim = start(Simulator::builder());
    async_std::task::block_on(async {
        let db: pool::SupabasePool = pool::connect(&config(&sim)).unwrap();
        let query = db.from("blogs").select::<Blog>("id").eq("id", 6);
        assert_eq!(db.execute_with_connection(query).await.unwrap(), [Blog { id: 6 }]);
        let db = pool::Builder::new(&config(&sim)).pool(|config| config).connect().unwrap();
        let service = pool::Service::new(db);
        assert!(service.operations().is_empty());
    });
}
