//! The shortest history that still shows it, and its source.

use pool_recorder::Recording;
use pool_recorder::pool_core::Config;

use crate::busy::Busy;

fn says(recording: &Recording, text: &str) -> bool {
    recording.decisions().iter().any(|line| line.contains(text))
}

#[test]
fn a_recording_shrinks_to_what_matters() {
    for seed in [1, 2, 3] {
        let busy = Busy::after(200, 1 << 14, seed);
        let long = busy.ring.copy(&busy.pool).into_recording();
        assert!(says(&long, "EndpointDown") && long.len() > 150, "seed {seed}: {}", long.len());
        let short = long.shrink(|tried| says(tried, "EndpointDown"));
        // A request, and the failure of the connect that it brings about; with a minimum not even the request.
        assert!(short.len() <= 2, "seed {seed}: {:#?}", short.decisions());
        assert!(says(&short, "EndpointDown"));
        let without = |nth: usize| {
            let calls = short.calls().enumerate().filter(move |&(n, _)| n != nth).map(|(_, call)| call);
            Recording::of_calls(short.first().clone(), calls)
        };
        assert!((0..short.len()).all(|nth| !says(&without(nth), "EndpointDown")), "none can be left out");
        let config = short.first().pool().config();
        assert_eq!(config, &Config { min_connections: config.min_connections, ..Config::default() });
    }
}

#[test]
fn what_does_not_show_it_stays_as_it_is() {
    let busy = Busy::after(20, 300, 1);
    let long = busy.ring.copy(&busy.pool).into_recording();
    assert_eq!(long.shrink(|_| false).to_bytes(), long.to_bytes());
}

#[test]
fn the_source_of_a_test_is_the_one_that_is_compiled_here() {
    let busy = Busy::after(200, 1 << 14, 7);
    let long = busy.ring.copy(&busy.pool).into_recording();
    let short = long.shrink(|tried| says(tried, "Broken"));
    let source = short.to_rust("a_broken_connection_is_closed");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/generated.rs");
    if std::env::var_os("POOL_RECORDER_BLESS").is_some() {
        std::fs::write(path, &source).unwrap();
    }
    assert_eq!(source, include_str!("generated.rs"), "POOL_RECORDER_BLESS=1 writes the file anew");
}
