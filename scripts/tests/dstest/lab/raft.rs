//! Tests that fail in every way that dstest must handle. They use the tester's
//! variables (`LAB_SEED`, `LAB_RUNS`, `LAB_REPORT`, `LAB_BUNDLE`) without the tester,
//! so that this package has no dependencies and builds in a second.

#![allow(non_snake_case)]

use std::fs::OpenOptions;
use std::io::Write;
use std::process::{Command, abort};
use std::thread::sleep;
use std::time::Duration;

type Verdict = Result<(), String>;

fn variable(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    let parsed = match value.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => value.parse(),
    };
    Some(parsed.expect("dstest sets the variable to a number"))
}

/// Runs a body for each seed up to the first that fails, as the tester does.
fn each(test: &str, body: impl Fn(u64) -> Verdict) {
    let start = variable("LAB_SEED").expect("dstest sets the seed");
    let clock = std::env::var("LAB_CLOCK").unwrap_or_default();
    eprintln!("seed {start:#x} ({clock} clock)");
    for run in 0..variable("LAB_RUNS").unwrap_or(1) {
        let seed = start + run;
        if variable("VERBOSE").is_some_and(|level| level > 0) {
            eprintln!("000001 INFO S0 seed {seed}");
        }
        let verdict = body(seed);
        report(test, seed, &verdict);
        if let Err(message) = verdict {
            bundle(test, seed);
            panic!("{message}");
        }
    }
}

fn bundle(test: &str, seed: u64) {
    let Ok(path) = std::env::var("LAB_BUNDLE") else { return };
    let folder = format!("{path}/{test}-{seed:#x}");
    std::fs::create_dir_all(&folder).expect("the folder for bundles is writable");
    std::fs::write(format!("{folder}/bundle.json"), "{}").expect("the bundle is writable");
}

fn report(test: &str, seed: u64, verdict: &Verdict) {
    let Ok(path) = std::env::var("LAB_REPORT") else { return };
    let (word, panic, place) = match verdict {
        Ok(()) => ("passed", "null".to_owned(), "null"),
        Err(message) => ("failed", format!("{message:?}"), "\"raft.rs:1:2\""),
    };
    // The replay is another process, and so gives another trace.
    let hash = if test == "depends_on_more_2C" { std::process::id() } else { 0 };
    let line = format!(
        "{{\"test\":\"{test}\",\"seed\":\"{seed:#x}\",\"verdict\":\"{word}\",\"virtual_s\":2.5,\
         \"cpu_s\":0.001,\"rpcs\":40,\"bytes\":99,\"ops\":1,\"panic\":{panic},\"place\":{place},\
         \"hash\":\"{hash:#018x}\"}}\n"
    );
    let mut file = OpenOptions::new().create(true).append(true).open(path).expect("the report opens");
    file.write_all(line.as_bytes()).expect("the report is writable");
}

#[test]
fn passes_2A() {
    each("passes_2A", |_| Ok(()));
}

#[test]
fn takes_its_time_2A() {
    each("takes_its_time_2A", |_| {
        sleep(Duration::from_millis(20));
        Ok(())
    });
}

#[test]
fn fails_2B() {
    each("fails_2B", |seed| match seed % 10 {
        7 => Err(format!("server {seed} is lost")),
        _ => Ok(()),
    });
}

#[test]
fn hangs_2C() {
    each("hangs_2C", |seed| {
        if seed == 3 {
            let helper = Command::new("sleep").arg("1000").spawn().expect("a helper");
            eprintln!("helper {} of a test that hangs", helper.id());
            sleep(Duration::from_secs(1000));
        }
        Ok(())
    });
}

#[test]
fn dies_2C() {
    each("dies_2C", |seed| if seed == 3 { abort() } else { Ok(()) });
}

#[test]
fn depends_on_more_2C() {
    each("depends_on_more_2C", |seed| if seed == 3 { Err("no leader".into()) } else { Ok(()) });
}

#[test]
fn reports_nothing_2D() {}
