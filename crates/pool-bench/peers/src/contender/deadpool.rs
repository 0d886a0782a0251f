use deadpool::managed::{Manager, Metrics, Object, Pool, PoolError, RecycleResult};
use deadpool::unmanaged;

use super::{Contender, Denied};
use crate::site::{Conn, Refused, Site, check};
use ground::runtime::Runtime;

impl Manager for Site {
    type Type = Conn;
    type Error = Refused;

    async fn create(&self) -> Result<Conn, Refused> {
        self.connect()
    }

    async fn recycle(&self, conn: &mut Conn, _: &Metrics) -> RecycleResult<Refused> {
        Ok(check(conn)?)
    }
}

#[derive(Clone)]
pub struct Deadpool(Pool<Site>);

impl<R: Runtime> Contender<R> for Deadpool {
    type Guard<'a> = Object<Site>;

    async fn build(size: usize, site: Site) -> Self {
        Deadpool(Pool::builder(site).max_size(size).build().expect("a valid configuration"))
    }

    async fn acquire(&self) -> Result<Object<Site>, Denied> {
        self.0.get().await.map_err(|error| match error {
            PoolError::Backend(Refused) => Denied::WithCause,
            _ => Denied::Blind,
        })
    }
}

/// It opens nothing by itself: it is given its connections.
#[derive(Clone)]
pub struct Unmanaged(unmanaged::Pool<Conn>);

impl<R: Runtime> Contender<R> for Unmanaged {
    type Guard<'a> = unmanaged::Object<Conn>;

    async fn build(size: usize, site: Site) -> Self {
        let opened: Vec<Conn> = (0..size).map(|_| site.connect().expect("it accepts")).collect();
        Unmanaged(unmanaged::Pool::from(opened))
    }

    async fn acquire(&self) -> Result<unmanaged::Object<Conn>, Denied> {
        self.0.get().await.map_err(|_| Denied::Blind)
    }
}
