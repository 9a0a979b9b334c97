//! The programs in `examples/` do what they say.

#[path = "../../examples/greeter.rs"]
mod greeter;

#[test]
fn the_greeter_answers_although_messages_are_lost() {
    greeter::main();
    let runs: Vec<_> = (1..=100).map(greeter::greet_with_seed).collect();
    assert!(runs.iter().all(|(greeting, _)| greeting == "Hello, world!"));
    assert!(runs.iter().any(|&(_, calls)| calls > 1), "no message was lost");
}
