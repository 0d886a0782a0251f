//! Images: a pool that was written and read goes on as if it had not been; bytes that no pool wrote are refused, or are a pool like any
//! other; a restart keeps what was learned.

use std::time::Duration;

use pool_core::{
    Action, Claim, Event, FaultClass, IMAGE_VERSION, Image, ImageError, Lifecycle, Outcome, Output, Pool,
    Request, Time, Verdict,
};
use pool_world::input::Input;
use pool_world::sim::{Driver, Sim};
use pool_world::tape::{Heard, Player};
use pool_world::{Setup, Tape};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::strategy::{cases, histories, is_full, scaled, setups};

fn reread(pool: &Pool) -> Pool {
    let bytes = Image::of(pool).to_bytes();
    let image = Image::from_bytes(&bytes).unwrap_or_else(|error| panic!("I45: {error}"));
    assert_eq!(image.to_bytes(), bytes, "I45");
    image.into_pool().0
}

/// Plays the tape; the pool is written and read before every call that `reread_at` names, drained or not.
fn played(tape: &Tape, reread_at: impl Fn(usize) -> bool, drained: impl Fn(usize) -> bool) -> Player {
    let mut player = Player::new(tape);
    for (n, &(now, input)) in tape.inputs.iter().enumerate() {
        if reread_at(n) {
            player.pool = reread(&player.pool);
        }
        let answer = player.call(now, input);
        player.heard.push(Heard::Answer(n, answer));
        if drained(n) {
            player.drain();
        }
    }
    player.drain();
    player
}

