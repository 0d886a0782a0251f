//! The commands, as a person gives them.

use std::process::{Command, Output};

use crate::busy::Busy;

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pool-recorder")).args(arguments).output().unwrap()
}

#[test]
fn each_command_does_what_its_line_of_help_says() {
    let busy = Busy::after(60, 1 << 14, 7);
    let recording = busy.ring.copy(&busy.pool).into_recording();
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("busy.tape");
    std::fs::write(&path, recording.to_bytes()).unwrap();
    let file = path.to_str().unwrap();

    let text = |output: Output| {
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let replay = text(run(&["replay", file]));
    assert_eq!(replay.lines().count(), recording.len() + 1);
    assert!(replay.ends_with("The end is the one that was recorded, byte for byte.\n"), "{replay}");
    assert!(text(run(&["explain", file, "#0v1"])).contains("asks for a connection"));
    assert!(
        text(run(&["shrink", file, "Broken"])).starts_with("#[test]\nfn name_the_rule_that_was_broken() {")
    );
}

#[test]
fn what_a_command_cannot_do_it_says() {
    let refusal = |arguments: &[&str]| {
        let output = run(arguments);
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refusal(&[]).starts_with("pool-recorder replay FILE"));
    assert!(refusal(&["replay", "no/such/file"]).starts_with("no/such/file: "));
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    assert!(refusal(&["replay", manifest]).ends_with("these bytes are no recording of a pool\n"));
}
