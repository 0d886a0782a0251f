//! All that the pool needs to know of PostgreSQL.

use std::error::Error as _;
use std::io;

use pool_async::pool_core::{FaultClass, Reuse, Sent};
use pool_async::{Backend, ConnectContext, Connected, Fault};
use tokio::task::JoinHandle;
use tokio_postgres::error::{DbError, Severity, SqlState};
use tokio_postgres::{Client, Config, Error, NoTls};

/// A server, and who logs in.
pub(crate) struct Postgres(pub(crate) Config);

/// One session: the handle, and the task that moves its bytes.
pub(crate) struct Session {
    pub(crate) client: Client,
    wire: JoinHandle<()>,
}

impl Backend for Postgres {
    type Conn = Session;
    type Error = Error;

    async fn connect(&self, cx: ConnectContext) -> Result<Connected<Session>, Error> {
        let (client, connection) = self.0.connect(NoTls).await?;
        let wire = tokio::spawn(async move {
            // However it ends: an idle connection that is lost is replaced before anybody asks for it.
            let _ = connection.await;
            cx.reporter.lost();
        });
        Ok(Connected::exclusive(Session { client, wire }))
    }

    async fn probe(&self, session: &mut Session) -> Result<(), Error> {
        session.client.simple_query("").await.map(drop)
    }

    fn is_broken(&self, session: &Session) -> bool {
        session.client.is_closed()
    }

    /// Ends when the socket is closed, and not before: the server never sees more sessions than the pool has slots.
    async fn close(&self, session: Session) {
        drop(session.client);
        let _ = session.wire.await;
    }

    fn classify(&self, error: &Error) -> Fault {
        let refused = |cause: &io::Error| cause.kind() == io::ErrorKind::ConnectionRefused;
        match error.as_db_error() {
            Some(answer) if answer.code() == &SqlState::TOO_MANY_CONNECTIONS => {
                Fault::new(FaultClass::Saturation, Reuse::Discard).sent(Sent::No)
            }
            Some(answer) if goes_on(answer) => Fault::application(),
            None if error.source().and_then(|cause| cause.downcast_ref()).is_some_and(refused) => {
                Fault::new(FaultClass::Endpoint, Reuse::Discard).sent(Sent::No)
            }
            _ => Fault::broken(),
        }
    }
}

/// After an error the session goes on; after anything worse the server ends it.
fn goes_on(answer: &DbError) -> bool {
    answer.parsed_severity() == Some(Severity::Error)
}