/// The image with one byte of its payload changed, and a checksum that agrees.
fn tampered(bytes: &[u8], at: Index, with: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let rest = at.index(bytes.len() - 20) + 20;
    bytes[rest] ^= with;
    let sum = crc32fast::hash(&bytes[20..]).to_le_bytes();
    bytes[16..20].copy_from_slice(&sum);
    bytes
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn a_pool_read_from_its_image_has_the_same_future_i45(
        history in histories(120), once in any::<Index>(), chunk in 1..4_usize,
    ) {
        let tape = history.tape();
        let once = once.index(tape.inputs.len());
        let drained = |n: usize| n.is_multiple_of(chunk);
        let original = played(&tape, |_| false, drained);
        let image = Image::of(&original.pool).to_bytes();
        let at_once = played(&tape, |n| n == once, drained);
        prop_assert_eq!(&at_once.heard, &original.heard, "I45");
        prop_assert_eq!(Image::of(&at_once.pool).to_bytes(), &image[..], "I45");
        let at_each = played(&tape, |_| true, drained);
        prop_assert_eq!(&at_each.heard, &original.heard, "I45");
        prop_assert_eq!(Image::of(&at_each.pool).to_bytes(), image, "I45");
    }

    #[test]
    fn what_an_image_hands_out_is_what_is_out(history in histories(120)) {
        let pool = history.play().pool().clone();
        let status = pool.status();
        let (mut pool, tickets, leases) = Image::of(&pool).into_pool();
        prop_assert!(tickets.len() >= status.waiting as usize);
        let now = pool.now();
        for ticket in tickets {
            pool.cancel(now, ticket);
        }
        for lease in leases {
            // One that was found dead had waited for its last grant, which was cancelled just now.
            let dead = pool.connection(lease.conn()).is_some_and(|conn| conn.lifecycle == Lifecycle::Closing);
            let verdict = if dead { Verdict::Stale } else { Verdict::Accepted };
            prop_assert_eq!(pool.release(now, lease, pool_core::Outcome::Success), verdict);
        }
        prop_assert_eq!((pool.status().leases, pool.status().waiting), (0, 0));
        prop_assert_eq!(pool.check(), Ok(()));
    }

    #[test]
    fn any_bytes_are_an_error_or_a_pool(mut bytes in prop::collection::vec(any::<u8>(), 0..200), framed in any::<bool>()) {
        if framed {
            let rest = bytes.split_off(bytes.len().min(20));
            bytes = Image::of(&Pool::new(Setup::default().config(), Time::ZERO).unwrap()).to_bytes();
            bytes.truncate(20);
            bytes.extend(rest);
            let (length, sum) = (bytes.len() - 20, crc32fast::hash(&bytes[20..]));
            bytes[12..16].copy_from_slice(&(length as u32).to_le_bytes());
            bytes[16..20].copy_from_slice(&sum.to_le_bytes());
        }
        prop_assert!(Image::from_bytes(&bytes).is_err());
    }

    #[test]
    fn a_tampered_image_is_refused_or_is_a_pool_that_keeps_its_rules(
        history in histories(60), more in histories(40), edits in prop::collection::vec((any::<Index>(), 1..=255_u8), 1..4),
    ) {
        let mut bytes = Image::of(history.play().pool()).to_bytes();
        for (at, with) in edits {
            bytes = tampered(&bytes, at, with);
        }
        let Ok(image) = Image::from_bytes(&bytes) else { return Ok(()) };
        let mut player = Player::new(&more.tape());
        player.pool = image.into_pool().0;
        for &(now, input) in &more.tape().inputs {
            player.call(now, input);
            player.drain();
            prop_assert_eq!(player.pool.check(), Ok(()));
        }
    }

    #[test]
    fn a_restart_keeps_what_was_learned_and_dials_nothing_before_its_time_i27(
        history in histories(120), setup in setups(), start in 0..100_u64, away in 0..20_000_u64,
    ) {
        let former = history.play().pool().clone();
        let (now, away) = (Time::from_millis(start), Duration::from_millis(away));
        let mut pool = Image::of(&former).restart(setup.config(), now, away).unwrap();
        prop_assert_eq!(pool.check(), Ok(()));
        let status = pool.status();
        prop_assert_eq!((status.leases, status.waiting, status.total), (0, 0, status.connecting));
        let kept: Vec<_> = former.endpoints().filter(|endpoint| !endpoint.draining).collect();
        for before in &kept {
            let after = pool.endpoints().find(|after| after.id == before.id).expect("it was not drained");
            prop_assert_eq!((after.health, after.failures), (before.health, before.failures));
            let left = before.retry_at.map_or(Duration::ZERO, |at| at.since(former.now()).saturating_sub(away));
            prop_assert_eq!(after.retry_at.map_or(Duration::ZERO, |at| at.since(now)), left);
        }
        while let Some(action) = pool.poll_action() {
            let Action::Connect { endpoint, .. } = action else { panic!("{action:?}") };
            let row = pool.endpoints().find(|row| row.id == endpoint).expect("it is dialled");
            prop_assert_eq!(row.retry_at, None, "I27");
        }
        // Another endpoint may have taken all that is wanted.
        let wants = pool.status().connecting < pool.config().min_connections;
        if wants && let Some(retry_at) = pool.endpoints().filter_map(|row| row.retry_at).min() {
            let Output::Idle { until: Some(until) } = pool.poll() else { panic!("it wants to dial") };
            prop_assert!(until.at <= retry_at, "I21");
        }
    }
}

/// Everything that is out of the pool comes back, time passes, and more is asked of it; it keeps its rules throughout.
fn live_on(image: Image) {
    let (mut pool, tickets, leases) = image.into_pool();
    let mut now = pool.now();
    let rules_hold = |pool: &mut Pool| {
        while pool.poll_action().is_some() {}
        assert_eq!(pool.check(), Ok(()));
    };
    for (n, ticket) in tickets.into_iter().enumerate() {
        match pool.claim(now, ticket) {
            Claim::Pending(ticket) if n % 2 == 0 => pool.cancel(now, ticket),
            Claim::Pending(_) | Claim::Failed(_) => {}
            Claim::Ready(lease) => {
                let _ = pool.release(now, lease, Outcome::BROKEN);
            }
        }
        rules_hold(&mut pool);
    }
    for (n, lease) in leases.into_iter().enumerate() {
        let outcome = if n % 2 == 0 { Outcome::Success } else { Outcome::fault(FaultClass::Endpoint) };
        let _ = pool.release(now, lease, outcome);
        rules_hold(&mut pool);
    }
    let conns: Vec<_> = pool.connections().map(|conn| conn.id).collect();
    for conn in conns {
        let events =
            [Event::Connected { conn, leases_max: 2 }, Event::Probed { conn }, Event::Closed { conn }];
        for event in events {
            let _ = pool.handle(now, event);
        }
        let _ = pool.acquire(now, Request::default());
        rules_hold(&mut pool);
    }
    for ms in [100, 1_000, 10_000, 1_000_000, 100_000_000] {
        now = now + Duration::from_millis(ms);
        pool.advance(now);
        rules_hold(&mut pool);
    }
    pool.shutdown(now, Duration::ZERO);
    rules_hold(&mut pool);
}

