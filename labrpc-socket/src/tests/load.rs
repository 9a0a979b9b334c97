//! More calls than a service runs at the same time: they wait with their clients.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use super::*;

/// The number of calls that run now, and its maximum so far.
#[derive(Default)]
struct Gauge {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Gauge {
    fn run<R>(&self, call: impl FnOnce() -> R) -> R {
        self.most.fetch_max(self.now.fetch_add(1, SeqCst) + 1, SeqCst);
        let result = call();
        self.now.fetch_sub(1, SeqCst);
        result
    }
}

/// Returns a service that counts its calls, and its gauge. `Hold` returns when the
/// sender is dropped.
fn gauged(
    options: Options,
    limits: impl FnOnce(&mut Limits),
) -> (Serving, Arc<Gauge>, channel::Sender<()>) {
    let gauge = Arc::new(Gauge::default());
    let (release, gate) = channel::unbounded();
    let measured = Arc::clone(&gauge);
    let listener = Listener::bind(&any_port(), options).expect("a free port");
    let serving = listener.with_limits(limits).serve(move |_| {
        let [counting, holding] = [(); 2].map(|()| Arc::clone(&measured));
        let gate: Receiver<()> = gate.clone();
        let service = Service::new("Load")
            .method("Count", move |(): ()| counting.run(thread::yield_now))
            .method("Hold", move |(): ()| {
                holding.run(|| _ = gate.recv_timeout(PATIENCE));
            });
        Server::new().with_service(service)
    });
    (serving.expect("a thread"), gauge, release)
}

#[test]
fn pipelined_calls_wait_for_their_turn() {
    const CALLS: u64 = 100_000;
    let (serving, gauge, _release) = gauged(Options::default(), |_| {});
    let socket = Arc::new(raw(serving.address(), &Options::default()));
    let writing = Arc::clone(&socket);
    let writer = thread::spawn(move || {
        let mut bytes = Vec::new();
        for call in 0..CALLS {
            let method = "Load.Count".to_owned();
            bytes.extend(Frame::Request { call, method, argument: Vec::new() }.encode());
        }
        (&*writing).write_all(&bytes).expect("the server reads on");
    });
    let answer = Frame::Answer { call: 0, answer: Answer::Reply(Vec::new()) }.encode();
    let mut answers = vec![0; answer.len() * CALLS as usize];
    (&*socket).read_exact(&mut answers).expect("each call is answered");
    writer.join().expect("no panic");
    let most = gauge.most.load(SeqCst);
    assert!(most <= 32, "{most} calls at a time");
}

#[test]
fn a_full_connection_stays_and_its_calls_run_later() {
    let (serving, gauge, release) = gauged(hasty(), |limits| {
        limits.per_connection.calls = 2;
        limits.in_all.calls = 3;
    });
    let ends = [(); 2].map(|()| dial(serving.address(), hasty()).expect("served"));
    let calls: Vec<_> = (0..8)
        .map(|call| {
            let end = ends[call % 2].clone();
            thread::spawn(move || end.call::<_, ()>("Load.Hold", &()))
        })
        .collect();
    // Without pongs the clients would consider the server crashed.
    thread::sleep(hasty().silence * 4);
    assert_eq!(gauge.now.load(SeqCst), 3);
    drop(release);
    for call in calls {
        assert_eq!(call.join().expect("no panic"), Some(()));
    }
    assert_eq!(gauge.most.load(SeqCst), 3);
}

/// A full connection notices that its client closes it.
#[test]
fn a_full_connection_ends_when_its_client_closes_it() {
    let (serving, endings) =
        serve_with(&any_port(), hasty(), |limits| limits.per_connection.calls = 1);
    let mut socket = raw(serving.address(), &hasty());
    for call in 0..2 {
        let request = Frame::Request { call, method: "Echo.Wait".into(), argument: Vec::new() };
        socket.write_all(&request.encode()).expect("the server reads on");
    }
    drop(socket);
    endings.recv_timeout(PATIENCE).expect("it ends");
}
