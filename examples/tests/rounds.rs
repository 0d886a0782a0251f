//! The programs as a user runs them: what they print, and how they end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output, Stdio};

use examples::target::VARIABLES;
use supabase_sim::{CannedAnswer, Fault, Simulator};

const QUICKSTART: &str = env!("CARGO_BIN_EXE_quickstart");
const ADMIN_PANEL: &str = env!("CARGO_BIN_EXE_admin_panel");
const BLOG_SERVICE: &str = env!("CARGO_BIN_EXE_blog_service");

/// A program that sees none of the caller's own projects and settings.
fn program(path: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(path);
    command.args(arguments);
    let settings = std::env::vars_os().map(|(name, _)| name);
    for name in settings.filter(|name| name.to_string_lossy().starts_with("SUPABASE_POOL_")) {
        command.env_remove(name);
    }
    for name in VARIABLES {
        command.env_remove(name);
    }
    command
}

fn on_project(path: &str, arguments: &[&str], simulator: &Simulator) -> Command {
    let mut command = program(path, arguments);
    command.env("SUPABASE_URL", simulator.url()).env("SUPABASE_PUBLISHABLE_KEY", simulator.anon_key());
    command
}

fn run(mut command: Command) -> (Output, String, String) {
    let output = command.output().expect("the program can be started");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    (output, out, err)
}

#[track_caller]
fn assert_says(out: &str, expected: &[&str]) {
    for line in expected {
        assert!(out.contains(line), "{line:?} is missing in:\n{out}");
    }
}

#[test]
fn the_quickstart_recovers_from_everything_that_it_does_to_the_pool() {
    let (output, out, err) = run(program(QUICKSTART, &["--seconds", "3"]));
    assert!(output.status.success(), "{out}\n{err}");
    assert_says(
        &out,
        &[
            "to the built-in simulator at 127.0.0.1:",
            "2 of 4, connections cut",
            "closed: the server hung up",
            "endpoint down",
            "endpoint up",
            "recovered from an outage",
            "counted 0 views more than once",
            "Everything recovered",
        ],
    );
    assert!(!out.contains('\x1b'), "a pipe gets plain lines:\n{out}");
}

#[test]
fn a_project_is_only_queried_and_nothing_is_cut_there() {
    let simulator = Simulator::start().unwrap();
    let (output, out, err) = run(on_project(QUICKSTART, &["--seconds", "3"], &simulator));
    assert!(output.status.success(), "{out}\n{err}");
    assert_says(&out, &["nothing is cut there", "left out: it writes to your project", "All is well"]);
    let writes = simulator.counters().executed_count("POST", "/rest/v1/rpc/record_blog_view");
    assert_eq!(writes, 0, "{out}");
}

#[test]
fn what_a_project_does_not_have_is_said_and_left_out() {
    let simulator = Simulator::start().unwrap();
    let answer = CannedAnswer::postgrest(404, "PGRST205", "Could not find the table 'public.courses'");
    simulator.inject(Fault::answer(answer).path("/rest/v1/courses"));
    let (output, out, err) = run(on_project(QUICKSTART, &["--seconds", "3", "--write"], &simulator));
    assert!(output.status.success(), "{out}\n{err}");
    assert_says(
        &out,
        &["left out: the service answered 404 PGRST205", "record_blog_view  the post now has", "All is well"],
    );
}

#[test]
fn a_project_where_nothing_works_is_a_failure_with_its_reasons() {
    let simulator = Simulator::start().unwrap();
    let mut command = on_project(QUICKSTART, &[], &simulator);
    command.env("SUPABASE_PUBLISHABLE_KEY", "sb_publishable_of_another_project");
    let (output, out, err) = run(command);
    assert_eq!(output.status.code(), Some(1), "{out}\n{err}");
    assert_says(&out, &["left out: the service answered 401"]);
    assert_says(&err, &["none of the four operations works here"]);
    assert!(!out.contains("sb_publishable") && !err.contains("sb_publishable"), "{out}\n{err}");
}

#[test]
fn a_project_that_cannot_be_reached_is_told_at_once() {
    let simulator = Simulator::start().unwrap();
    simulator.refuse().unwrap();
    for path in [QUICKSTART, BLOG_SERVICE] {
        let (output, out, err) = run(on_project(path, &[], &simulator));
        assert_eq!(output.status.code(), Some(1), "{out}\n{err}");
        assert_says(&err, &["the endpoint cannot be reached", "refused"]);
    }
}