/// Where in the images a panic was.
struct Here {
    seed: u64,
    at: usize,
    bit: u32,
}

impl Drop for Here {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}, bit {} of byte {}", self.seed, self.bit, self.at);
        }
    }
}

/// The pool of a simulation at the moment when most goes on at once: in a pool at rest most lists are empty, and lies about them cannot be told.
fn at_its_busiest(seed: u64) -> Pool {
    let mut sim = Sim::random(Driver::Exact, seed);
    let (mut most, mut busiest) = (0, sim.world.pool().clone());
    for _ in 0..200 {
        sim.run_steps(10);
        let pool = sim.world.pool();
        let status = pool.status();
        let goes_on = [
            status.leases,
            status.connecting,
            status.probing,
            status.closing,
            status.unhealthy,
            status.endpoints_down,
        ];
        let waiting = status.waiting.min(3);
        let score = waiting + goes_on.into_iter().filter(|&count| count > 0).count() as u32;
        if score > most {
            (most, busiest) = (score, pool.clone());
        }
    }
    busiest
}

#[test]
fn an_image_with_any_bit_turned_is_refused_or_is_a_pool_that_keeps_its_rules() {
    let mut waiting = 0;
    for seed in 0..u64::from(scaled(3)) {
        let pool = at_its_busiest(seed);
        waiting += pool.status().waiting;
        let bytes = Image::of(&pool).to_bytes();
        for at in 20..bytes.len() {
            for bit in 0..8 {
                let _here = Here { seed, at, bit };
                let mut bytes = bytes.clone();
                bytes[at] ^= 1 << bit;
                let sum = crc32fast::hash(&bytes[20..]).to_le_bytes();
                bytes[16..20].copy_from_slice(&sum);
                if let Ok(image) = Image::from_bytes(&bytes) {
                    live_on(image);
                }
            }
        }
    }
    assert!(waiting > 1 || !is_full(), "nobody waits: of those who do, no lie was told");
}

#[test]
fn each_part_of_the_frame_is_checked() {
    let pool = Pool::new(Setup::default().config(), Time::ZERO).unwrap();
    let bytes = Image::of(&pool).to_bytes();
    let with = |at: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        Image::from_bytes(&bytes).unwrap_err()
    };
    assert_eq!(with(0, b'S'), ImageError::Magic);
    assert_eq!(with(8, 77), ImageError::Version(77));
    assert_eq!(with(bytes.len() - 1, 1), ImageError::Checksum);
    let shorter = Image::from_bytes(&bytes[..bytes.len() - 1]).unwrap_err();
    assert_eq!(shorter, ImageError::Length { said: bytes.len() - 20, there: bytes.len() - 21 });
    assert_eq!(Image::from_bytes(b"sbp-imag").unwrap_err(), ImageError::Magic);
    assert_eq!(
        with(8, 77).to_string(),
        format!(
            "the image has version 77, and this is a reader of version {IMAGE_VERSION}: use the version that wrote it"
        )
    );
}

#[test]
fn a_call_after_a_restart_is_like_any_other() {
    let former = Pool::new(Setup::default().config(), Time::from_millis(9)).unwrap();
    let tape = Tape::new(Setup::default().config(), Time::ZERO);
    let mut player = Player::new(&tape);
    player.pool = Image::of(&former).restart(tape.config.clone(), Time::ZERO, Duration::ZERO).unwrap();
    player.call(Time::ZERO, Input::Acquire(pool_core::Request::default()));
    player.drain();
    assert!(matches!(player.heard[0], Heard::Action(Action::Connect { .. })), "{:?}", player.heard);
}
