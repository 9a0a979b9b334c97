//! The macros that define the tests of a lab.

use crate::context::Context;

/// Defines a `#[test]`: its name, its title, its body, and the
/// [`Factory`](crate::Factory) of the servers that the body gets.
///
/// ```
/// # #[allow(non_snake_case)]
/// # mod tests {
/// # use tester::{Cluster, Context, Factory, Net, Node};
/// type MakeServer = Factory<Box<dyn Node>>;
///
/// fn basic_agree(ctx: &Context, make: MakeServer) {
///     Cluster::new(ctx, 3, Net::Reliable, move |setup| make.make(setup, ()));
/// }
///
/// # fn reference() -> MakeServer { unimplemented!() }
/// tester::lab_test!(basic_agree_2B, "Test (2B): basic agreement", basic_agree, reference());
/// # }
/// ```
///
/// The body can be a closure, for a test with parameters. An optional last
/// argument names the function that runs the test instead of
/// [`test`](crate::test()), such as [`test_alone`](crate::test_alone).
#[macro_export]
macro_rules! lab_test {
    ($name:ident, $title:expr, $body:expr, $factory:expr $(,)?) => {
        $crate::lab_test!($name, $title, $body, $factory, $crate::test);
    };
    ($name:ident, $title:expr, $body:expr, $factory:expr, $run:path $(,)?) => {
        #[test]
        fn $name() {
            $run(&$title, |ctx| $crate::run_body(ctx, $body, $factory));
        }
    };
}

/// Defines a `#[test]` which checks that broken servers fail a test of the lab.
///
/// The arguments are the name, the body and the factory as for
/// [`lab_test!`](crate::lab_test!), the number of seeds within which the test
/// must fail, and the texts that its report must contain. `"a" | "b"` means
/// that one of the two is enough.
///
/// ```
/// # mod tests {
/// # use tester::{Cluster, Context, Factory, Net, Node};
/// # type MakeServer = Factory<Box<dyn Node>>;
/// # fn basic_agree(_: &Context, _: MakeServer) {}
/// # fn forgetful() -> MakeServer { unimplemented!() }
/// tester::caught!(forgets, basic_agree, forgetful(), 20, "apply error", "index 1" | "index 2");
/// # }
/// ```
///
/// The test runs in a child process, as a [`ChildTest`](crate::ChildTest).
#[macro_export]
macro_rules! caught {
    ($name:ident, $body:expr, $factory:expr, $seeds:expr, $($($word:literal)|+),+ $(,)?) => {
        #[test]
        fn $name() {
            let title = concat!("Test: a server that ", stringify!($name));
            let run = || $crate::test(title, |ctx| $crate::run_body(ctx, $body, $factory));
            if let Some(report) = $crate::ChildTest::broken($seeds).run(run) {
                report.assert_caught(&[$(&[$($word),+]),+]);
            }
        }
    };
}

/// Defines a module `parts` with a test which checks that each tag, such as
/// `2A`, selects the given number of tests of the binary, and only tests of its
/// part.
///
/// ```
/// # #[cfg(any())]
/// tester::parts![("2A", 3), ("2B", 10)];
/// ```
#[macro_export]
macro_rules! parts {
    ($($part:expr),+ $(,)?) => {
        mod parts {
            #[test]
            fn each_part_has_the_courses_tests() {
                $crate::assert_parts(&[$($part),+]);
            }
        }
    };
}

/// Runs the body of a test. For the macros of this crate only.
#[doc(hidden)]
pub fn run_body<F>(ctx: &Context, body: impl FnOnce(&Context, F), factory: F) {
    body(ctx, factory);
}
