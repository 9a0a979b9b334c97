//! Servers that stop accepting requests.

use labrpc::{Door, Network, Server, Service};
use labrt::thread;
use labrt::time::Duration;

/// The server replies to accepted requests; later ones reach no server.
#[test]
fn closed_door_lets_accepted_requests_finish_and_rejects_later_ones() {
    tester::test("Test: a server that closes its door", |_| {
        let network = Network::new();
        let door = Door::new();
        let slow = Service::new("Slow").method("Echo", |number: u64| {
            thread::sleep(Duration::from_millis(300));
            number
        });
        let server = Server::new().with_service(slow).with_door(door.clone());
        network.add_server("server", server);
        let end = network.make_end("client");
        network.connect("client", "server");
        network.enable("client", true);

        assert_eq!(end.call("Slow.Echo", &0_u64), Some(0_u64));
        door.close_after(2);
        for number in 1..=4_u64 {
            assert_eq!(door.is_open(), number <= 2);
            assert_eq!(end.call("Slow.Echo", &number), (number <= 2).then_some(number));
        }
        assert_eq!(network.count("server"), Some(3));
        door.close_after(1);
        assert_eq!(end.call("Slow.Echo", &5_u64), Some(5_u64));
    });
}
