//! Tests of a job, call by call.

use labrt::time::Duration;

use super::*;
use crate::bad_records::BadRecords;
use crate::failure_policy::TryAgain;
use crate::protocol::VERSION;
use crate::task_table::TASK_LIMIT;

const A: WorkerId = 1;
const B: WorkerId = 2;
const JOB: JobId = JobId(77);

/// Rules without backups.
pub(super) fn rules(policy: Box<dyn FailurePolicy>) -> Rules {
    Rules { backups: false, worker_losses: 20, policy }
}

pub(super) fn register_args(worker: WorkerId) -> RegisterArgs {
    let (version, app) = (VERSION.into(), "wc".into());
    RegisterArgs { version, app, worker, folder: b"/".to_vec() }
}

/// A job with two workers. The number of each worker is also that of its session.
fn job(maps: usize, reduces: usize) -> (Job, Instant) {
    job_with(maps, reduces, rules(Box::new(TryAgain)))
}

fn job_with(maps: usize, reduces: usize, rules: Rules) -> (Job, Instant) {
    let files = (0..maps).map(|map| format!("in-{map}")).collect();
    let mut job = Job::new(JOB, files, reduces, rules);
    for worker in [A, B] {
        assert_eq!(job.register(register_args(worker), worker), JOB);
    }
    (job, Instant::now())
}

/// The task that a worker gets.
fn task(job: &mut Job, worker: WorkerId, now: Instant) -> Option<TaskId> {
    let assignment = job.assign(worker, now, false)?;
    Some(assignment.task().expect("only tasks are assigned").id)
}

/// A worker's report of the attempt that it has at a task, or of none.
fn report_args(
    job: &Job,
    worker: WorkerId,
    task: TaskId,
    outcome: Result<Done, TaskError>,
) -> ReportArgs {
    let tasks = if let TaskId::Map(_) = task { &job.maps } else { &job.reduces };
    let attempt = usize::try_from(task.number()).ok().and_then(|index| tasks.held(index, worker));
    let member = Member { job: JOB, worker };
    ReportArgs { member, task, attempt: attempt.unwrap_or(0), outcome }
}

/// The event of a report, which comes first.
fn report(job: &mut Job, args: ReportArgs, now: Instant) -> Event {
    job.take_events();
    let session = args.member.worker;
    let _ = job.report(args, session, now);
    job.take_events().swap_remove(0)
}

/// A worker has done a task: whether it counts.
fn complete(job: &mut Job, worker: WorkerId, task: TaskId, now: Instant) -> bool {
    let args = report_args(job, worker, task, Ok(Done::default()));
    match report(job, args, now) {
        Event::TaskDone { .. } => true,
        Event::ReportIgnored { .. } => false,
        other => panic!("{other:?} comes first"),
    }
}

/// A worker could not do its task: the line for the user.
fn fail(job: &mut Job, worker: WorkerId, task: TaskId, error: &TaskError) -> Option<String> {
    let args = report_args(job, worker, task, Err(error.clone()));
    match report(job, args, Instant::now()) {
        Event::TaskFailed { message, .. } => message,
        Event::ReportIgnored { .. } => None,
        other => panic!("{other:?} comes first"),
    }
}

#[test]
fn reduces_wait_for_the_last_map() {
    let (mut job, now) = job(2, 1);
    assert_eq!(task(&mut job, A, now), Some(TaskId::Map(0)));
    assert_eq!(task(&mut job, B, now), Some(TaskId::Map(1)));
    assert!(complete(&mut job, B, TaskId::Map(1), now));
    assert_eq!(task(&mut job, B, now), None);
    assert!(!complete(&mut job, A, TaskId::Reduce(0), now), "no worker has it");
    assert!(complete(&mut job, A, TaskId::Map(0), now));
    assert_eq!(
        job.assign(B, now, false),
        Some(Assignment::Reduce { task: 0, attempt: 1, maps: vec![1, 2], skip_list: None })
    );
    assert_eq!(job.end(), None);
    assert!(complete(&mut job, B, TaskId::Reduce(0), now));
    assert_eq!(job.end(), Some(Ok(())));
}

