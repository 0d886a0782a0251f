//! Keys, tokens, and what each role may do.

use std::time::{Duration, SystemTime};

use supabase_sim::{JwtErrors, Simulator};

use crate::support::{Client, Response, start};

fn get_as(sim: &Simulator, key: &str, token: &str) -> Response {
    let bearer = format!("Bearer {token}");
    let headers = [("apikey", key), ("authorization", bearer.as_str())];
    Client::connect(sim).call("GET", "/rest/v1/blogs?select=id&id=gt.9&order=id", &headers, "")
}

#[test]
fn the_gateway_wants_a_key_it_knows() {
    let sim = start();
    let mut client = Client::connect(&sim);
    client.send_raw(b"GET /rest/v1/blogs HTTP/1.1\r\nhost: sim\r\n\r\n");
    let none = client.receive("GET");
    assert_eq!((none.status, &none.json()["message"]), (401, &"No API key found in request".into()));
    let wrong = client.call("GET", "/rest/v1/blogs", &[("apikey", "sb_publishable_of_another_project")], "");
    assert_eq!((wrong.status, &wrong.json()["message"]), (401, &"Invalid API key".into()));
    assert!(!wrong.body.contains("another"), "a key is never repeated");
    assert_eq!(client.get("/auth/v1/health").status, 200);
    assert!(sim.counters().executed.is_empty(), "none of these reached the data");
}

#[test]
fn a_role_comes_from_the_token_else_from_the_key() {
    let sim = start();
    let later = SystemTime::now() + Duration::from_secs(3600);
    let user = sim.user_token(later);
    for (key, token, ids) in [
        (sim.anon_key(), user.as_str(), "10"),
        (sim.service_key(), user.as_str(), "10"),
        (sim.legacy_anon_key(), sim.legacy_anon_key(), "10"),
        (sim.legacy_service_key(), sim.legacy_service_key(), "10 11 12"),
        (sim.anon_key(), sim.legacy_service_key(), "10 11 12"),
    ] {
        assert_eq!(get_as(&sim, key, token).column("id"), ids);
    }
    let no_token = Client::service(&sim).get("/rest/v1/blogs?select=id&id=gt.9&order=id");
    assert_eq!(no_token.column("id"), "10 11 12");
}

#[test]
fn a_key_of_the_new_kind_is_no_token() {
    let sim = start();
    for token in [sim.anon_key(), sim.service_key(), "", "one.two"] {
        let answer = get_as(&sim, sim.anon_key(), token);
        assert_eq!(answer.error(), (401, "PGRST301".to_owned()));
        assert!(answer.header("www-authenticate").is_some_and(|value| value.starts_with("Bearer error=")));
    }
    let mut forged = sim.user_token(SystemTime::now() + Duration::from_secs(60));
    forged.truncate(forged.len() - 4);
    assert_eq!(get_as(&sim, sim.anon_key(), &forged).error(), (401, "PGRST301".to_owned()));
}

#[test]
fn an_expired_token_is_told_as_the_version_tells_it() {
    let sim = start();
    let expired = sim.user_token(SystemTime::now() - Duration::from_secs(1));
    let answer = get_as(&sim, sim.anon_key(), &expired);
    assert_eq!(answer.error(), (401, "PGRST303".to_owned()));
    assert_eq!(answer.json()["message"], "JWT expired");
    let early = sim.token_with_claims(r#"{"role":"authenticated","iat":99999999999}"#);
    assert_eq!(get_as(&sim, sim.anon_key(), &early).json()["message"], "JWT issued at future");
    sim.configure(|settings| settings.jwt_errors = JwtErrors::V12);
    let answer = get_as(&sim, sim.anon_key(), &expired);
    assert_eq!(
        (answer.error(), &answer.json()["message"]),
        ((401, "PGRST301".to_owned()), &"JWT expired".into())
    );
}

#[test]
fn who_is_not_the_service_may_read_and_record_views_only() {
    let sim = start();
    let user = sim.user_token(SystemTime::now() + Duration::from_secs(3600));
    let bearer = format!("Bearer {user}");
    let view = r#"{"blog_id":1,"viewer":"me"}"#;
    for (method, target, prefer, body) in [
        ("DELETE", "/rest/v1/blogs?id=eq.1", "", ""),
        ("PATCH", "/rest/v1/blogs?id=eq.1", "", r#"{"views":0}"#),
        ("POST", "/rest/v1/courses", "", "{}"),
        ("GET", "/rest/v1/blog_views", "", ""),
        ("GET", "/rest/v1/blogs?select=id,blog_views(id)", "", ""),
        ("POST", "/rest/v1/blog_views", "return=representation", view),
        ("POST", "/rest/v1/blog_views", "resolution=merge-duplicates", view),
    ] {
        let mut client = Client::connect(&sim);
        let anonymous = client.call(method, target, &[("prefer", prefer)], body);
        assert_eq!(anonymous.error(), (401, "42501".to_owned()), "{method} {target}");
        let known = client.call(method, target, &[("prefer", prefer), ("authorization", &bearer)], body);
        assert_eq!(known.error(), (403, "42501".to_owned()), "{method} {target}");
    }
    assert_eq!(Client::connect(&sim).call("POST", "/rest/v1/blog_views", &[], view).status, 201);
}
