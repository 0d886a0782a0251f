//! Where the project is, with which key, and how the pool behaves: from code, from the environment, or by serde.
//!
//! All problems are reported at once, each by name; the value of a URL or key is in no message.

mod env;
mod problem;
mod url;

use std::borrow::Cow;
use std::fmt;

use pool_http::{Base, Probe};
use serde::Deserialize;
use zeroize::Zeroizing;

pub(crate) use problem::Problems;
pub use problem::{ConfigError, Problem};

use crate::client::Client;
use crate::key::{ApiKey, Role};
use crate::settings::PoolSettings;

/// A checked configuration.
///
/// ```
/// use pool_supabase::SupabaseConfig;
///
/// let config = SupabaseConfig::builder()
///     .url("https://abcdefgh.supabase.co")
///     .key("sb_publishable_example")
///     .build()?;
/// assert_eq!(config.settings().max_connections, 10);
/// # Ok::<(), pool_supabase::ConfigError>(())
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Document")]
pub struct SupabaseConfig {
    base: Base,
    rest_path: String,
    key: ApiKey,
    role: Role,
    schema: Option<String>,
    settings: PoolSettings,
}

impl SupabaseConfig {
    /// A configuration from code.
    pub fn builder() -> SupabaseConfigBuilder {
        SupabaseConfigBuilder { draft: Draft::default() }
    }

    /// From the environment, with the rights of everyone.
    ///
    /// The URL comes from `SUPABASE_URL` or `VITE_SUPABASE_URL`; the key from `SUPABASE_PUBLISHABLE_KEY`, `SUPABASE_ANON_KEY`,
    /// `VITE_SUPABASE_PUBLISHABLE_KEY` or `VITE_SUPABASE_ANON_KEY`; the first that is set wins. The pool's settings come from
    /// `SUPABASE_POOL_MAX_CONNECTIONS` and so on.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_env_as(Role::Anon)
    }

    /// From the environment, with the rights of `role`. For [`Role::Service`] the key comes from `SUPABASE_SECRET_KEY` or
    /// `SUPABASE_SERVICE_ROLE_KEY`.
    pub fn from_env_as(role: Role) -> Result<Self, ConfigError> {
        // Variables that are not Unicode cannot be ours.
        let variables = std::env::vars_os();
        Self::from_vars(
            role,
            variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    /// Like [`from_env_as`](Self::from_env_as), from variables that are handed in.
    pub fn from_vars(
        role: Role,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        env::read(role, variables)
    }

    /// Where the project is; requests are relative to it.
    pub const fn base(&self) -> &Base {
        &self.base
    }

    /// The path of PostgREST below the base; starts and ends with a slash.
    pub fn rest_path(&self) -> &str {
        &self.rest_path
    }

    /// The API key.
    pub const fn key(&self) -> &ApiKey {
        &self.key
    }

    /// The rights asked for.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The schema of tables and functions; `None` leaves it to the server.
    pub fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// The probe of a connection: a call of the function `ping`. Where the project has it (`create function ping() returns int
    /// language sql stable as 'select 1'`), it goes all the way to PostgreSQL; where not, PostgREST answers 404 from its schema cache,
    /// which proves the way to PostgREST as well as any answer would.
    pub fn probe(&self) -> Probe {
        let request = Client::new(self).rpc::<i64>("ping", &()).read_only().build();
        // A name without special characters and no arguments: there is nothing in it that building could refuse.
        let request = request.expect("the call of ping is a valid query");
        Probe::get(request.target).headers(request.headers)
    }

    /// How the pool behaves.
    pub const fn settings(&self) -> &PoolSettings {
        &self.settings
    }
}

/// Builds a [`SupabaseConfig`]. URL and key have no default.
#[derive(Debug)]
#[must_use = "nothing is checked before build()"]
pub struct SupabaseConfigBuilder {
    draft: Draft,
}

impl SupabaseConfigBuilder {
    /// The project's URL, with or without `/rest/v1`. `https`, except on this machine.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.draft.url = Some(Named { name: "url".into(), value: url.into().into() });
        self
    }

    /// The API key.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.draft.key = Some(Named { name: "key".into(), value: key.into().into() });
        self
    }

    /// The rights that are asked for. Default [`Role::Anon`], with which a service key is refused.
    pub fn role(mut self, role: Role) -> Self {
        self.draft.role = role;
        self
    }

    /// The schema of tables and functions. Default: the server's first, usually `public`.
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.draft.schema = Some(schema.into());
        self
    }

    /// The path of PostgREST below the URL. Default `/rest/v1/`; `/` for a PostgREST without a gateway.
    pub fn rest_path(mut self, path: impl Into<String>) -> Self {
        self.draft.rest_path = Some(path.into());
        self
    }

    /// How the pool behaves. Default [`PoolSettings::default`].
    pub fn settings(mut self, settings: PoolSettings) -> Self {
        self.draft.pool = settings;
        self
    }

    /// Checks everything.
    pub fn build(self) -> Result<SupabaseConfig, ConfigError> {
        let mut problems = Problems::default();
        self.draft.require(&mut problems);
        self.draft.finish(problems)
    }
}

