//! Bundles of failed runs, and `--command`, which follows one entry.

use std::path::Path;

use tempfile::TempDir;

use crate::{dslogs, rejected, shown, text};

/// A run in which a leader crashes and its entry is lost.
const LOG: &str = "\
seed 0x2a (virtual clock)
002000 TEST S2 disconnect
002345 LOG1 S0 starts #7 in T3
002345 LOG1 S0 sends #7 to S1
002345 LOG1 S0 sends #7 to S2
002400 TEST S0 crash
009123 LOG1 S1 starts #7 in T4
009123 LOG1 S1 sends #7..#8 to S2
009130 LOG2 S2 saves #7..#8
009138 CMIT S1 commits #5..#8
009140 CMIT S1 applies #7
009500 TEST S0 connect
panic: whatever
";

const TRACE: &str = r##"{"t":234500100,"thread":1,"server":0,"kind":"start","index":7,"term":3}
{"t":234510200,"thread":1,"name":"S0","server":0,"kind":"send","to":1,"site":"a.rs:1"}
{"t":234523400,"thread":1,"server":0,"kind":"append","to":1,"prev":6,"first":7,"last":7,"commit":6}
{"t":234524400,"thread":1,"name":"S0","server":0,"kind":"append","to":1,"prev":7,"commit":6}
{"t":235000000,"thread":0,"name":"main","server":null,"kind":"disconnect","peer":3,"site":"a.rs:1"}
{"t":235623400,"thread":2,"name":"S1","server":1,"kind":"save","first":7,"last":7}
{"t":236000000,"thread":1,"name":"S0","server":0,"kind":"commit","index":9,"term":3}
{"t":236001000,"thread":1,"name":"S0 applier","server":0,"kind":"apply","index":7,"term":3}
{"t":2360010"##;

/// Creates a bundle as a test leaves it, and `latest`.
fn bundle(trace: bool) -> TempDir {
    let out = tempfile::tempdir().expect("a folder");
    let folder = out.path().join("lost_2B-0x2a");
    std::fs::create_dir(&folder).expect("made");
    let about = r#"{"format":1,"package":"raft","test":"a::lost_2B","title":"Test (2B): lost",
        "seed":"0x2a","clock":"virtual","verdict":"failed","message":"one(7) \u001b[2J",
        "place":"a.rs:1:2","thread":"'main' #0","time_s":1.0,"virtual_s":1.0,"hash":"0x1",
        "servers":4,"replay":"LAB_SEED=0x2a cargo test -p raft","files":["log.txt"]}"#;
    std::fs::write(folder.join("bundle.json"), about).expect("written");
    std::fs::write(folder.join("log.txt"), LOG).expect("written");
    if trace {
        std::fs::write(folder.join("trace.jsonl"), TRACE).expect("written");
    }
    std::os::unix::fs::symlink("lost_2B-0x2a", out.path().join("latest")).expect("linked");
    out
}

