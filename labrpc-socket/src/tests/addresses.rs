//! Unix sockets: one running server per path, and no wait without a limit.

use super::*;

/// A short limit for a connection.
fn soon() -> Options {
    Options { greeting_limit: Duration::from_millis(100), ..Options::default() }
}

#[test]
fn one_of_several_servers_that_start_together_binds() {
    let folder = tempfile::tempdir().expect("a folder");
    for round in 0..60 {
        let path = folder.path().join(format!("s{round}"));
        if round % 2 == 0 {
            // The file of a server that was killed.
            drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket"));
        }
        let starting: Vec<_> = (0..4)
            .map(|_| {
                let address = Address::Unix(path.clone());
                thread::spawn(move || Listener::bind(&address, Options::default()))
            })
            .collect();
        let bound: Vec<_> =
            starting.into_iter().map(|server| server.join().expect("no panic")).collect();
        let living = bound.iter().filter(|bound| bound.is_ok()).count();
        assert_eq!(living, 1, "round {round}: {bound:?}");
        for error in bound.iter().filter_map(|bound| bound.as_ref().err()) {
            assert!(matches!(error, BindError::InUse(_)), "{error}");
        }
    }
    assert_eq!(fs::read_dir(&folder).expect("the folder").count(), 0, "nothing is left");
}

#[test]
fn a_closing_server_does_not_remove_the_socket_of_the_next_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let address = Address::Unix(folder.path().join("s"));
    let mut server = Some(Listener::bind(&address, Options::default()).expect("it is free"));
    for _ in 0..50 {
        let old = server.take();
        let ending = thread::spawn(move || drop(old));
        let next = loop {
            match Listener::bind(&address, Options::default()) {
                Ok(next) => break next,
                Err(error) => assert!(matches!(error, BindError::InUse(_)), "{error}"),
            }
        };
        ending.join().expect("no panic");
        connect(&address, PATIENCE).expect("the next server listens");
        server = Some(next);
    }
}

#[test]
fn a_path_too_long_for_clients_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |length: usize, name: usize| {
        let root = folder.path().as_os_str().len();
        let inner = folder.path().join("f".repeat(length - root - name - 2));
        fs::create_dir_all(&inner).expect("there is room");
        inner.join("s".repeat(name))
    };
    for name in [1, 20] {
        let address = Address::Unix(path(107, name));
        let (_serving, _endings) = serve_at(&address, Options::default());
        let end = dial(&address, Options::default()).expect("it can be reached");
        assert_eq!(echo(&end, "a"), Some("a".into()));
    }
    let address = Address::Unix(path(108, 1));
    let reason = "the path has 108 bytes: a Unix socket allows at most 107";
    let error = Listener::bind(&address, Options::default()).expect_err("too long");
    assert_eq!(error.to_string(), format!("cannot listen at {address}: {reason}"));
    let error = dial(&address, Options::default()).expect_err("too long");
    assert_eq!(error.to_string(), format!("cannot reach {address}: {reason}"));
}

#[test]
fn a_full_backlog_blocks_neither_clients_nor_servers() {
    let folder = tempfile::tempdir().expect("a folder");
    let address = Address::Unix(folder.path().join("s"));
    let (domain, system) = address.to_system().expect("a short path");
    let stopped = Socket::new(domain, socket2::Type::STREAM, None).expect("a socket");
    stopped.bind(&system).expect("it is free");
    stopped.listen(0).expect("it is bound");
    let queued: Vec<_> =
        std::iter::from_fn(|| connect(&address, Duration::from_millis(10)).ok()).collect();
    assert!(!queued.is_empty());
    let begin = Instant::now();
    let error = dial(&address, soon()).expect_err("no server accepts").to_string();
    assert_eq!(error, format!("cannot reach {address}: timed out"));
    let error = Listener::bind(&address, Options::default()).expect_err("a server runs there");
    assert!(matches!(error, BindError::InUse(_)), "{error}");
    assert!(begin.elapsed() < PATIENCE / 2);
}
