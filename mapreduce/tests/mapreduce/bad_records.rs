//! Bad records: lines that crash their worker or panic, and a key that panics.

use labrt::time::Duration;

use crate::outputs::assert_same;
use crate::processes::{Ended, Place};

/// Long enough for a dozen crashes.
const LONG: Duration = Duration::from_secs(30);

/// The bad records in [`text`], or how they begin.
const BAD: [&str; 4] = ["a Fatal line\n", "Oops\n", "very Fatal", "Brittle"];

/// Returns good lines, with bad ones among them if `bad`.
fn text(bad: bool) -> String {
    let bad = |line: &'static str| if bad { line } else { "" };
    format!("one two\n{}two three\n{}three Brittle four\n{}", bad(BAD[0]), bad(BAD[1]), bad(BAD[2]))
}

/// The coordinator names every bad record and its position, and all other lines
/// count once.
#[test]
fn bad_records_are_skipped_and_named_MR() {
    tester::test_in_real_time("Test (MR): bad records are skipped and named", |_| {
        let place = Place::new(3, 30_000);
        place.write_input(1, &text(false));
        let mut expected = place.reference("wc");
        expected.retain(|line| !line.starts_with("Brittle "));
        place.write_input(1, &text(true));

        let options = ["--skip-bad-records", "--counters"];
        let job = place.keep_running_with(&options, "fragile", 2, LONG, |_| {});
        let (ended, workers) = (job.coordinator, job.workers);
        assert_same(&job.output, &expected);
        // Two for each of two lines. A worker that starts after the job prints an error.
        let is_crash =
            |worker: &&Ended| !worker.status.success() && !worker.stderr.contains("mrworker: ");
        assert_eq!(workers.iter().filter(is_crash).count(), 4, "{workers:?}");
        let skipped = ended
            .stderr
            .lines()
            .filter_map(|line| line.strip_prefix("mrcoordinator: skipped a bad record: "));
        let file = &place.inputs[1];
        let map =
            |line: u64, byte: usize| format!("map task 1, file {file}, line {line} at byte {byte}");
        let byte = |bad: &str| text(true).find(bad).expect("it is there");
        let mut expected: Vec<String> =
            [(2, BAD[0]), (4, BAD[1]), (6, BAD[2])].map(|(line, bad)| map(line, byte(bad))).into();
        let reduce = mapreduce::ihash(BAD[3]) % 10;
        expected.push(format!("reduce task {reduce}, key \"Brittle\""));
        assert_eq!(skipped.collect::<Vec<_>>(), expected);
        assert!(ended.stdout.contains("mr.skipped_records=4\n"), "{}", ended.stdout);
    });
}

/// Without the option, no record is skipped.
#[test]
fn without_the_option_a_bad_record_ends_the_job_MR() {
    tester::test_in_real_time("Test (MR): without the option a bad record ends the job", |_| {
        let place = Place::new(1, 1000);
        place.write_input(0, "good\nOops\n");
        let coordinator = place.coordinator();
        let worker = place.worker("fragile").end_within(LONG);
        let ended = coordinator.end_within(LONG);
        let last = ended.stderr.lines().last().expect("it says why");
        let expected = format!(
            "mrcoordinator: fragile panicked in map task 0, file {}, line 2 at byte 5: a bad line",
            place.inputs[0]
        );
        assert_eq!(last, expected);
        assert_eq!((ended.status.code(), worker.status.code()), (Some(1), Some(1)));
        assert_eq!(place.files("mr-out"), [""; 0]);
    });
}
