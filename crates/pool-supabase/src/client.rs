//! Where queries begin: what they have in common, ready to be copied into each.

use std::sync::Arc;

use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue, USER_AGENT};
use pool_http::Request;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::SupabaseConfig;
use crate::query::{Call, Query, Table, call};
use crate::token::Token;

/// What this library calls itself. Gateways refuse secret keys from what looks like a browser.
const NAME: HeaderValue = HeaderValue::from_static(concat!("supabase-pool/", env!("CARGO_PKG_VERSION")));

/// Builds queries for one project. Cloning is cheap. It opens nothing: a pool sends what is built here.
///
/// ```
/// use pool_supabase::{Client, Order, SupabaseConfig};
///
/// #[derive(serde::Deserialize)]
/// struct Blog {
///     id: i64,
///     title: String,
/// }
///
/// # let config = SupabaseConfig::builder().url("https://x.supabase.co").key("sb_publishable_x").build()?;
/// let db = Client::new(&config);
/// let query = db
///     .from("blogs")
///     .select::<Blog>("id,title")
///     .eq("published", true)
///     .in_("lang", ["de", "en"])
///     .order("published_at", Order::DESC.nulls_last())
///     .limit(10);
/// let request = query.build()?;
/// assert_eq!(
///     request.target,
///     "/rest/v1/blogs?select=id,title&published=eq.true&lang=in.(de,en)&order=published_at.desc.nullslast&limit=10"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    common: Arc<Common>,
    schema: Option<HeaderValue>,
}

#[derive(Debug)]
struct Common {
    rest_path: String,
    /// Key and names; credentials in it are marked sensitive.
    headers: HeaderMap,
}

impl Client {
    /// A client for the project of `config`.
    pub fn new(config: &SupabaseConfig) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert("apikey", config.key().header());
        if let Some(bearer) = config.key().bearer() {
            headers.insert(AUTHORIZATION, bearer);
        }
        headers.insert(USER_AGENT, NAME);
        headers.insert("x-client-info", NAME);
        // The configuration has checked that a schema can stand in a header.
        let schema = config.schema().and_then(|schema| HeaderValue::from_str(schema).ok());
        Client { common: Arc::new(Common { rest_path: config.rest_path().to_owned(), headers }), schema }
    }

    /// A query on a table or view. Its name is checked when the query is built.
    pub fn from(&self, table: impl Into<String>) -> Table {
        Table::new(self.clone(), table.into())
    }

    /// A call of a function with named arguments: anything that serialises to an object, or `&()` for none.
    ///
    /// The answer is read as what the function returns: `rpc::<i64>`, `rpc::<Vec<Row>>`, `rpc::<()>` for `void`.
    pub fn rpc<T: DeserializeOwned>(
        &self,
        function: impl Into<String>,
        arguments: &(impl Serialize + ?Sized),
    ) -> Query<T, Call> {
        call(self.clone(), function.into(), arguments)
    }

    /// Makes `request` one of the user that `token` belongs to. Called again, it replaces the token: that is how a request is
    /// sent once more after a refresh.
    pub fn authorize(request: &mut Request, token: &Token) {
        request.headers.insert(AUTHORIZATION, token.bearer());
    }

    pub(crate) fn rest_path(&self) -> &str {
        &self.common.rest_path
    }

    pub(crate) fn headers(&self, writes: bool) -> HeaderMap {
        let mut headers = self.common.headers.clone();
        if let Some(schema) = &self.schema {
            let name = if writes { "content-profile" } else { "accept-profile" };
            headers.insert(HeaderName::from_static(name), schema.clone());
        }
        headers
    }
}
