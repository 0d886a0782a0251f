//! The tables of legal transitions, as pictures: a changed cell is a line in a diff, and a page of the docs that is out of date.

use pool_core::{CloseReason, Health, Lifecycle, health_transition, legal, markable};
use pool_world::diagram::{matrix, page};

use crate::docs::same_as_file;

fn names<T: std::fmt::Debug>(all: &[T]) -> Vec<String> {
    all.iter().map(|one| format!("{one:?}")).collect()
}

#[test]
fn the_table_of_lives_i5() {
    let states = names(&Lifecycle::ALL);
    let table = matrix(&states, &states, |from, to| legal(Lifecycle::ALL[from], Lifecycle::ALL[to]));
    let expected = [
        "           Connecting Idle Leased Probing Closing Gone",
        "Connecting     .       x     .       .       x     x",
        "Idle           .       .     x       x       x     .",
        "Leased         .       x     .       x       x     x",
        "Probing        .       x     .       .       x     .",
        "Closing        .       .     .       .       .     x",
        "Gone           .       .     .       .       .     .",
    ];
    assert_eq!(table, expected, "I5");
}

#[test]
fn the_table_of_healths_i5() {
    let healths = names(&Health::ALL);
    let may = |from: usize, to: usize| health_transition(Health::ALL[from], Health::ALL[to]).is_some();
    let expected = [
        "          Unknown Healthy Suspect Unhealthy Probation",
        "Unknown      .       x       x        x         .",
        "Healthy      .       .       x        x         .",
        "Suspect      .       x       .        x         .",
        "Unhealthy    .       .       .        .         x",
        "Probation    .       x       .        x         .",
    ];
    assert_eq!(matrix(&healths, &healths, may), expected, "I5");
}

#[test]
fn the_table_of_marks_i5() {
    let (reasons, states) = (names(&CloseReason::ALL), names(&Lifecycle::ALL));
    let may = |reason: usize, life: usize| markable(Lifecycle::ALL[life], CloseReason::ALL[reason]);
    let expected = [
        "                Connecting Idle Leased Probing Closing Gone",
        "IdleExpired         .       x     .       x       .     .",
        "Surplus             .       x     .       x       .     .",
        "Lifetime            .       x     x       x       .     .",
        "Broken              .       .     x       x       .     .",
        "Lost                .       x     x       x       .     .",
        "Retired             .       x     x       x       .     .",
        "Unhealthy           .       x     .       x       .     .",
        "ConnectTimeout      x       .     .       .       .     .",
        "ProbeTimeout        .       .     .       x       .     .",
        "Invalidated         x       x     x       x       .     .",
        "Resized             x       x     x       x       .     .",
        "EndpointDrained     x       x     x       x       .     .",
        "Shutdown            x       x     x       x       .     .",
        "Dead                .       .     x       .       .     .",
    ];
    assert_eq!(matrix(&reasons, &states, may), expected, "I5");
}

#[test]
fn the_page_on_the_lifecycle_is_drawn_from_the_tables() {
    same_as_file("docs/lifecycle.md", &page());
}
