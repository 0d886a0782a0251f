//! What can be changed while the simulator runs.
//!
//! Rules: a change holds for everything that begins after it; nothing that runs is interrupted by it.

use std::time::Duration;

use crate::engine::Role;

/// The behaviour of the server as long as nothing goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// When connections are closed by the server.
    pub keep_alive: KeepAlive,
    /// The server's own pool of database connections.
    pub database: DatabasePool,
    /// How token errors are told.
    pub jwt_errors: JwtErrors,
    /// Streams that a new HTTP/2 connection may have open at once. Default 100.
    pub max_streams: u32,
}

/// When the server closes a connection, without a word beforehand. By default never.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeepAlive {
    /// After this long without a request. PostgREST 60 s, nginx 75 s, Node 5 s.
    pub idle: Option<Duration>,
    /// At exactly this long after the last answer, even when a request just arrived: the keep-alive race.
    pub after_response: Option<Duration>,
    /// This long after the answer to a HEAD. PostgREST 12: 7 ms.
    pub after_head: Option<Duration>,
    /// After this many requests on the connection.
    pub max_requests: Option<u64>,
}

/// The pool that PostgREST itself keeps, and that is the scarce thing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DatabasePool {
    /// Statements that run at once. Default 10, as PostgREST's.
    pub connections: usize,
    /// How long a statement waits for its turn before 504 PGRST003. Default 10 s, as PostgREST's.
    pub acquisition_timeout: Duration,
    /// How long a statement of [`Role::Anon`] may run before 500 57014. Default 3 s, as on hosted projects.
    pub anon_statement_timeout: Duration,
    /// The same for [`Role::Authenticated`]. Default 8 s. The service role has no limit.
    pub authenticated_statement_timeout: Duration,
}

impl DatabasePool {
    pub(crate) fn statement_timeout(&self, role: Role) -> Duration {
        match role {
            Role::Anon => self.anon_statement_timeout,
            Role::Authenticated => self.authenticated_statement_timeout,
            Role::Service => Duration::MAX,
        }
    }
}

/// Which code an expired token gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JwtErrors {
    /// PGRST303, since PostgREST 13. The default.
    V13,
    /// PGRST301, as in PostgREST 12.
    V12,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            keep_alive: KeepAlive::default(),
            database: DatabasePool::default(),
            jwt_errors: JwtErrors::V13,
            max_streams: 100,
        }
    }
}

impl Default for DatabasePool {
    fn default() -> Self {
        Self {
            connections: 10,
            acquisition_timeout: Duration::from_secs(10),
            anon_statement_timeout: Duration::from_secs(3),
            authenticated_statement_timeout: Duration::from_secs(8),
        }
    }
}
