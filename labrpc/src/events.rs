//! The network's trace events. Calls are numbered from 1, ends and servers
//! from 0, in order of creation or first mention.

use crate::topology::{EndId, ServerId};

labrt::trace_events! {
    /// A call leaves its end; `to` is null if no way leads to a server.
    Send = "send" { end: EndId, call: u64, bytes: u64, to: Option<ServerId> }

    /// The request reaches its server, and the handler starts.
    Deliver = "deliver" { to: ServerId, call: u64, bytes: u64 }

    /// The reply reaches the caller.
    Reply = "reply" { end: EndId, call: u64, bytes: u64, to: Option<ServerId> }

    /// The network loses the request.
    DropRequest = "drop_request" { end: EndId, call: u64, bytes: u64, to: Option<ServerId> }

    /// The network loses the reply.
    DropReply = "drop_reply" { end: EndId, call: u64, bytes: u64, to: Option<ServerId> }

    /// The caller gives up: the server died while it worked on the call.
    Dead = "dead" { end: EndId, call: u64, bytes: u64, to: Option<ServerId> }

    /// The call has no server to go to, and will fail.
    Unreachable = "unreachable" { end: EndId, call: u64 }

    /// The network makes a client end.
    MakeEnd = "make_end" { end: EndId }

    /// The network deletes a client end.
    DeleteEnd = "fault_delete_end" { end: EndId }

    /// The network connects the end with this server.
    Connect = "fault_connect" { end: EndId, to: ServerId }

    /// The network switches the end on or off.
    Enable = "fault_enable" { end: EndId, on: bool }

    /// The network adds a server.
    AddServer = "fault_add_server" { peer: ServerId }

    /// The network deletes a server.
    DeleteServer = "fault_delete_server" { peer: ServerId }

    /// The network is reliable from now on, or not.
    Reliable = "fault_reliable" { on: bool }

    /// Calls without a server fail late from now on, or not.
    LongDelays = "fault_long_delays" { on: bool }

    /// The network holds many replies back from now on, or not.
    LongReordering = "fault_long_reordering" { on: bool }

    /// The time on the wire changes, in nanoseconds.
    SetLatency = "fault_latency" { min: u64, max: u64 }

    /// The network closes.
    Cleanup = "cleanup" {}
}
