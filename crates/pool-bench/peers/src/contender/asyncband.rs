use std::sync::Arc;

use asyncband::pool::bounded::{Object, Pool, PoolConfig};
use asyncband::pool::{ManageObject, ObjectStatus};

use super::{Contender, Denied};
use crate::site::{Conn, Refused, Site, check};
use ground::runtime::Runtime;

impl ManageObject for Site {
    type Object = Conn;
    type Error = Refused;

    async fn create(&self) -> Result<Conn, Refused> {
        self.connect()
    }

    async fn is_recyclable(&self, conn: &mut Conn, _: &ObjectStatus) -> Result<(), Refused> {
        check(conn)
    }
}

#[derive(Clone)]
pub struct Asyncband(Arc<Pool<Site>>);

impl<R: Runtime> Contender<R> for Asyncband {
    type Guard<'a> = Object<Site>;

    async fn build(size: usize, site: Site) -> Self {
        Asyncband(Pool::new(PoolConfig::new(size), site))
    }

    async fn acquire(&self) -> Result<Object<Site>, Denied> {
        self.0.get().await.map_err(|Refused| Denied::WithCause)
    }
}
