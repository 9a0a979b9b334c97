//! The command lines of the programs: what they accept, and one clear line for each
//! mistake.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixListener;

use crate::processes::{Place, Process, SOON, program, run};

#[test]
fn command_lines_that_say_too_little_MR() {
    tester::test_in_real_time("Test (MR): command lines that say too little", |_| {
        for (name, arguments, text) in [
            ("mrcoordinator", [].as_slice(), "Usage: mrcoordinator"),
            ("mrcoordinator", &["--socket", "/tmp/5840-mr-nobody"], "Usage: mrcoordinator"),
            ("mrcoordinator", &["--reduces", "0", "x"], "invalid value '0'"),
            (
                "mrcoordinator",
                &["--reduces", "17179869184", "x"],
                "17179869184 is not in 1..=10000",
            ),
            ("mrcoordinator", &["--socket", "tcp:x", "x"], "\"tcp:x\" is not an address"),
            (
                "mrcoordinator",
                &["--token-file", "/nowhere", "x"],
                "token file /nowhere: No such file",
            ),
            ("mrcoordinator", &["--socket", "tcp:0.0.0.0:0", "x"], "set a token"),
            (
                "mrcoordinator",
                &["--socket", "/nowhere/5840-mr-x", "x"],
                "cannot listen at /nowhere/5840-mr-x: No",
            ),
            ("mrworker", &[], "Usage: mrworker"),
            ("mrworker", &["wx"], "there is no application wx; there are wc, indexer"),
            (
                "mrworker",
                &["wc", "--socket", "/nowhere/s"],
                "cannot reach /nowhere/s: No such file",
            ),
            ("mrsequential", &["wc"], "Usage: mrsequential"),
            ("mrsequential", &["wx.so", "x"], "there is no application wx.so; there are wc"),
        ] {
            let ended = run(name, arguments);
            assert!(ended.stderr.contains(text), "{name} {arguments:?}: {ended:?}");
            assert_eq!(ended.status.code(), Some(1), "{name} {arguments:?}");
        }
    });
}

#[test]
fn a_socket_in_use_is_told_MR() {
    tester::test_in_real_time("Test (MR): a socket in use is told", |_| {
        let place = Place::new(1, 1000);
        let mut first = place.coordinator();
        let socket = place.socket().display().to_string();
        let ended = run("mrcoordinator", &["--socket", &socket, "x"]);
        assert_eq!(ended.stderr, format!("mrcoordinator: {socket} is in use by another server\n"));
        assert_eq!(ended.status.code(), Some(1));
        // The first one is not affected.
        place.worker("wc").end_within(SOON);
        assert!(first.has_ended() || first.end_within(SOON).status.success());
    });
}

#[test]
fn the_socket_is_an_argument_as_in_2026_MR() {
    tester::test_in_real_time("Test (MR): the socket is an argument, as in 2026", |_| {
        let place = Place::new(1, 1000);
        fs::write(place.job().join("in.txt"), "a text").expect("there is room");
        let start = |name: &str| {
            let mut command = program(name);
            command.current_dir(place.job());
            command
        };
        let mut coordinator = start("mrcoordinator");
        let coordinator = place.start_coordinator(coordinator.arg(place.socket()).arg("in.txt"));
        let mut worker = start("mrworker");
        let worker = Process::start("mrworker", worker.arg("wc").arg(place.socket()));
        worker.end_within(SOON).assert_success("mrworker");
        coordinator.end_within(SOON).assert_success("mrcoordinator");
        assert!(place.job().join("mr-out-0").exists());
    });
}

/// An argument that looks like a socket is refused with a hint to use `--socket`.
#[test]
fn a_socket_among_the_arguments_is_refused_MR() {
    tester::test_in_real_time("Test (MR): a socket among the arguments is refused", |_| {
        let place = Place::new(1, 1000);
        let socket = place.socket().display().to_string();
        let _listener = UnixListener::bind(&socket).expect("a socket");
        let taken = format!("cannot read input {socket}: it is a socket, not a file");
        for (name, arguments, error, argument) in [
            ("mrcoordinator", ["./s", "in.txt"].as_slice(), "there is no input ./s", "./s"),
            ("mrcoordinator", &["in.txt", "my sock"], "there is no input my sock", "'my sock'"),
            ("mrcoordinator", &["tcp:[::1]:1"], "there is no input tcp:[::1]:1", "'tcp:[::1]:1'"),
            ("mrcoordinator", &["in.txt", &socket], &taken, &socket),
            ("mrworker", &["wc", "./s"], "unexpected argument ./s", "./s"),
            ("mrworker", &["wc", "a.sock", "b.sock"], "unexpected argument b.sock", "b.sock"),
            ("mrworker", &["./sock", "wc"], "unexpected argument ./sock", "./sock"),
        ] {
            fs::write(place.job().join("in.txt"), "a text").expect("there is room");
            let mut command = program(name);
            command.args(arguments).current_dir(place.job());
            let ended = Process::start(name, &mut command).end_within(SOON);
            let line = format!("{name}: {error}; if it is the socket, write --socket {argument}\n");
            assert_eq!((ended.stderr, ended.status.code()), (line, Some(1)));
        }
    });
}

#[test]
fn a_name_that_is_not_UTF_8_is_shown_MR() {
    tester::test_in_real_time("Test (MR): a name that is not UTF-8 is shown", |_| {
        let name = OsStr::from_bytes(b"caf\xe9\x1b.txt");
        let shown = r"caf\xe9\x1b.txt is not UTF-8: rename the file";
        for (program_name, arguments) in [
            ("mrcoordinator", ["x"].as_slice()),
            ("mrcoordinator", &["x", "--socket"]),
            ("mrworker", &[]),
            ("mrsequential", &["wc"]),
            ("mrapp", &["map"]),
        ] {
            let mut command = program(program_name);
            let ended = Process::start(program_name, command.args(arguments).arg(name));
            let ended = ended.end_within(SOON);
            let line = format!("{program_name}: the argument {shown}\n");
            assert_eq!((ended.stderr, ended.status.code()), (line, Some(1)));
        }
        let mut command = program("mrapp");
        command.args(["map", "wc"]).env("map_input_file", name);
        let ended = Process::start("mrapp", &mut command).end_within(SOON);
        let line = format!("mrapp: map_input_file: the name {shown}\n");
        assert_eq!((ended.stderr, ended.status.code()), (line, Some(1)));
    });
}
