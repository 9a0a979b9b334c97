//! Servers accept the calls of both editions: `PutAppend` of 2023, `Put` and
//! `Append` of 2024.

use kvraft::{GetArgs, KvClient, KvError, PutAppendArgs, WriteArgs, WriteKind};
use labrt::thread::sleep;
use labrt::time::Duration;
use rsm::RequestId;
use tester::Net;

use crate::harness::{harness, reference};

#[test]
fn servers_accept_the_calls_of_both_editions() {
    tester::test("Test: the calls of both editions", |ctx| {
        let h = harness(ctx, reference(), 1, Net::Reliable, None);
        let ends = h.cluster().clerk_ends();
        ends.connect([0]);
        let server = KvClient::new(ends.ends().remove(0));
        while h.cluster().leader().is_none() {
            sleep(Duration::from_millis(10));
        }
        let args = |value: &str, sequence| WriteArgs {
            key: "k".into(),
            value: value.into(),
            request: RequestId { client: 1, sequence },
        };
        let get = || server.get(&GetArgs { key: "k".into() }).expect("the network is reliable");
        assert_eq!(get(), Err(KvError::NoKey));
        assert_eq!(server.put(&args("a", 1)), Some(Ok(())));
        assert_eq!(server.append(&args("b", 2)), Some(Ok(())));
        let WriteArgs { key, value, request } = args("c", 3);
        server.put_append(&PutAppendArgs { op: WriteKind::Append, key, value, request });
        // The same request by the other method is a retry.
        server.append(&args("c", 3));
        assert_eq!(get().as_deref().map(String::as_str), Ok("abc"));
    });
}
