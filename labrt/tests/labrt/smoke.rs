use labrt::*;
use labrt::time::{Duration, Instant};
use labrt::sync::{Mutex, Condvar};
use std::sync::Arc;
fn all(f: impl Fn() + Send + Sync + Clone + 'static) {
    for (clock, engine) in [(Clock::Real, Engine::Coro), (Clock::Virtual, Engine::Coro), (Clock::Virtual, Engine::Os)] {
        for seed in 0..50 {
            if clock == Clock::Real && seed > 0 { break }
            let f = f.clone();
            let r = run(&Config { clock, engine, seed, ..Config::default() }, move || f());
            if let Err(e) = r.result { panic!("{clock:?} {engine:?} {seed} {e}") }
        }
    }
}
#[test]
fn smoke() {
    all(|| {
        let m = Arc::new((Mutex::new(0), Condvar::new()));
        let (tx, rx) = channel::bounded(0);
        let hs: Vec<_> = (0..10).map(|i| { let m = m.clone(); let tx = tx.clone(); thread::spawn(move || { for _ in 0..10 { *m.0.lock() += 1; m.1.notify_all(); thread::sleep(Duration::from_millis(1)); tx.send(i).unwrap(); } }) }).collect();
        drop(tx);
        let mut n = 0;
        let (_stop, stopped) = channel::bounded::<()>(0);
        let t = Instant::now();
        loop {
            select! {
                recv(rx) -> v => match v { Ok(_) => n += 1, Err(_) => break },
                recv(stopped) -> _ => unreachable!(),
            }
        }
        assert_eq!(n, 100);
        let mut g = m.0.lock();
        while *g < 100 { m.1.wait(&mut g) }
        for h in hs { h.join().unwrap() }
        assert!(t.elapsed() >= Duration::from_millis(10));
    });
}
#[test]
fn engines_agree() {
    for seed in 0..100 {
        let h = |engine| run(&Config { engine, seed, ..Config::default() }, || {
            let (tx, rx) = channel::bounded(0);
            let m = Arc::new(Mutex::new(0));
            for i in 0..5 { let m = m.clone(); let tx = tx.clone(); thread::spawn(move || for _ in 0..20 { *m.lock() += 1; if rng().chance(1, 3) { thread::sleep(Duration::from_micros(rng().below(50))) } select!{ send(tx, i) -> _ => {}, default(Duration::from_micros(10)) => {} } }); }
            drop(tx);
            rx.iter().count()
        });
        let (a, b, c) = (h(Engine::Coro), h(Engine::Coro), h(Engine::Os));
        assert_eq!(a.stats.hash, b.stats.hash);
        assert_eq!(a.stats.hash, c.stats.hash);
        assert_eq!(a.result, c.result);
    }
}
