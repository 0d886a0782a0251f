//! Leases and pools that are dropped where no runtime is. These two are not futures: they leave the runtime.

use pool_async::pool_core::Outcome;

use crate::adapter::Adapter;
use crate::site::{LONG, Site, quiet};

/// While the runtime runs elsewhere: the connections end as they would have on it.
pub fn a_lease_and_a_pool_may_be_dropped_outside_of_the_runtime<A: Adapter>(site: Site<A>) {
    let Site { adapter, sim } = site;
    let (pool, [one, other, third]) = adapter.run(async {
        let pool = adapter.open(&sim, quiet(3));
        let lease = async || pool.get().await.expect("a lease");
        let leases = [lease().await, lease().await, lease().await];
        (pool, leases)
    });
    one.release(Outcome::BROKEN);
    drop(other.detach());
    assert!(sim.wait_until(|counters| counters.opened == 3 && counters.open == 1, LONG));
    drop(third);
    assert_eq!((pool.status().available, pool.status().leases), (1, 0));
    drop(pool);
    assert!(sim.wait_until(|counters| counters.open == 0, LONG));
}

/// After the runtime has ended, where it can: nothing panics, and no socket is left.
pub fn a_lease_and_a_pool_may_be_dropped_after_the_runtime_has_ended<A: Adapter>(site: Site<A>) {
    let Site { adapter, sim } = site;
    let (pool, one, other) = adapter.run(async {
        let pool = adapter.open(&sim, quiet(3));
        let (one, other) = (pool.get().await.expect("a lease"), pool.get().await.expect("a lease"));
        (pool, one, other)
    });
    drop(adapter);
    one.release(Outcome::Success);
    drop(other);
    pool.check().expect("the core's invariants hold");
    drop(pool);
    assert!(sim.wait_until(|counters| counters.opened == 2 && counters.open == 0, LONG));
}
