use mobc::{Connection, Error, Manager, Pool, async_trait};

use super::{Contender, Denied};
use crate::site::{Conn, Refused, Site, check};
use ground::runtime::Tokio;

#[async_trait]
impl Manager for Site {
    type Connection = Conn;
    type Error = Refused;

    async fn connect(&self) -> Result<Conn, Refused> {
        Site::connect(self)
    }

    async fn check(&self, conn: Conn) -> Result<Conn, Refused> {
        check(&conn)?;
        Ok(conn)
    }
}

#[derive(Clone)]
pub struct Mobc(Pool<Site>);

impl Contender<Tokio> for Mobc {
    type Guard<'a> = Connection<Site>;

    async fn build(size: usize, site: Site) -> Self {
        // It keeps two idle unless told otherwise, and would open and close all the time.
        Mobc(Pool::builder().max_open(size as u64).max_idle(size as u64).build(site))
    }

    async fn acquire(&self) -> Result<Connection<Site>, Denied> {
        self.0.get().await.map_err(|error| match error {
            Error::Inner(Refused) => Denied::WithCause,
            _ => Denied::Blind,
        })
    }
}
