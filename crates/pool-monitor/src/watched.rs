//! What is asked of a pool, whatever it pools and on whatever clock.

use pool_async::pool_core::{Config, ConfigError, EndpointInfo, Stats, Status, Time};
use pool_async::{Backend, Clock, Connection, Events, Pool};

use crate::operation::Operation;

/// Characters of an error that are kept.
const ERROR_MAX: usize = 300;

/// A pool, looked at from outside.
pub(crate) trait Watched: Send + Sync {
    fn pulse(&self) -> Pulse;
    fn now(&self) -> Time;
    fn is_closed(&self) -> bool;
    fn connections(&self) -> Vec<Connection>;
    fn config(&self) -> Config;
    fn events(&self) -> Events;
    fn operate(&self, operation: Operation) -> Result<(), ConfigError>;
}

/// A pool at one moment, as far as its figures go.
pub(crate) struct Pulse {
    /// On the pool's clock.
    pub(crate) at: Time,
    pub(crate) status: Status,
    pub(crate) stats: Stats,
    pub(crate) endpoints: Vec<Endpoint>,
}

/// An endpoint, and why the last connect to it failed, if it did.
pub(crate) struct Endpoint {
    pub(crate) info: EndpointInfo,
    pub(crate) error: Option<String>,
}

/// The beginning of an error that is long: a page in the place of an answer, for one.
fn short(mut error: String) -> String {
    if let Some((end, _)) = error.char_indices().nth(ERROR_MAX) {
        error.truncate(end);
        error.push('…');
    }
    error
}

impl<B, C> Watched for Pool<B, C>
where
    B: Backend + Send + Sync,
    B::Conn: Send,
    B::Error: Send + Sync,
    C: Clock + Send + Sync,
{
    fn pulse(&self) -> Pulse {
        let (status, endpoints, stats) = (self.status(), self.endpoints(), self.stats());
        let reason = |info: EndpointInfo| {
            let error = self.connect_error(info.id).map(|error| short(error.to_string()));
            Endpoint { info, error }
        };
        Pulse { at: self.now(), status, stats, endpoints: endpoints.into_iter().map(reason).collect() }
    }

    fn now(&self) -> Time {
        self.now()
    }

    fn is_closed(&self) -> bool {
        self.is_closed()
    }

    fn connections(&self) -> Vec<Connection> {
        self.connections()
    }

    fn config(&self) -> Config {
        self.config()
    }

    fn events(&self) -> Events {
        self.events()
    }

    fn operate(&self, operation: Operation) -> Result<(), ConfigError> {
        match operation {
            Operation::Suspend => self.suspend(),
            Operation::Resume => self.resume(),
            Operation::Invalidate => self.invalidate(),
            Operation::Resize { min, max } => self.resize(min, max)?,
        }
        Ok(())
    }
}
