//! The programs in `examples/` do what they say.

#[path = "../examples/counter.rs"]
mod counter;

use porcupine::Verdict;

#[test]
fn the_counter_may_serve_overlapping_requests_in_either_order() {
    counter::main();
    assert_eq!(counter::check([0, 1, 2]), Verdict::Ok);
    assert_eq!(counter::check([1, 0, 2]), Verdict::Ok);
    assert_eq!(counter::check([0, 0, 1]), Verdict::Illegal, "one number for two requests");
    assert_eq!(counter::check([1, 2, 0]), Verdict::Illegal, "a number from the past");
}
