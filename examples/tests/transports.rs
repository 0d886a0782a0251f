//! The programs of other transports and runtimes, and the one without any, as a user runs them: what they print, and how they end.
//!
//! `postgres_wire` needs the server of `cargo xtask setup`; without it, its test fails with that command.

use std::process::Command;

const BY_HAND: &str = env!("CARGO_BIN_EXE_by_hand");
const LENGTH_PREFIXED: &str = env!("CARGO_BIN_EXE_length_prefixed");
const POSTGRES_WIRE: &str = env!("CARGO_BIN_EXE_postgres_wire");
const PLAIN_THREADS: &str = env!("CARGO_BIN_EXE_plain_threads");
const ON_TOKIO: &str = env!("CARGO_BIN_EXE_on_tokio");
const ON_SMOL: &str = env!("CARGO_BIN_EXE_on_smol");
const ON_ASYNC_STD: &str = env!("CARGO_BIN_EXE_on_async_std");

/// What the program prints until it ends by itself, with success.
#[track_caller]
fn printed(path: &str) -> String {
    let output = Command::new(path).output().expect("the program can be started");
    let out = String::from_utf8(output.stdout).expect("it prints text");
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
    assert_eq!(err, "");
    out
}

/// The lines come in this order, with any others between them.
#[track_caller]
fn assert_tells(out: &str, story: &[&str]) {
    let mut lines = out.lines();
    for part in story {
        assert!(lines.any(|line| line.contains(part)), "{part:?} is missing, or out of order, in:\n{out}");
    }
}

#[test]
fn the_core_is_driven_by_hand_and_every_run_is_the_same() {
    let out = printed(BY_HAND);
    assert_tells(
        &out,
        &[
            "Ada waits",
            "asked to connect #0v1",
            "20 ms  Ada has #0v1",
            "50 ms  Ada gives #0v1 back",
            "50 ms  Cleo has #0v1",
            "Dora gives up",
            "Emil has",
            "notice: EndpointDown",
            "Fay gets none: no connection: the endpoint cannot be reached",
            "notice: EndpointUp",
            "asked to probe",
            "Gil has",
            "surplus",
            "the pool is closed",
        ],
    );
    assert_eq!(printed(BY_HAND), out);
}

#[test]
fn frames_are_pooled_on_smol() {
    assert_tells(
        &printed(LENGTH_PREFIXED),
        &[
            "200 callers at once were served over at most 4 connections",
            "a request was dropped half-way; 50 later ones got their own answers, 1 connection was closed",
            "the server hung up on one connection; 50 later requests did not notice",
            "tried 1 time, connection kept: there is no command \"dance\"",
            "the pool is drained",
        ],
    );
}

#[test]
fn sessions_of_postgresql_are_pooled() {
    assert_tells(
        &printed(POSTGRES_WIRE),
        &[
            "100 callers at once were served by 4 sessions, of 4 allowed",
            "the pool heard of it before any caller did",
            "100 more callers were served, none by the dead session",
            "an error of SQL: division by zero; tried 1 time, its session goes on",
            "a transaction on one session summed up to 5050",
            "the pool is drained",
        ],
    );
}

#[test]
fn lines_are_pooled_on_plain_threads() {
    assert_tells(
        &printed(PLAIN_THREADS),
        &[
            "50 threads at once were served over",
            "the server hung up on a caller",
            "the next one did not notice: HELLO",
            "a fourth caller did not wait longer than it said: true",
            "the pool is gone, and its thread with it",
        ],
    );
}

/// That the three are one source, differing in one import, is in the manifest: here they also do the same.
#[test]
fn a_program_is_ported_by_one_import() {
    let out = printed(ON_TOKIO);
    assert_tells(
        &out,
        &[
            "a query: [1, 2, 3]",
            "a read survives one 522: 1 row",
            "a table that is not there: Schema",
            "a request of one's own: 200 OK",
            "a service: 2 rows; `newest` succeeded 1 time",
            "after the end: Some(Closed)",
        ],
    );
    assert_eq!(printed(ON_SMOL), out);
    assert_eq!(printed(ON_ASYNC_STD), out);
}

/// "A transport is a `Backend` of under 60 lines": from the line that begins it to its last.
#[test]
fn the_backends_of_the_transports_are_short() {
    let backends = [
        ("plain_threads", include_str!("../src/bin/plain_threads.rs")),
        ("length_prefixed", include_str!("../src/bin/length_prefixed/backend.rs")),
        ("postgres_wire", include_str!("../src/bin/postgres_wire/backend.rs")),
    ];
    for (name, source) in backends {
        let backend = source.lines().skip_while(|line| !line.starts_with("impl Backend for"));
        let length = backend.take_while(|line| *line != "}").count() + 1;
        assert!((2..60).contains(&length), "{name} has {length} lines");
    }
}
