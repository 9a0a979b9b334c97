//! What a cluster adds to the trace. Servers have the numbers that log and trace
//! give to all servers of a test.

labrt::trace_events! {
    /// The test starts a server; `incarnation` counts its starts from 1.
    Boot = "boot" { peer: usize, incarnation: u64 }

    /// The test crashes a server.
    Crash = "crash" { peer: usize }

    /// The test connects a server with the other connected ones.
    Connect = "connect" { peer: usize }

    /// The test cuts a server off.
    Disconnect = "disconnect" { peer: usize }
}
