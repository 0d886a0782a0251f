//! A service that is watched: its pool and its operations are in one panel, and neither is kept open by that.

use http::Request;
use pool_tokio::monitor::{Monitor, Panel, WatchError};
use pool_tokio::pool_supabase::query::Select;
use pool_tokio::{Client, Operation, PoolSettings, Query, Service, SupabaseConfig, connect};
use serde::Deserialize;
use serde_json::Value;
use supabase_sim::{CannedAnswer, Fault, Simulator};

use crate::support::{LONG, start};

#[derive(Debug, Deserialize, PartialEq)]
struct Blog {
    id: i64,
}

struct GetBlog(i64);

impl Operation for GetBlog {
    type Output = Vec<Blog>;
    type Kind = Select;
    const NAME: &'static str = "get_blog";

    fn query(&self, db: &Client) -> Query<Vec<Blog>> {
        db.from("blogs").select("id").eq("id", self.0)
    }
}

fn told(panel: &Panel) -> Value {
    let answer = panel.answer(&Request::get("/api/status").body("").unwrap());
    serde_json::from_slice(answer.body()).unwrap()
}

#[tokio::test]
async fn a_service_is_shown_with_its_operations_and_not_kept_open() {
    let sim = start(Simulator::builder());
    let settings = PoolSettings { min_connections: 0, ..PoolSettings::default() };
    let config = SupabaseConfig::builder().url(sim.url()).key(sim.anon_key()).settings(settings);
    let service = Service::new(connect(&config.build().unwrap()).unwrap());
    let monitor = Monitor::new();
    service.watch(&monitor, "blog").unwrap();
    assert_eq!(service.watch(&monitor, "blog"), Err(WatchError::NameTaken("blog".to_owned())));
    assert_eq!(service.execute_with_pool(&GetBlog(1)).await.unwrap(), [Blog { id: 1 }]);
    sim.inject(Fault::answer(CannedAnswer::project_paused()));
    service.execute_with_pool(&GetBlog(2)).await.unwrap_err();

    let panel = Panel::new(monitor.clone());
    let pools = told(&panel);
    let row = &pools["pools"][0]["detail"]["work"][0];
    let figures = ["in_flight", "succeeded", "failed", "dropped"].map(|name| row[name].as_u64());
    assert_eq!((row["id"].as_str(), figures), (Some("get_blog"), [Some(0), Some(1), Some(1), Some(0)]));
    assert!(row["time_p99_ms"].as_f64() > Some(0.0));
    let line = r#"pool_work_total{db_client_connection_pool_name="blog",work="get_blog",outcome="failed"} 1"#;
    assert!(monitor.metrics().contains(line), "{}", monitor.metrics());

    let pool = service.pool().pool().watcher();
    drop(service);
    tokio::time::timeout(LONG, pool.closed()).await.expect("nothing keeps the pool open");
}
