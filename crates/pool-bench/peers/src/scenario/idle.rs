use super::warm;
use crate::contender::Contender;
use crate::contest::{Plan, Sample, Scenario};
use crate::site::Site;
use ground::runtime::{Runtime, alone};

/// What an idle pool of so many connections holds: the connection itself is 16 bytes of it.
#[derive(Clone, Copy)]
pub struct Idle(pub usize);

impl Scenario for Idle {
    fn play<R: Runtime, C: Contender<R>>(self, _: Plan) -> Sample {
        let runtime = alone();
        let mut kept = None;
        let held = allocation_counter::measure(|| {
            kept = Some(runtime.block_on(async {
                let pool = C::build(self.0, Site::default()).await;
                warm::<R, C>(&pool, self.0).await;
                pool
            }));
        });
        runtime.block_on(async { drop(kept) });
        vec![
            ("bytes a connection", held.bytes_current as f64 / self.0 as f64),
            ("bytes at the most", held.bytes_max as f64 / self.0 as f64),
        ]
    }
}
