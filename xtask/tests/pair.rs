//! The real servers do what end-to-end tests count on. Needs `cargo xtask setup` once on the machine;
//! without it these tests fail with that command.

use std::thread;
use std::time::{Duration, SystemTime};

use xtask::{Answer, Failure, Limits, Pair};

/// What `service_role` alone may see of a draft.
const DRAFT: &str = "/blogs?select=id&slug=eq.draft-queues";

fn rows(answer: &Answer) -> usize {
    answer.body.matches("\"id\"").count()
}

#[test]
fn the_shared_pair_serves_what_each_role_may_see() -> Result<(), Failure> {
    let pair = Pair::ensure()?;
    let anon = pair.get("/blogs?select=id", Some(&pair.anon_key()))?;
    assert_eq!((anon.status, rows(&anon)), (200, 10), "{}", anon.body);
    assert_eq!(rows(&pair.get(DRAFT, Some(&pair.anon_key()))?), 0);
    assert_eq!(rows(&pair.get(DRAFT, Some(&pair.service_key()))?), 1);
    assert_eq!(pair.get("/blog_views", Some(&pair.anon_key()))?.status, 401);
    assert_eq!(pair.get("/rpc/ping", None)?.body, "1");
    assert_eq!(pair.sql("select count(*) from courses")?, "12");
    Ok(())
}

#[test]
fn an_expired_token_is_refused_and_a_valid_one_is_not() -> Result<(), Failure> {
    let pair = Pair::ensure()?;
    let expired = pair.token("authenticated", SystemTime::now() - Duration::from_secs(120));
    let answer = pair.get("/blogs?limit=1", Some(&expired))?;
    assert_eq!(answer.status, 401);
    assert!(answer.body.contains("JWT expired"), "{}", answer.body);
    let valid = pair.token("authenticated", SystemTime::now() + Duration::from_secs(600));
    assert_eq!(pair.get("/blogs?limit=1", Some(&valid))?.status, 200);
    Ok(())
}

#[test]
fn a_killed_postgrest_comes_back_on_its_port_and_leaves_the_shared_one_alone() -> Result<(), Failure> {
    let shared = Pair::ensure()?;
    let own = Pair::own()?;
    assert_ne!(own.rest_url(), shared.rest_url());
    own.kill_postgrest()?;
    assert!(!own.ready());
    own.get("/blogs", None).expect_err("nothing listens on the port of a killed server");
    assert!(shared.ready());
    own.start_postgrest()?;
    assert_eq!(own.get("/rpc/ping", None)?.body, "1");
    own.restart_postgrest()?;
    assert_eq!(own.get("/rpc/ping", None)?.body, "1");
    Ok(())
}

#[test]
fn an_own_postgrest_may_not_stop_the_shared_database() -> Result<(), Failure> {
    let own = Pair::own()?;
    let refused = own.restart_postgres().unwrap_err().to_string();
    assert!(refused.contains("Pair::own_cluster()"), "{refused}");
    Ok(())
}

#[test]
fn an_own_postgrest_ends_with_its_owner() -> Result<(), Failure> {
    let own = Pair::own()?;
    let port = own.rest_port();
    drop(own);
    std::net::TcpListener::bind(("127.0.0.1", port)).expect("the port is free again");
    Ok(())
}

#[test]
fn a_small_postgrest_says_pgrst003_when_its_connections_are_taken() -> Result<(), Failure> {
    let own = Pair::own_with(Limits { connections: 1, acquisition_timeout: 1 })?;
    let key = own.service_key();
    let answers: Vec<Answer> = thread::scope(|scope| {
        let ask = || own.get("/rpc/slow?ms=2500", Some(&key));
        let asking: Vec<_> = (0..3).map(|_| scope.spawn(ask)).collect();
        asking.into_iter().map(|thread| thread.join().unwrap()).collect::<Result<_, _>>()
    })?;
    let served = answers.iter().filter(|answer| answer.status == 200).count();
    let refused = answers.iter().filter(|answer| answer.body.contains("PGRST003")).count();
    assert_eq!((served, refused), (1, 2), "{answers:?}");
    Ok(())
}

#[test]
fn an_own_cluster_keeps_committed_rows_through_a_crash_of_the_database() -> Result<(), Failure> {
    let own = Pair::own_cluster()?;
    let seen = "select count(*) from blog_views where viewer = 'crash'";
    own.sql("insert into blog_views (blog_id, viewer) select 1, 'crash' from generate_series(1, 100)")?;
    own.kill_postgres()?;
    own.sql(seen).expect_err("a killed database does not answer");
    own.start_postgres()?;
    assert_eq!(own.sql(seen)?, "100");
    own.restart_postgres()?;
    own.wait_ready()?;
    assert_eq!(rows(&own.get("/blogs?select=id", Some(&own.anon_key()))?), 10);
    assert!(Pair::ensure()?.is_up(), "the shared pair is another one");
    Ok(())
}

#[test]
fn the_servers_side_of_each_connection_is_counted() -> Result<(), Failure> {
    let own = Pair::own()?;
    let connect = || std::net::TcpStream::connect(("127.0.0.1", own.rest_port())).unwrap();
    let held: Vec<_> = (0..3).map(|_| connect()).collect();
    assert_eq!(own.open_sockets()?, held.len());
    Ok(())
}
