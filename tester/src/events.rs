//! The events that a cluster adds to the trace. `peer` is the id of a server in
//! log, trace and reports, unique within the test.

labrt::trace_events! {
    /// The test starts a server; `incarnation` counts its starts from 1.
    Boot = "boot" { peer: usize, incarnation: u64 }

    /// The test crashes a server.
    Crash = "crash" { peer: usize }

    /// The test connects a server to the other connected servers.
    Connect = "connect" { peer: usize }

    /// The test disconnects a server.
    Disconnect = "disconnect" { peer: usize }
}