const HEADER: &str = "\
a::lost_2B, seed 0x2a (virtual clock): failed at 1.0000 s in thread 'main' #0
    one(7) \\x1b[2J
    at a.rs:1:2
    LAB_SEED=0x2a cargo test -p raft

";

fn path(path: &Path) -> &str {
    path.to_str().expect("text")
}

#[test]
fn a_bundle_is_shown_as_header_and_log() {
    let out = bundle(false);
    let log = shown(&["-j", "CMIT"], LOG);
    for folder in [out.path(), &out.path().join("latest"), &out.path().join("lost_2B-0x2a")] {
        assert_eq!(shown(&[path(folder), "-j", "CMIT"], ""), format!("{HEADER}{log}"));
    }
}

#[test]
fn latest_is_found_in_the_newest_folder_here() {
    let here = tempfile::tempdir().expect("a folder");
    let mut command = dslogs(&["latest"]);
    let output = command.current_dir(&here).output().expect("ended");
    assert!(text(output.stderr).starts_with("dslogs: latest: cannot be read: "));
    let out = here.path().join("20240131_235959");
    std::fs::rename(bundle(false).keep(), &out).expect("moved");
    let output = command.output().expect("ended");
    assert!(text(output.stdout).starts_with(HEADER));
}

#[test]
fn an_entry_is_followed_through_a_log() {
    let expected = "\
seed 0x2a (virtual clock)
entry #7 on 3 servers; time in s, gap in ms

     time        gap  S0          S1          S2
   0.2345             starts in
                      T3
   0.2345       +0.0  sends to S1
                      S2
   0.2400       +5.5  S0 crash
   0.9123     +672.3              starts in
                                  T4
   0.9123       +0.0              sends to S2
   0.9130       +0.7                          saves
   0.9138       +0.8              commits
   0.9140       +0.2              applies

#7 was started 2 times: in T3 by S0, in T4 by S1; only one can be committed.
S0 and S2 had #7 and never applied it.
From start to commit: 1.5 ms; to the last apply by S1: 1.7 ms.
";
    assert_eq!(shown(&["--command", "7"], LOG), expected);
    let rows = shown(&["--command", "7", "-j", "LOG2,CMIT", "--from", "0.9135"], LOG);
    assert!(!rows.contains("saves") && !rows.contains("starts in") && rows.contains("commits"));
    assert!(
        rows.contains("S0 and S2 had #7 and never applied it."),
        "findings use hidden lines too"
    );
}

#[test]
fn an_entry_is_followed_through_a_trace() {
    let out = bundle(true);
    let expected = format!(
        "{HEADER}\
entry #7 on 4 servers; time in s, gap in ms

       time          gap  S0      S1      S2      S3
   0.234500               starts
                          in T3
   0.234523       +0.023  sends
                          to S1
   0.235000       +0.477  S3 disconnect
   0.235623       +0.623          saves
   0.236000       +0.377  commits
   0.236001       +0.001  applies
                          (T3)

S2 and S3 never had #7.
S1 had #7 and never applied it.
From start to commit: 1.5 ms; to the last apply by S0: 1.5 ms.
"
    );
    assert_eq!(shown(&[path(out.path()), "--command", "7"], ""), expected);
}

#[test]
fn an_entry_in_several_groups_is_followed_in_one() {
    let out = bundle(true);
    let names =
        "S0 name=a-0 alive=true\nS1 name=a-1 alive=true\nS2 name=b-0 alive=true\nS3 name=b-1";
    std::fs::write(out.path().join("latest/servers.txt"), names).expect("written");
    let more = "{\"t\":1,\"server\":2,\"kind\":\"save\",\"first\":7,\"last\":7}\n";
    std::fs::write(out.path().join("latest/trace.jsonl"), more.to_owned() + TRACE)
        .expect("written");
    let args = [path(out.path()), "--command", "7"];
    let error = text(crate::run_on(&args, "").stderr);
    let choices = "choose one with --group: a (S0 to S1), b (S2 to S3)\n";
    assert!(error.ends_with(&format!("several groups have an entry #7; {choices}")), "{error}");
    let page = shown(&[&args[..], &["--group", "b"]].concat(), "");
    let expected = "\
entry #7 of b on 2 servers; time in s, gap in ms

       time          gap  S2               S3
   0.000000               saves

S3 never had #7.
S2 had #7 and never applied it.
No server committed #7.
";
    assert_eq!(page, format!("{HEADER}{expected}"));
}

#[test]
fn an_entry_without_events_is_an_error() {
    for (log, error) in [
        (LOG, "dslogs: the standard input: no events for entry #70, only for #5 to #8\n"),
        ("", "dslogs: the standard input: no events for any entry; run the test with VERBOSE=1\n"),
    ] {
        let output = crate::run_on(&["--command", "70"], log);
        assert_eq!((output.status.code(), text(output.stderr).as_str()), (Some(2), error));
    }
    assert!(rejected(&["--command", "7", "-f"]).contains("--follow"));
}
