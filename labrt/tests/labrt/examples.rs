//! The programs in `examples/` do what they say.

#[path = "../../examples/deadlock.rs"]
mod deadlock;

#[test]
fn the_example_finds_the_deadlock_and_finds_it_again() {
    deadlock::main();
    let (seed, failure) = deadlock::find_deadlock().expect("one seed in 1,000 has the deadlock");
    assert!(failure.message.contains("deadlock"), "seed {seed}: {failure}");
    assert!(failure.message.contains("deadlock.rs"), "seed {seed}: {failure}");
    assert_eq!(deadlock::find_deadlock(), Some((seed, failure)));
}
