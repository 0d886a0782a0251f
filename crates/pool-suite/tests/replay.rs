//! For one recorded run of calls, the decisions of the core are the same bytes on every runtime: a run is recorded on each, with real
//! sockets, and made again on all of them. What that shows is said in [`pool_suite::scenario::recorded`].

use std::sync::Arc;

use pool_async::pool_recorder::Recording;
use pool_suite::adapters::{AsyncStd, Smol, Threads, TokioDirect, TokioPinned};
use pool_suite::scenario::recorded::{a_run_with_everything, the_same_calls};
use pool_suite::site::within;
use pool_suite::{Adapter, Site};

/// The decisions of the recording, made on `A`.
fn replayed<A: Adapter>(recording: &Arc<Recording>) -> String {
    let site = Site::<A>::start();
    site.adapter.run(the_same_calls(&site, Arc::clone(recording)))
}

/// Panics where two logs part, and not with all of both.
#[track_caller]
fn assert_same(live: &str, again: &str, on: &str) {
    if let Some((n, (live, again))) = live.lines().zip(again.lines()).enumerate().find(|(_, (a, b))| a != b) {
        panic!("on {on}, line {}:\n live: {live}\nagain: {again}", n + 1);
    }
    assert!(live == again, "on {on}: one log goes on where the other ends");
}

fn recorded_on<A: Adapter>() {
    let site = Site::<A>::start();
    let live = site.adapter.run(within(a_run_with_everything(&site)));
    // What another machine would get.
    let recording = Arc::new(Recording::from_bytes(&live.to_bytes()).expect("it was just written"));
    let live = live.decisions().join("\n");
    for part in
        ["Acquire", "Release", "Connected", "Wake", "Probe", "Retry", "Close", "Invalidate", "Shutdown"]
    {
        assert!(live.contains(part), "the run had no {part}");
    }
    assert_same(&live, &replayed::<TokioDirect>(&recording), "tokio, direct");
    assert_same(&live, &replayed::<TokioPinned>(&recording), "tokio, pinned");
    assert_same(&live, &replayed::<Smol>(&recording), "smol");
    assert_same(&live, &replayed::<AsyncStd>(&recording), "async-std");
    assert_same(&live, &replayed::<Threads>(&recording), "threads");
}

#[test]
fn a_run_of_tokio_with_direct_connections_is_the_same_everywhere() {
    recorded_on::<TokioDirect>();
}

#[test]
fn a_run_of_tokio_with_pinned_clients_is_the_same_everywhere() {
    recorded_on::<TokioPinned>();
}

#[test]
fn a_run_of_smol_is_the_same_everywhere() {
    recorded_on::<Smol>();
}

#[test]
fn a_run_of_async_std_is_the_same_everywhere() {
    recorded_on::<AsyncStd>();
}

#[test]
fn a_run_of_plain_threads_is_the_same_everywhere() {
    recorded_on::<Threads>();
}
