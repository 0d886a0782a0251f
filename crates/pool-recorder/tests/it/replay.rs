//! A replay is the run: every decision, and every byte of the state in which it ended.

use pool_recorder::pool_core::{Call, Config, Image, ImageError, Pool, Record, Time};
use pool_recorder::{Diverged, ReadError, Recording, Ring};

use crate::busy::Busy;

fn recording(calls: usize, events: usize, seed: u64) -> Recording {
    let busy = Busy::after(calls, events, seed);
    busy.ring.copy(&busy.pool).into_recording()
}

#[test]
fn a_replay_makes_the_decisions_of_the_run_and_ends_in_its_state_byte_for_byte() {
    for seed in 0..40 {
        let busy = Busy::after(300, 1 << 16, seed);
        let live = busy.ring.copy(&busy.pool).into_recording();
        let elsewhere = Recording::from_bytes(&live.to_bytes()).unwrap();
        assert_eq!(elsewhere.verify(), Ok(()), "seed {seed}");
        // The connects of the new pool were asked for before the first call; the last actions may not have been taken.
        let (mut first, _, _) = elsewhere.first().clone().into_pool();
        let mut again: Vec<_> = std::iter::from_fn(|| first.poll_action()).collect();
        again.extend(elsewhere.replay().flat_map(|step| step.actions));
        assert_eq!(busy.asked, again[..busy.asked.len()], "seed {seed}");
    }
}

#[test]
fn a_ring_keeps_at_least_half_of_what_it_is_for_and_never_more_than_all() {
    for seed in 0..40 {
        let mut busy = Busy::after(200, 64, seed);
        for _ in 0..200 {
            busy.go_on();
            let len = busy.ring.len();
            assert!((32..=64).contains(&len), "{len}");
        }
        let recording = busy.ring.copy(&busy.pool).into_recording();
        assert_eq!(recording.len(), busy.ring.len());
        assert_eq!(recording.verify(), Ok(()), "from the middle of its life on, seed {seed}");
    }
}

#[test]
fn a_call_that_was_not_noted_is_found_out() {
    let mut busy = Busy::after(100, 1 << 16, 3);
    let now = busy.pool.now();
    busy.pool.invalidate(now);
    let recording = busy.ring.copy(&busy.pool).into_recording();
    assert_eq!(recording.verify(), Err(Diverged));
}

#[test]
fn a_ring_that_was_told_nothing_is_a_recording_of_nothing() {
    let pool = Pool::new(Config::default(), Time::ZERO).unwrap();
    let ring = Ring::new(0);
    assert!(ring.is_empty());
    let recording = ring.copy(&pool).into_recording();
    assert!(recording.is_empty());
    assert_eq!(Recording::from_bytes(&recording.to_bytes()).unwrap().verify(), Ok(()));
}

#[test]
fn every_byte_of_a_recording_is_checked() {
    let bytes = recording(20, 1 << 16, 1).to_bytes();
    for at in 0..bytes.len() {
        let mut wrong = bytes.clone();
        wrong[at] ^= 0x55;
        assert!(Recording::from_bytes(&wrong).is_err(), "byte {at} may be anything");
    }
    for length in 0..bytes.len() {
        assert!(Recording::from_bytes(&bytes[..length]).is_err());
    }
    let mut other = bytes.clone();
    other[8] = 9;
    let error = Recording::from_bytes(&other).unwrap_err();
    assert_eq!(error, ReadError::Version(9));
    assert_eq!(error.to_string(), "the recording has format 9, and this is a reader of format 1");
}

#[test]
fn a_recording_by_another_layout_names_the_version_that_wrote_it() {
    let recording = recording(20, 1 << 16, 1);
    let (mut bytes, version) = (recording.to_bytes(), recording.version().len());
    bytes[28 + version + 8] = 99;
    let sum = crc32fast::hash(&bytes[28..]).to_le_bytes();
    bytes[24..28].copy_from_slice(&sum);
    let error = Recording::from_bytes(&bytes).unwrap_err();
    let written_by = recording.version().to_owned();
    assert_eq!(error, ReadError::Image { version: written_by, error: ImageError::Version(99) });
}

#[test]
fn a_record_is_its_call_and_no_other_bytes_are() {
    for (at, call) in recording(300, 1 << 16, 5).calls() {
        let record = Record::of(at, call);
        assert_eq!(Record::from_bytes(&record.to_bytes()), Some(record));
        assert_eq!((record.at(), record.call()), (at, Some(call)));
    }
    let mut bytes = Record::of(Time::ZERO, Call::Advance).to_bytes();
    for tag in (0..=255).filter(|tag| !(1..27).contains(tag)) {
        bytes[28] = tag;
        assert_eq!(Record::from_bytes(&bytes), None, "{tag}");
    }
    (bytes[28], bytes[8]) = (17, 1);
    assert_eq!(Record::from_bytes(&bytes), None, "what a call does not use is zero");
}

/// When this fails, the layout of a pool's state has changed: give `IMAGE_VERSION` the next number, and put the new ones here.
#[test]
fn the_layout_of_an_image_has_its_version() {
    let pool = Pool::new(Config::default(), Time::from_millis(7)).unwrap();
    let bytes = Image::of(&pool).to_bytes();
    let known = (pool_recorder::pool_core::IMAGE_VERSION, bytes.len());
    assert_eq!(known, (6, LENGTH));
}

const LENGTH: usize = 1028;
