//! Servers that keep too much are caught, each in a process of its own.

use tester::Specimen;

use crate::broken::{Hoarder, Keeps};
use crate::many::mem_many_appends;
use crate::values::{mem_get, mem_put};

/// Defines a test that sees a server with too good a memory fail.
macro_rules! caught {
    ($name:ident, $keeps:ident, $body:ident) => {
        #[test]
        fn $name() {
            let title = concat!("Test: a server that ", stringify!($name));
            let body = || {
                tester::test_alone(title, |ctx| $body(ctx, || Hoarder::make(Keeps::$keeps)));
            };
            let Some(told) = Specimen::new().run(body) else { return };
            assert!(!told.passed());
            told.assert_contains(&["the server uses too much memory: "]);
        }
    };
}

caught!(keeps_get_replies, GetReplies, mem_get);
caught!(keeps_put_arguments, PutArguments, mem_put);
caught!(keeps_append_replies, AppendReplies, mem_many_appends);
