//! The tests that behave differently in the 2025 edition.
//!
//! Ported from `raft1/raft_test.go` of MIT 6.5840, 2025-04-15. Differences from
//! 2024:
//!
//! 1. Before a restart, a server is shut down, not only disconnected, while the
//!    others continue. A restart connects all running servers. (Go also
//!    connects the old ends of dead servers, whose leftover threads can then
//!    still send.)
//! 2. A restart discards the record of what the server applied.
//! 3. `SnapshotAllCrash` and `SnapshotInit` run on an unreliable network: the
//!    argument `false` has changed its meaning, but the course still passes it.
//!
//! The bodies are those of `persistence` and `snapshot`, for the edition of
//! 2025. The titles name the network, as in that year. The other tests are the
//! same as in 2024.

use tester::Net;

use crate::harness::{Edition, reference};
use crate::persistence::{churn, figure_8, persist_1, persist_2, persist_3};
use crate::snapshot::{Fault, snap_common, snapshot_all_crash, snapshot_init};

tester::lab_test!(
    persist_1_2025,
    "Test (3C): basic persistence (reliable network)",
    |ctx, make| persist_1(ctx, make, Edition::Y2025),
    reference()
);
tester::lab_test!(
    persist_2_2025,
    "Test (3C): more persistence (reliable network)",
    |ctx, make| persist_2(ctx, make, Edition::Y2025),
    reference()
);
tester::lab_test!(
    persist_3_2025,
    "Test (3C): partitioned leader and one follower crash, leader restarts (reliable network)",
    |ctx, make| persist_3(ctx, make, Edition::Y2025),
    reference()
);
tester::lab_test!(
    figure_8_2025,
    "Test (3C): Figure 8 (reliable network)",
    |ctx, make| figure_8(ctx, make, Edition::Y2025),
    reference()
);
tester::lab_test!(
    reliable_churn_2025,
    "Test (3C): churn (reliable network)",
    |ctx, make| churn(ctx, make, Net::Reliable, Edition::Y2025),
    reference()
);
tester::lab_test!(
    unreliable_churn_2025,
    "Test (3C): unreliable churn (unreliable network)",
    |ctx, make| churn(ctx, make, Net::Unreliable, Edition::Y2025),
    reference()
);
tester::lab_test!(
    snapshot_install_crash_2025,
    "Test (3D): install snapshots (crash) (reliable network)",
    |ctx, make| snap_common(ctx, make, Fault::Crash, Net::Reliable, Edition::Y2025),
    reference()
);
tester::lab_test!(
    snapshot_install_un_crash_2025,
    "Test (3D): install snapshots (crash) (unreliable network)",
    |ctx, make| snap_common(ctx, make, Fault::Crash, Net::Unreliable, Edition::Y2025),
    reference()
);
tester::lab_test!(
    snapshot_all_crash_2025,
    "Test (3D): crash and restart all servers (unreliable network)",
    |ctx, make| snapshot_all_crash(ctx, make, Net::Unreliable, Edition::Y2025),
    reference()
);
tester::lab_test!(
    snapshot_init_2025,
    "Test (3D): snapshot initialization after crash (unreliable network)",
    |ctx, make| snapshot_init(ctx, make, Net::Unreliable, Edition::Y2025),
    reference()
);