#[test]
fn half_a_configuration_names_the_other_half() {
    for path in [QUICKSTART, BLOG_SERVICE] {
        let mut command = program(path, &[]);
        command.env("SUPABASE_URL", "https://abcdefgh.supabase.co");
        let (output, _, err) = run(command);
        assert_eq!(output.status.code(), Some(1), "{err}");
        assert_says(&err, &["SUPABASE_PUBLISHABLE_KEY is not set"]);
    }
}

#[test]
fn what_is_not_understood_is_refused_with_what_is() {
    for (path, option) in [(QUICKSTART, "--seconds N"), (BLOG_SERVICE, "--write"), (ADMIN_PANEL, "--port N")]
    {
        let (output, _, err) = run(program(path, &["--fast"]));
        assert_eq!(output.status.code(), Some(2), "{err}");
        assert_says(&err, &["--fast", option]);
        let (output, out, _) = run(program(path, &["--help"]));
        assert!(output.status.success());
        assert_says(&out, &[option, "SUPABASE_URL"]);
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_the_round_with_its_summary() {
    let mut command = program(QUICKSTART, &["--seconds", "600"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the program can be started");
    let mut out = BufReader::new(child.stdout.take().expect("its output is a pipe"));
    let mut line = String::new();
    while !line.contains("1 of 4") {
        line.clear();
        assert!(out.read_line(&mut line).unwrap() > 0, "it ended before the first act");
    }
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success(), "{rest}");
    assert_says(&rest, &["What happened in", "Stopped by Ctrl-C"]);
}

#[test]
fn the_blog_service_serves_survives_and_closes() {
    let (output, out, err) = run(program(BLOG_SERVICE, &[]));
    assert!(output.status.success(), "{out}\n{err}");
    assert_says(
        &out,
        &[
            "10 blogs and 11 courses",
            "views after one read: 1; after sending the same again: 1",
            "409",
            "24 served",
            "503",
            "the server is back: 11 courses",
            "who was here was served: 10 blogs",
            "record_blog_view",
        ],
    );
}

#[test]
fn on_a_project_the_blog_service_only_reads() {
    let simulator = Simulator::start().unwrap();
    let (output, out, err) = run(on_project(BLOG_SERVICE, &[], &simulator));
    assert!(output.status.success(), "{out}\n{err}");
    assert_says(&out, &["A blog on your project at", "24 served"]);
    assert_eq!(
        simulator.observe(|counters| counters
            .executed
            .iter()
            .filter(|request| request.method == "POST")
            .count()),
        0
    );
}

/// What `place` answers to a request of one line, the head included.
fn ask(place: &str, line: &str, token: &str) -> String {
    let mut socket = TcpStream::connect(place).unwrap();
    write!(
        socket,
        "{line} HTTP/1.1\r\nhost: panel\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

#[cfg(unix)]
#[test]
fn the_admin_panel_shows_the_pool_and_operates_it_for_whoever_has_the_token() {
    let mut command = program(ADMIN_PANEL, &["--port", "0"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    while !said.contains("/metrics\n") {
        assert!(out.read_line(&mut said).unwrap() > 0, "it ended early: {said}");
    }
    let after = |words: &str| said.split_once(words).unwrap().1.split_whitespace().next().unwrap().to_owned();
    let (token, url) = (after("brings the token "), after("The panel "));
    let place = url.trim_start_matches("http://").trim_end_matches('/');

    assert_says(
        &ask(place, "GET /", ""),
        &["200 OK", "text/html", "content-security-policy: default-src 'none'"],
    );
    assert_says(&ask(place, "GET /metrics", ""), &["200 OK", "db_client_connection_max{", "# EOF"]);
    assert_says(&ask(place, "GET /health", ""), &["200 OK"]);
    assert_says(&ask(place, "POST /api/pools/blog/suspend", "guessed-by-somebody"), &["401"]);
    assert_says(&ask(place, "POST /api/pools/blog/suspend", &token), &["200 OK"]);
    assert_says(&ask(place, "GET /health", ""), &["503", "suspended"]);
    assert_says(
        &ask(place, "GET /api/status", ""),
        &["\"operations\":\"locked\"", "suspended by an operator"],
    );
    assert_says(&ask(place, "POST /api/pools/blog/resume", &token), &["200 OK"]);

    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success(), "{rest}");
    assert_says(&rest, &["Closed."]);
}
