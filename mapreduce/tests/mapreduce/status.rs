//! The status of a job, and its page.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::sync::Arc;

use labrpc_socket::{Address, Options, dial};
use labrt::thread;
use labrt::time::Duration;
use mapreduce::status::{Ledger, Phase, WorkerState};
use mapreduce::{
    Assignment, Coordinator, CoordinatorClient, CoordinatorService, Done, JobOptions, Member,
    RegisterArgs, ReportArgs, RequestArgs, Session, TaskId, VERSION, WorkerId,
};
use serde_json::Value;

use crate::outputs::assert_same;
use crate::processes::{LIMIT, Place, Process, program};

fn register(worker: WorkerId, folder: &Path) -> RegisterArgs {
    let folder = fs::canonicalize(folder).expect("a folder").into_os_string().into_vec();
    RegisterArgs { version: VERSION.into(), app: "wc".into(), worker, folder }
}

/// Requests a task.
fn request(session: &Session, member: Member, sequence: u64) -> Assignment {
    session.request_task(RequestArgs { member, sequence, backups: true }).expect("it has joined")
}

/// Reports a map task as done that has read `read` bytes. Returns whether the
/// coordinator accepts the report.
fn report(session: &Session, member: Member, (task, attempt): (u64, u64), read: u64) -> bool {
    let counts = [("mr.input_bytes".to_owned(), read)].into();
    let (task, outcome) = (TaskId::Map(task), Ok(Done { counts, skipped: Vec::new() }));
    session.report(ReportArgs { member, task, attempt, outcome }).expect("it has joined").accepted
}

/// Checks that both are equal, except for the microseconds that a call takes.
#[track_caller]
fn assert_about(value: Option<f64>, expected: f64) {
    let value = value.expect("a number");
    assert!((value - expected).abs() < 0.01, "{value} is not about {expected}");
}

#[test]
fn status_follows_tasks_and_workers_MR() {
    tester::test("Test (MR): status follows tasks and workers", |_| {
        let mut options = JobOptions::default();
        let ledger = Ledger::observe(&mut options.observers);
        let status = || ledger.lock().status();
        let coordinator = Coordinator::with_options(vec!["a".into(), "b".into()], 2, options);
        let folder = tempfile::tempdir().expect("a folder");
        let sessions = [coordinator.session(), coordinator.session()];
        assert_eq!(status().maps.left_s, None);
        let join = |(session, worker): (&Arc<Session>, WorkerId)| {
            let job = session.register(register(worker, folder.path())).expect("it is welcome");
            let member = Member { job, worker };
            request(session, member, 1);
            member
        };
        let members: Vec<Member> = sessions.iter().zip([7, 8]).map(join).collect();
        thread::sleep(Duration::from_secs(2));
        assert!(report(&sessions[0], members[0], (0, 1), 100));
        let now = status();
        assert_eq!((now.phase, &*now.maps.states, now.maps.running), (Phase::Map, "dr", 1));
        assert_about(now.maps.left_s, 2.0);
        assert_about(Some(now.rates.input_bytes), 50.0);
        assert_eq!(now.reduces.left_s, None);
        assert_eq!(now.workers[1].task.as_deref(), Some("map 1, b"));
        assert_about(now.workers[1].task_s, 2.0);

        // The connection breaks, but the worker still runs, and reports first.
        sessions[1].close();
        let again = request(&sessions[0], members[0], 2);
        assert!(matches!(again, Assignment::Map { task: 1, attempt: 3, .. }), "{again:?}");
        assert_eq!(status().workers[1].state, WorkerState::Lost);
        assert!(report(&sessions[0], members[1], (1, 2), 10));
        assert!(!report(&sessions[0], members[0], (1, 3), 10));
        thread::sleep(Duration::from_secs(20));
        let now = status();
        assert_eq!((now.phase, now.maps.done), (Phase::Reduce, 2));
        assert_eq!(now.counters["mr.input_bytes"], 110, "a task counts once");
        assert_eq!(now.rates.tasks, 0.0, "no task ended recently");
        let work: Vec<_> = now.workers.iter().map(|worker| (worker.done, worker.late)).collect();
        assert_eq!(work, [(1, 1), (1, 0)]);
        assert_eq!((now.workers_lost, now.failures_total), (1, 1));
        assert_eq!(now.failures[0].text, "worker 2 was lost with map 1, b");

        // The status shows reports that do not count.
        assert!(report(&sessions[0], members[0], (0, 1), 100), "the same once more");
        assert!(!report(&sessions[0], members[0], (1, 2), 100));
        let now = status();
        assert_eq!(now.counters["mr.input_bytes"], 110, "a task counts once");
        let text = "worker 1 reported map 1, but it does not have the task: ignored";
        assert_eq!((now.failures_total, &*now.failures[1].text), (2, text));
    });
}

/// Sends bytes and returns the answer, which ends with the connection.
fn visit(address: &str, words: &[u8]) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(words)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Starts a coordinator with a page. Also returns the address of the page.
fn coordinator_with_page(place: &Place) -> (Process, String) {
    let mut command = program("mrcoordinator");
    command.current_dir(place.job()).args(["--status", "127.0.0.1:0"]);
    command.arg("--socket").arg(place.socket()).args(&place.inputs);
    let mut coordinator = Process::start("mrcoordinator", &mut command);
    let line = coordinator.first_line();
    let url = line.strip_prefix("mrcoordinator: status page at http://").expect("an address");
    (coordinator, url.trim_end_matches('/').to_owned())
}