#[test]
fn a_silent_worker_loses_its_task_and_may_still_complete_it() {
    let (mut job, now) = job(1, 1);
    assert_eq!(task(&mut job, A, now), Some(TaskId::Map(0)));
    assert_eq!(job.phase().next_alarm(false), Some(now + TASK_LIMIT));
    let almost = now + (TASK_LIMIT - Duration::from_nanos(1));
    assert_eq!(task(&mut job, B, almost), None);
    job.take_events();
    assert_eq!(task(&mut job, B, now + TASK_LIMIT), Some(TaskId::Map(0)));
    let task = TaskId::Map(0);
    let silent = Event::WorkerSilent { worker: A, task };
    assert_eq!(
        job.take_events(),
        [silent, Event::TaskAssigned { worker: B, task, is_backup: false }]
    );
    let first = report_args(&job, A, task, Ok(Done::default()));
    assert!(complete(&mut job, A, TaskId::Map(0), now), "A was only slow");
    let ignored = |worker, why| Event::ReportIgnored { worker, task, why };
    assert_eq!(report(&mut job, first, now), ignored(A, Ignored::Repeated));
    let late = report_args(&job, B, task, Ok(Done::default()));
    assert_eq!(report(&mut job, late.clone(), now), ignored(B, Ignored::Late));
    assert_eq!(report(&mut job, late, now), ignored(B, Ignored::NotHeld));
    assert_eq!(job.maps.done(), 1);
}

#[test]
fn a_lost_worker_loses_its_task_and_only_its_own() {
    let (mut job, now) = job(2, 1);
    for worker in [A, B] {
        task(&mut job, worker, now);
    }
    job.take_events();
    job.close(A);
    job.close(A);
    let name = "map task 0, file in-0".to_owned();
    let at = TaskId::Map(0);
    assert_eq!(
        job.take_events(),
        [
            Event::WorkerLost { worker: A },
            Event::TaskLost { worker: A, task: at, name, losses: 1, limit: 20 }
        ]
    );
    assert_eq!(task(&mut job, B, now), Some(TaskId::Map(0)));
    assert_eq!(task(&mut job, A, now), None);
}

#[test]
fn panics_are_tried_again_and_missing_files_are_not() {
    let panicked = TaskError::Panicked {
        app: "wc".into(),
        task: "map task 0, file in-0".into(),
        message: "no".into(),
        record: None,
    };
    let (mut job, now) = job(1, 1);
    for try_number in 2..=TRIES {
        task(&mut job, A, now).expect("it is free again");
        let line = fail(&mut job, A, TaskId::Map(0), &panicked).expect("a retry");
        assert!(line.ends_with(&format!("try {try_number} of {TRIES} follows")), "{line}");
    }
    task(&mut job, A, now).expect("it is free again");
    assert_eq!(fail(&mut job, A, TaskId::Map(0), &panicked), None);
    let text = "wc panicked in map task 0, file in-0: no";
    assert_eq!(job.end(), Some(Err(text.into())));

    let missing = TaskError::Input { file: "in-0".into(), reason: "gone".into() };
    let (mut job, now) = self::job(1, 1);
    task(&mut job, A, now);
    assert_eq!(fail(&mut job, A, TaskId::Map(0), &missing), None);
    assert_eq!(job.end(), Some(Err("cannot read input in-0: gone".into())));
}

/// Checks failures as well as successes: a false failure would end the job.
#[test]
fn reports_of_tasks_that_a_worker_does_not_have_are_ignored() {
    let (mut job, now) = job(1, 1);
    assert_eq!(task(&mut job, B, now), Some(TaskId::Map(0)));
    let error = TaskError::Input { file: "x".into(), reason: "y".into() };
    let held = report_args(&job, B, TaskId::Map(0), Ok(Done::default()));
    let stranger = Member { job: JobId(78), worker: B };
    let unknown = Member { job: JOB, worker: 3 };
    let a = Member { job: JOB, worker: A };
    let of = |member, task| ReportArgs { member, task, ..held.clone() };
    for (args, why) in [
        (of(stranger, TaskId::Map(0)), Ignored::Stranger),
        (of(unknown, TaskId::Map(0)), Ignored::Stranger),
        (of(a, TaskId::Map(0)), Ignored::NotHeld),
        (ReportArgs { attempt: 9, ..held.clone() }, Ignored::NotHeld),
        (of(held.member, TaskId::Map(1)), Ignored::NoSuchTask),
        (of(held.member, TaskId::Map(u64::MAX)), Ignored::NoSuchTask),
        (of(held.member, TaskId::Reduce(0)), Ignored::NoSuchTask),
    ] {
        for outcome in [Ok(Done::default()), Err(error.clone())] {
            let args = ReportArgs { outcome, ..args.clone() };
            assert_eq!(job.output(&args), None);
            let (worker, task) = (args.member.worker, args.task);
            assert_eq!(report(&mut job, args, now), Event::ReportIgnored { worker, task, why });
        }
    }
    assert_eq!((job.end(), job.maps.done()), (None, 0));
    assert!(complete(&mut job, B, TaskId::Map(0), now));
}

