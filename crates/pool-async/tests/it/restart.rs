//! What a pool has learned survives a restart of the process.

use std::time::Duration;

use pool_async::pool_core::{Config, Health, Image, Outcome};
use pool_async::{AcquireError, ManualClock};

use crate::fake::{Fake, FakeError, Mood};
use crate::world::{Acquired, Pool, SECOND, World, lazy};

/// A world whose pool begins with what `image` says, in a process whose clock begins anew.
fn restarted(config: Config, image: Image, away: Duration, fake: Fake) -> World {
    World::built(
        |fake, clock: ManualClock| Pool::builder(fake, clock).config(config).restart(image, away),
        fake,
    )
}

fn ask(world: &mut World) -> Acquired {
    let pool = world.pool.clone();
    world.run(pool.acquire())
}

#[test]
fn an_endpoint_that_backs_off_is_not_dialled_before_its_time_by_the_next_process_either_i27() {
    let mut world = World::new(lazy(2));
    world.fake.connects(Mood::Refuses("closed for repairs"));
    // Half a dozen failures in a row: the next try is seconds away.
    for _ in 0..6 {
        let _: AcquireError<FakeError> = ask(&mut world).unwrap_err();
        if let Some(retry_at) = world.pool.endpoints()[0].retry_at {
            world.advance(retry_at.since(world.pool.now()));
        }
    }
    let before = world.pool.endpoints()[0];
    let _ = ask(&mut world);
    let left = world.pool.endpoints()[0].retry_at.expect("it backs off").since(world.pool.now());
    assert!(before.failures > 5 && left > SECOND, "{before:?}, {left:?}");
    let bytes = world.pool.snapshot().to_bytes();
    drop(world);

    let image = Image::from_bytes(&bytes).unwrap();
    let away = Duration::from_millis(400);
    let mut world = restarted(lazy(2), image, away, Fake::new());
    let after = world.pool.endpoints()[0];
    assert_eq!(after.retry_at.expect("it still backs off").since(world.pool.now()), left - away);
    assert!(ask(&mut world).unwrap_err().is_unavailable(), "with the cause, at once");
    world.advance(left - away - Duration::from_millis(1));
    let error = ask(&mut world).unwrap_err();
    assert!(error.is_unavailable() && world.fake.attempts().is_empty(), "dialled before its time: {error}");
    world.advance(Duration::from_millis(1));
    drop(ask(&mut world).expect("it is up again"));
    assert_eq!((world.fake.attempts().len(), world.pool.endpoints()[0].failures), (1, 0));
}

#[test]
fn an_unhealthy_endpoint_recovers_after_the_restart_and_the_statistics_go_on() {
    let mut world = World::new(lazy(1));
    let broken = Outcome::fault(pool_async::pool_core::FaultClass::Endpoint);
    for _ in 0..5 {
        world.lease().release(broken);
    }
    assert_eq!(world.pool.endpoints()[0].health, Health::Unhealthy);
    let image = world.pool.snapshot();
    let mut world = restarted(lazy(1), image, SECOND, Fake::new());
    assert_eq!(world.pool.endpoints()[0].health, Health::Unhealthy);
    for _ in 0..2 {
        world.lease().release(Outcome::Success);
    }
    assert_eq!(world.pool.endpoints()[0].health, Health::Healthy);
    assert_eq!((world.pool.stats().faults[1], world.pool.stats().successes), (5, 2));
    world.assert_at_rest();
}

#[test]
fn a_wrong_configuration_is_refused_on_a_restart_as_ever() {
    let image = World::new(lazy(1)).pool.snapshot();
    let config = Config { max_connections: 0, ..Config::default() };
    let built = Pool::builder(Fake::new(), ManualClock::new()).config(config).restart(image, SECOND).build();
    assert_eq!(built.unwrap_err().problems().len(), 2);
}
