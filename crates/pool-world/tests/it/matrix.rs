//! The table of legal transitions, as a picture: a changed cell is a line in a diff.

use pool_core::{Lifecycle, legal};

#[test]
fn the_table_of_legal_transitions_i5() {
    let row = |from: Lifecycle| {
        let cells: String =
            Lifecycle::ALL.iter().map(|&to| if legal(from, to) { " x" } else { " ." }).collect();
        format!("{:<10}{cells}", format!("{from:?}"))
    };
    let table: Vec<String> = Lifecycle::ALL.iter().map(|&from| row(from)).collect();
    //          to: Connecting, Idle, Leased, Probing, Closing, Gone
    let expected = [
        "Connecting . x . . x x",
        "Idle       . . x x x .",
        "Leased     . x . x x x",
        "Probing    . x . . x .",
        "Closing    . . . . . x",
        "Gone       . . . . . .",
    ];
    assert_eq!(table, expected, "I5");
}
