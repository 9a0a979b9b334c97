//! The tests of the library lab of 2014 and 2015: one input, cut into pieces,
//! and many more tasks.
//!
//! Source: `src/mapreduce/test_test.go` of MIT's 6.824 of 2014 and 2015. Its
//! word count (Part I, `test-wc.sh`) is `word_count_1B` of the later years. Its check
//! that every worker did a task could not fail, since it also counted the request
//! to shut down. Here, as from 2017 on, that request does not count.

use mapreduce::classic::split;
use tester::Context;

use crate::classic::Rig;

/// The pieces of the input, and so the map tasks.
const MAPS: usize = 100;

/// Reduce tasks.
const REDUCES: usize = 50;

/// One file of numbers, cut into pieces.
fn rig(ctx: &Context) -> Rig {
    let mut rig = Rig::new(ctx, 1, REDUCES);
    rig.job.files = split(rig.folder.path(), &rig.job.files[0], MAPS);
    assert_eq!(rig.job.files.len(), MAPS);
    rig
}

#[test]
fn basic_1C() {
    tester::test("Test (1C): two workers (2015)", |ctx| {
        rig(ctx).run_with_two(None);
    });
}

#[test]
fn one_failure_1D() {
    tester::test("Test (1D): one worker is lost (2015)", |ctx| {
        rig(ctx).run_with_two(Some(10));
    });
}

#[test]
fn many_failures_1D() {
    tester::test("Test (1D): all workers are lost, and new ones come (2015)", |ctx| {
        let rig = rig(ctx);
        let master = rig.distributed();
        rig.replace_workers(&master);
        rig.check();
    });
}