#[test]
fn crash_reports_count_only_from_the_worker_that_has_the_task() {
    let (mut job, now) = job_with(1, 1, rules(Box::new(BadRecords::default())));
    for crashed in 10..13 {
        job.register(register_args(crashed), crashed);
        task(&mut job, crashed, now).expect("it is free");
        job.close(crashed);
    }
    assert_eq!(job.maps.get(0).expect("a task").losses, 3);
    let id = TaskId::Map(0);
    task(&mut job, B, now).expect("it is free");
    let attempt = job.maps.held(0, B).expect("it has the task");
    let report = |worker, attempt, crashed, record| {
        let member = Member { job: JOB, worker };
        CrashReport { member, task: id, attempt, crashed, record }
    };
    job.take_events();
    assert_eq!(job.crash_reported(&report(A, attempt, 10, Some(5))), Err(Refusal::NotHeld));
    assert_eq!(job.crash_reported(&report(B, attempt - 1, 10, Some(5))), Err(Refusal::NotHeld));
    assert_eq!(job.crash_reported(&report(3, attempt, 10, Some(5))), Err(Refusal::OtherJob));
    let ignored = |worker, why| Event::ReportIgnored { worker, task: id, why };
    assert_eq!(
        job.take_events(),
        [ignored(A, Ignored::NotHeld), ignored(B, Ignored::NotHeld), ignored(3, Ignored::Stranger)]
    );
    // Only reports of the worker that has the task count, once per crash.
    assert_eq!(job.crash_reported(&report(B, attempt, 10, Some(5))), Ok(vec![]));
    assert_eq!(job.crash_reported(&report(B, attempt, 10, Some(5))), Ok(vec![]));
    assert_eq!(job.crash_reported(&report(B, attempt, 99, Some(5))), Ok(vec![]));
    assert_eq!(job.crash_reported(&report(B, attempt, 11, Some(5))), Ok(vec![5]));
    assert_eq!(job.crash_reported(&report(B, attempt, 12, None)), Ok(vec![5]));
    // The reason of the third loss is unknown.
    assert_eq!(job.maps.get(0).expect("a task").losses, 1);
}

#[test]
fn a_task_that_ends_its_workers_fails_the_job() {
    let (mut job, now) = job(1, 1);
    for worker in 10..30 {
        assert_eq!(job.end(), None);
        job.register(register_args(worker), worker);
        task(&mut job, worker, now).expect("it is free");
        job.take_events();
        job.close(worker);
        let events = job.take_events();
        let said: Vec<String> = events.iter().flat_map(Event::messages).collect();
        let line = format!(
            "a worker ended in map task 0, file in-0 without a report ({} of 20)",
            worker - 9
        );
        assert_eq!(said, [line]);
    }
    let reason = job.end().expect("it has failed").expect_err("it has failed");
    assert!(reason.starts_with("20 workers ended in map task 0, file in-0 without"), "{reason}");
}

#[test]
fn no_report_counts_after_the_end() {
    let (mut job, now) = job(1, 2);
    task(&mut job, A, now);
    assert!(complete(&mut job, A, TaskId::Map(0), now));
    assert_eq!(task(&mut job, A, now), Some(TaskId::Reduce(0)));
    assert_eq!(task(&mut job, B, now), Some(TaskId::Reduce(1)));
    let missing = TaskError::Intermediate { file: "x".into(), reason: "gone".into() };
    assert_eq!(fail(&mut job, A, TaskId::Reduce(0), &missing), None);
    let args = report_args(&job, B, TaskId::Reduce(1), Ok(Done::default()));
    assert_eq!(job.output(&args), None, "no output appears after a failure");
    let (worker, task) = (B, TaskId::Reduce(1));
    let ignored = Event::ReportIgnored { worker, task, why: Ignored::JobOver };
    assert_eq!(report(&mut job, args, now), ignored);
    assert_eq!(job.end(), Some(Err("cannot read x: gone".into())));
}
