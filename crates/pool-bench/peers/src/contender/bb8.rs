use bb8::{ManageConnection, Pool, PooledConnection, RunError};

use super::{Contender, Denied};
use crate::site::{Conn, Refused, Site, check};
use ground::runtime::Tokio;

impl ManageConnection for Site {
    type Connection = Conn;
    type Error = Refused;

    async fn connect(&self) -> Result<Conn, Refused> {
        Site::connect(self)
    }

    async fn is_valid(&self, conn: &mut Conn) -> Result<(), Refused> {
        check(conn)
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        conn.broken
    }
}

#[derive(Clone)]
pub struct Bb8(Pool<Site>);

impl Contender<Tokio> for Bb8 {
    type Guard<'a> = PooledConnection<'a, Site>;

    async fn build(size: usize, site: Site) -> Self {
        Bb8(Pool::builder().max_size(size as u32).build_unchecked(site))
    }

    async fn acquire(&self) -> Result<PooledConnection<'_, Site>, Denied> {
        self.0.get().await.map_err(|error| match error {
            RunError::User(Refused) => Denied::WithCause,
            RunError::TimedOut => Denied::Blind,
        })
    }
}
