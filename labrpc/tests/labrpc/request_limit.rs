//! Servers that stop accepting requests.

use labrpc::{Network, RequestLimit, Server, Service};
use labrt::thread;
use labrt::time::Duration;

/// The server replies to accepted requests; later ones reach no server.
#[test]
fn closed_door_lets_accepted_requests_finish_and_rejects_later_ones() {
    tester::test("Test: a server with a request limit", |_| {
        let network = Network::new();
        let limit = RequestLimit::new();
        let slow = Service::new("Slow").method("Echo", |number: u64| {
            thread::sleep(Duration::from_millis(300));
            number
        });
        let server = Server::new().with_service(slow).with_request_limit(limit.clone());
        network.add_server("server", server);
        let end = network.make_end("client");
        network.connect("client", "server");
        network.enable("client", true);

        assert_eq!(end.call("Slow.Echo", &0_u64), Some(0_u64));
        limit.close_after(2);
        for number in 1..=4_u64 {
            assert_eq!(limit.is_open(), number <= 2);
            assert_eq!(end.call("Slow.Echo", &number), (number <= 2).then_some(number));
        }
        assert_eq!(network.count("server"), Some(3));
        limit.close_after(1);
        assert_eq!(end.call("Slow.Echo", &5_u64), Some(5_u64));
    });
}
