//! Two threads take two locks in opposite order. The simulator finds the
//! deadlock within a few seeds, names both threads and the lines where they
//! wait, and finds it again whenever it runs that seed.
//!
//! ```console
//! $ cargo run -p labrt --example deadlock
//! ```
#![allow(clippy::disallowed_macros, reason = "an example prints")]

use std::sync::Arc;

use labrt::sync::Mutex;
use labrt::{Config, Failure, run, thread};

/// Moves one coin from each purse to the other, in two threads.
fn swap_coins() {
    let (left, right) = (Arc::new(Mutex::new(10)), Arc::new(Mutex::new(10)));
    let (from, to) = (Arc::clone(&right), Arc::clone(&left));
    let other = thread::spawn(move || move_coin(&from, &to));
    move_coin(&left, &right);
    other.join().expect("the other thread does not panic");
}

/// Holds both locks while it moves the coin. The order of the locks depends on
/// the direction: that is the bug.
fn move_coin(from: &Mutex<u32>, to: &Mutex<u32>) {
    let mut from = from.lock();
    let mut to = to.lock();
    *from -= 1;
    *to += 1;
}

/// Runs [`swap_coins`] with one seed after the other, and returns the first seed
/// that fails, with its report.
pub(crate) fn find_deadlock() -> Option<(u64, Failure)> {
    (1..=1000).find_map(|seed| {
        let run = run(&Config { seed, ..Config::default() }, swap_coins);
        run.result.err().map(|failure| (seed, failure))
    })
}

pub(crate) fn main() {
    match find_deadlock() {
        Some((seed, failure)) => println!("seed {seed}: {failure}"),
        None => println!("no deadlock in 1,000 runs"),
    }
}
