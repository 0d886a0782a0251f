//! Queries of any names, values and conditions: what is built is a valid URL, in which an independent reader of
//! PostgREST's language finds every value exactly as it was; whatever could be read otherwise is refused.

mod conditions;
mod rows;

#[path = "../../../pool-supabase/tests/postgrest/mod.rs"]
#[expect(dead_code, reason = "the reader of the tests, which use all of it")]
mod postgrest;

use http::Method;
use percent_encoding::percent_decode_str;
use pool_http::Request;
use pool_supabase::{Client, Error, Query, SupabaseConfig};
use url::Url;

use crate::secret;
use crate::source::Source;

/// Builds the query that `data` says, and reads it back.
pub fn check(data: &[u8]) {
    let mut source = Source::new(data);
    match source.byte() % 4 {
        0 => conditions::of_a_select(&mut source),
        1 => conditions::of_a_write(&mut source),
        2 => rows::of_a_write(&mut source),
        _ => rows::arguments_of_a_call(&mut source),
    }
}

fn client() -> Client {
    let key = secret::key(1, "");
    let config = SupabaseConfig::builder().url("https://x.supabase.co").key(key);
    let config = config.role(pool_supabase::Role::Service).build().expect("a valid configuration");
    Client::new(&config)
}

/// The request, if the query can be sent; with its parameters, after those checks that hold for all.
fn built<T, K>(query: &Query<T, K>, path: &str, name: &str) -> Option<(Request, Parameters)> {
    secret::not_in("a query", &format!("{query:?}"));
    let request = match query.build() {
        Ok(request) => request,
        Err(Error::Build(error)) => {
            assert!(error.problems().next().is_some(), "refused without a reason");
            return None;
        }
        Err(other) => panic!("building gave {other}"),
    };
    secret::not_in("a request", &format!("{request:?}"));
    let target = request.target.as_str();
    let url = Url::parse(&format!("https://x.supabase.co{target}")).expect("a valid URL");
    assert_eq!(
        (url.path(), url.query()),
        (request.target.path(), request.target.query()),
        "it was rewritten"
    );
    let segment = request.target.path().strip_prefix(path).expect("the path begins with the prefix");
    assert!(!segment.contains('/'), "{segment} is more than one segment");
    assert_eq!(percent_decode_str(segment).decode_utf8().as_deref(), Ok(name));
    assert_eq!(request.body.is_empty(), matches!(request.method, Method::GET | Method::DELETE));
    Some((request.clone(), Parameters(postgrest::parameters(target).into_iter())))
}

/// The parameters of a request, taken in their order.
struct Parameters(std::vec::IntoIter<(String, String)>);

impl Parameters {
    fn next(&mut self) -> (String, String) {
        self.0.next().expect("one more parameter")
    }

    /// The next one has that name; its value.
    fn named(&mut self, name: &str) -> String {
        let (found, value) = self.next();
        assert_eq!(found, name);
        value
    }

    fn end(mut self) {
        assert_eq!(self.0.next(), None, "more parameters than were given");
    }
}