/// A value and the name under which problems with it are reported.
pub(crate) struct Named {
    name: Cow<'static, str>,
    value: Zeroizing<String>,
}

impl fmt::Debug for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [redacted]", self.name)
    }
}

#[derive(Debug, Default)]
struct Draft {
    url: Option<Named>,
    key: Option<Named>,
    role: Role,
    schema: Option<String>,
    rest_path: Option<String>,
    pool: PoolSettings,
}

impl Draft {
    fn require(&self, problems: &mut Problems) {
        if self.url.is_none() {
            problems.add("url", "is missing: set it to https://<project>.supabase.co");
        }
        if self.key.is_none() {
            problems.add("key", "is missing: copy it from the project's API settings");
        }
    }

    fn finish(self, mut problems: Problems) -> Result<SupabaseConfig, ConfigError> {
        let base = self.url.and_then(|url| problems.take(url.name, self::url::parse(&url.value)));
        let key = self.key.and_then(|key| checked_key(key, self.role, &mut problems));
        let rest_path = self.rest_path.unwrap_or_else(|| "/rest/v1/".into());
        let rest_path = problems.take("rest_path", check_rest_path(&rest_path));
        if let Some(schema) = &self.schema {
            problems.take("schema", check_schema(schema));
        }
        self.pool.validate(&mut problems);
        let (role, schema, settings) = (self.role, self.schema, self.pool);
        let config = base.zip(key).zip(rest_path).map(|((base, key), rest_path)| SupabaseConfig {
            base,
            rest_path,
            key,
            role,
            schema,
            settings,
        });
        problems.none_or(config)
    }
}

fn checked_key(named: Named, role: Role, problems: &mut Problems) -> Option<ApiKey> {
    let key = problems.take(named.name.clone(), ApiKey::new(&named.value))?;
    match (role, key.kind()) {
        (Role::Anon, kind) if kind.is_service() => {
            let says = "is a service key, which passes row-level security: ask for Role::Service if that is meant, \
                        else use the publishable key";
            problems.add(named.name, says);
            None
        }
        (Role::Service, crate::KeyKind::Publishable | crate::KeyKind::LegacyAnon) => {
            problems.add(
                named.name,
                "is a publishable key, and Role::Service needs a secret or service-role key",
            );
            None
        }
        _ => Some(key),
    }
}

/// With a slash at both ends.
fn check_rest_path(path: &str) -> Result<String, String> {
    let inner = path.trim_matches('/');
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    if !inner.chars().all(plain) || inner.contains("..") || inner.contains("//") {
        return Err(format!(
            "is {path:?}: allowed are letters, digits, - _ . and single slashes, as in /rest/v1/"
        ));
    }
    Ok(if inner.is_empty() { "/".into() } else { format!("/{inner}/") })
}

/// A schema stands in a header.
fn check_schema(schema: &str) -> Result<(), String> {
    let visible = |byte: u8| byte.is_ascii_graphic();
    if schema.is_empty() || !schema.bytes().all(visible) {
        return Err(format!("is {schema:?}: allowed are visible ASCII characters, as in public"));
    }
    Ok(())
}

/// The configuration as a document.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    url: String,
    key: String,
    #[serde(default)]
    role: Role,
    schema: Option<String>,
    rest_path: Option<String>,
    #[serde(default)]
    pool: PoolSettings,
}

impl TryFrom<Document> for SupabaseConfig {
    type Error = ConfigError;

    fn try_from(document: Document) -> Result<Self, ConfigError> {
        let Document { url, key, role, schema, rest_path, pool } = document;
        let mut draft = SupabaseConfig::builder().url(url).key(key).role(role).settings(pool).draft;
        draft.schema = schema;
        draft.rest_path = rest_path;
        draft.finish(Problems::default())
    }
}