fn status(address: &str) -> Value {
    let answer = visit(address, b"GET /status.json HTTP/1.0\r\n\r\n").expect("an answer");
    serde_json::from_str(answer.split_once("\r\n\r\n").expect("a body").1).expect("JSON")
}

#[test]
fn requests_of_any_kind_MR() {
    tester::test_in_real_time("Test (MR): requests of any kind", |_| {
        let place = Place::new(2, 2000);
        let (_coordinator, address) = coordinator_with_page(&place);
        let long_line = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(9000));
        let many = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X: y\r\n".repeat(64));
        let endless = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(100_000));
        for (words, line) in [
            ("GET / HTTP/1.1\r\nHost: localhost:1\r\n\r\n", "200 OK"),
            ("HEAD / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n", "200 OK"),
            ("GET /status.json?now HTTP/1.0\r\n\r\n", "200 OK"),
            ("GET /nothing HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n", "404 Not Found"),
            (
                "POST / HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 3\r\n\r\nabc",
                "405 Method Not Allowed",
            ),
            ("GET / HTTP/1.1\r\n\r\n", "400 Bad Request"),
            ("GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", "400 Bad Request"),
            ("GET / HTTP/1.0\r\nHost: localhost\r\nhost: evil\r\n\r\n", "400 Bad Request"),
            ("GET / HTTP/1.1\r\nHost:\r\n\r\n", "403 Forbidden"),
            ("GET / HTTP/3.0\r\nHost: localhost\r\n\r\n", "400 Bad Request"),
            (&long_line, "400 Bad Request"),
            (&many, "400 Bad Request"),
            ("GET / HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n", "403 Forbidden"),
            ("\u{16}\u{3}\u{1}\r\n\r\n", "400 Bad Request"),
            (&endless, "400 Bad Request"),
        ] {
            let answer = visit(&address, words.as_bytes()).expect("an answer");
            let begin = &words[..words.len().min(50)];
            assert!(answer.starts_with(&format!("HTTP/1.1 {line}\r\n")), "{begin:?}: {answer}");
            assert_eq!(words.starts_with("HEAD"), answer.ends_with("\r\n\r\n"), "{begin:?}");
        }
        let page = visit(&address, b"GET / HTTP/1.0\r\n\r\n").expect("the page");
        assert!(page.contains("<title>MapReduce</title>"), "{page}");
        assert!(!page.contains("://"), "the page loads nothing from elsewhere");
    });
}

/// Visitors that stay connected, send part of a request or close the connection do
/// not disturb the job or other visitors.
#[test]
fn slow_visitors_disturb_nobody_MR() {
    tester::test_in_real_time("Test (MR): slow visitors disturb nobody", |_| {
        let mut place = Place::new(8, 2_000_000);
        let odd = "../in/<b>\"&.txt".to_owned();
        let path = |name: &str| place.job().join(name);
        std::fs::rename(path(&place.inputs[0]), path(&odd)).expect("both are in one folder");
        place.inputs[0] = odd;
        let (coordinator, address) = coordinator_with_page(&place);
        let mut visitors = Vec::new();
        // As many as the page serves at the same time: it closes the oldest for others.
        for number in 0..16 {
            let mut stream = TcpStream::connect(&address).expect("it listens");
            let half: &[u8] = if number % 2 == 0 { b"" } else { b"GET /stat" };
            stream.write_all(half).expect("there is room");
            visitors.push(stream);
        }
        visitors[0].shutdown(Shutdown::Both).expect("it is open");

        let end = dial(&Address::Unix(place.socket()), Options::default()).expect("it listens");
        let client = CoordinatorClient::new(end);
        let job = client.register(&register(1, &place.job())).expect("an answer");
        let member = Member { job: job.expect("it is welcome"), worker: 1 };
        let request = RequestArgs { member, sequence: 1, backups: true };
        client.request_task(&request).expect("an answer").expect("a task");
        let busy = status(&address);
        assert_eq!(busy["workers"][0]["task"], "map 0, ../in/<b>\"&.txt", "{busy}");
        drop(client);
        while status(&address)["workers_lost"] == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        let worker = place.worker("wc");
        // A visitor can see the end of the job.
        while status(&address)["phase"] != "done" {
            thread::sleep(Duration::from_millis(1));
        }
        assert!(coordinator.end_within(LIMIT).status.success());
        assert!(worker.end_within(LIMIT).status.success());
        assert_same(&place.output(), &place.reference("wc"));
    });
}

#[test]
fn addresses_that_cannot_be_are_told_MR() {
    tester::test_in_real_time("Test (MR): addresses that cannot be are told", |_| {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let taken = taken.local_addr().map(|address| (taken, address.to_string())).expect("one");
        for (address, text) in [
            (&*taken.1, "is in use by another program: take another port, or 0 for a free one\n"),
            ("0.0.0.0:0", ": the page is for this machine alone: take 127.0.0.1, and"),
            ("8080", ": expected HOST:PORT, such as 127.0.0.1:0\n"),
        ] {
            let mut command = program("mrcoordinator");
            let ended = Process::start("mrcoordinator", command.args(["--status", address, "x"]))
                .end_within(LIMIT);
            let begin = format!("mrcoordinator: --status {address}");
            assert!(ended.stderr.starts_with(&begin) && ended.stderr.contains(text), "{ended:?}");
            assert_eq!((ended.stderr.lines().count(), ended.status.code()), (1, Some(1)));
        }
    });
}
