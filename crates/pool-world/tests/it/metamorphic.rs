//! Two runs that must agree: the calls of a history are taped, and the tape is played again in another way.

use std::time::Duration;

use pool_core::{Event, Image, Request, Verdict};
use pool_world::history::START;
use pool_world::sim::{Driver, Sim};
use pool_world::tape::{Heard, Player};
use pool_world::{Answer, History, Input, Tape, World};
use proptest::prelude::*;

use crate::strategy::{cases, histories, scaled};

/// No round number of seconds, and more than any window of the pool.
const SHIFT: Duration = Duration::from_nanos(98_765_432_101_234);

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn the_same_calls_lead_to_the_same_outputs_i31(history in histories(150)) {
        let tape = history.tape();
        prop_assert_eq!(tape.play().heard, tape.play().heard, "I31");
    }

    #[test]
    fn a_short_way_leaves_what_the_long_one_does_i47(history in histories(150)) {
        goes_the_short_way_as_the_long_one(&history.tape());
    }

    #[test]
    fn outputs_do_not_depend_on_how_often_they_are_drained_i32(history in histories(150), chunk in 2..9_usize) {
        let tape = history.tape();
        let (often, seldom) = (tape.play(), tape.play_drained(|n| n % chunk == 0));
        prop_assert_eq!(often.effects(), seldom.effects(), "I32");
        prop_assert_eq!(often.view(), seldom.view(), "I32");
        prop_assert_eq!(often.pool.stats(), seldom.pool.stats(), "I32");
    }

    #[test]
    fn a_later_epoch_changes_nothing_i33(history in histories(150)) {
        let tape = history.tape();
        prop_assert_eq!(tape.play().heard, tape.shifted(SHIFT).play().heard, "I33");
    }

    #[test]
    fn who_comes_and_goes_delays_nobody_i15(history in histories(150), every in 1..6_usize, class in 0..3_usize) {
        let tape = history.tape();
        let request = Request { priority: pool_core::Priority::ALL[class], ..Request::default() };
        let interlude = |player: &mut Player, now| {
            player.come_and_go(now, request);
        };
        prop_assert_eq!(tape.play().effects(), with_interludes(&tape, every, interlude).effects(), "I15");
    }

    #[test]
    fn telling_the_time_again_or_an_earlier_one_changes_nothing_i24(history in histories(150), every in 1..6_usize) {
        let tape = history.tape();
        let interlude = |player: &mut Player, now: pool_core::Time| {
            player.call(now, Input::Advance);
            player.call(START, Input::Advance);
            player.call(now, Input::Advance);
        };
        prop_assert_eq!(with_interludes(&tape, every, |player, now| {
            player.call(now, Input::Advance);
        }).heard, with_interludes(&tape, every, interlude).heard, "I24");
    }

    #[test]
    fn late_reports_change_nothing_i11(history in histories(100)) {
        let tape = history.tape();
        let mut gone = Vec::new();
        let mut player = Player::new(&tape);
        for &(now, input) in &tape.inputs {
            let answer = player.call(now, input);
            player.drain();
            // What was stale itself may have come too early, and not too late.
            if let Input::Report(event @ (Event::Closed { .. } | Event::ConnectFailed { .. })) = input
                && answer == Answer::Verdict(Verdict::Accepted)
            {
                gone.push(event);
            }
            let (view, heard) = (player.view(), player.heard.len());
            for &event in &gone {
                let answer = player.call(now, Input::Report(event));
                prop_assume!(player.pool.now() <= now);
                prop_assert_ne!(answer, Answer::Done);
            }
            let known = |event: &Event| view.conn(event.conn()).is_some();
            if !gone.iter().any(known) {
                player.drain();
                player.heard.truncate(heard + 1);
                prop_assert_eq!(player.view(), view, "I11");
                prop_assert!(matches!(player.heard[heard], Heard::Rest(_)), "I11");
            }
            player.heard.truncate(heard);
        }
    }
}

/// Two pools, one of which never takes a short way, are in the same state after every call, to the last bit of their images.
fn goes_the_short_way_as_the_long_one(tape: &Tape) {
    let (mut short, mut long) = (Player::new(tape), Player::new(tape));
    long.pool.refuse_short_ways();
    for &(now, input) in &tape.inputs {
        assert_eq!(short.call(now, input), long.call(now, input), "I47: {input:?}");
        short.drain();
        long.drain();
        let [image, other] = [&short, &long].map(|player| Image::of(&player.pool).to_bytes());
        assert!(image == other, "I47: after {input:?}\n{:?}\n{:?}", short.pool, long.pool);
    }
    assert_eq!(short.heard, long.heard, "I47");
}

/// Under the load of the simulator most calls go the short way; its troubles come in between.
#[test]
fn a_short_way_leaves_what_the_long_one_does_in_simulated_worlds_i47() {
    for seed in 0..u64::from(scaled(8)) {
        let mut sim = Sim::random(Driver::Sloppy, seed);
        sim.world = World::recording(sim.world.config().clone(), sim.world.clock);
        sim.run_steps(4_000);
        goes_the_short_way_as_the_long_one(&sim.world.into_tape());
    }
}

/// The tape with something in between, after every so many calls, at a time that the pool has been told.
fn with_interludes(tape: &Tape, every: usize, interlude: impl Fn(&mut Player, pool_core::Time)) -> Player {
    let mut player = Player::new(tape);
    for (n, &(now, input)) in tape.inputs.iter().enumerate() {
        let answer = player.call(now, input);
        player.heard.push(Heard::Answer(n, answer));
        player.drain();
        if n % every == 0 {
            let now = player.pool.now();
            interlude(&mut player, now);
        }
    }
    player.drain();
    player
}

#[test]
fn a_tape_holds_what_was_done() {
    let history =
        History { setup: pool_world::Setup::default(), ops: vec![pool_world::Op::Wait { ms: 5 }; 3] };
    assert_eq!(history.tape().inputs.len(), 4, "three waits and the last look");
    let mut world = World::recording(history.setup.config(), START);
    world.feed(Input::Suspend);
    assert_eq!(world.into_tape().inputs, [(START, Input::Suspend)]);
}
