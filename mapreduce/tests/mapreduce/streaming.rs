//! Applications between pipes, as Hadoop and Spark run them.

use std::fs::File;
use std::io::{Seek, Write};
use std::process::Output;

use crate::outputs::assert_same;
use crate::processes::{Place, program};

/// Runs `mrapp HALF APP` on an input.
fn mrapp(arguments: [&str; 2], file: &str, input: &[u8]) -> Output {
    let mut stdin = tempfile::tempfile().expect("a file");
    stdin.write_all(input).and_then(|()| stdin.rewind()).expect("there is room");
    let mut command = program("mrapp");
    command.args(arguments).env("mapreduce_map_input_file", file).stdin(stdin);
    command.output().expect("the program starts")
}

/// Runs the application as an engine would: a map for each input, a sort, one
/// reduce.
fn by_pipes(place: &Place, app: &str) -> Vec<String> {
    let run = |half, file: &str, input: &[u8]| {
        let output = mrapp([half, app], file, input);
        assert!(output.status.success(), "{half} {file}: {output:?}");
        String::from_utf8(output.stdout).expect("mrapp writes text")
    };
    let read = |input: &String| std::fs::read(place.job().join(input)).expect("an input");
    let pairs: Vec<String> =
        place.inputs.iter().map(|input| run("map", input, &read(input))).collect();
    let mut pairs: Vec<&str> = pairs.iter().flat_map(|pairs| pairs.lines()).collect();
    pairs.sort_by_key(|pair| pair.split('\t').next());
    let results = run("reduce", "", (pairs.join("\n") + "\n").as_bytes());
    results.lines().map(|line| line.replacen('\t', " ", 1)).collect()
}

#[test]
fn applications_between_pipes_MR() {
    tester::test_in_real_time("Test (MR): applications between pipes", |_| {
        let place = Place::new(8, 500_000);
        for app in ["wc", "indexer"] {
            let mut ours = by_pipes(&place, app);
            assert!(ours.is_sorted_by_key(|line| line.split(' ').next().map(str::to_owned)));
            ours.sort_unstable();
            assert_same(&ours, &place.reference(app));
        }
    });
}

/// Tabs in values, no tab, no last line end, empty input.
#[test]
fn lines_of_any_kind_are_cut_at_the_first_tab_MR() {
    tester::test_in_real_time("Test (MR): lines of any kind", |_| {
        for (input, output) in
            [("a\tx\ty\na\tx\ty\na\tz", "a\tx\ty x\ty z\n"), ("\nk\nk\t\n", "\t\nk\t \n"), ("", "")]
        {
            // The application joins its values, sorted.
            let ended = mrapp(["reduce", "mtiming"], "", input.as_bytes());
            assert_eq!(String::from_utf8_lossy(&ended.stdout), output, "{input:?}: {ended:?}");
            assert!(ended.status.success(), "{input:?}");
        }
    });
}

#[test]
fn streams_that_cannot_be_are_told_MR() {
    tester::test_in_real_time("Test (MR): streams that cannot be are told", |_| {
        for (arguments, file, input, text) in [
            (["map", "wx"], "f", "", "there is no application wx; there are wc, indexer"),
            (["map", "indexer"], "two\nlines", "word", "the value \"two\\nlines\" does not fit"),
            (
                ["reduce", "wc"],
                "f",
                "a b\t1\na\t1",
                "line 2 of the input: the key \"a\" comes after",
            ),
            (["reduce", "wc"], "f", "a\rb\t1\n", "the key \"a\\rb\" does not fit into a line"),
        ] {
            let ended = mrapp(arguments, file, input.as_bytes());
            let stderr = String::from_utf8_lossy(&ended.stderr);
            assert!(stderr.starts_with(&format!("mrapp: {text}")), "{arguments:?}: {stderr}");
            assert_eq!(stderr.lines().count(), 1, "{stderr}");
            assert_eq!(ended.status.code(), Some(1), "{arguments:?}");
        }
        let ended = mrapp(["reduce", "wc"], "f", b"a\t1\n\xff\t1\n");
        assert_eq!(ended.stderr, b"mrapp: line 2 of the input is not UTF-8\n");

        // The limit for a line of Map.
        let mut line = vec![b'a'; 16 << 20];
        assert_eq!(mrapp(["reduce", "indexer"], "f", &line).status.code(), Some(0));
        line.push(b'a');
        let ended = mrapp(["reduce", "indexer"], "f", &line);
        assert_eq!(ended.stderr, b"mrapp: line 1 of the input is longer than 16 MiB\n");
        assert_eq!(ended.status.code(), Some(1));

        let full = File::options().write(true).open("/dev/full").expect("Linux has it");
        let mut command = program("mrapp");
        let ended = command.args(["map", "rtiming"]).stdout(full).output().expect("it starts");
        let text =
            "mrapp: cannot write the standard output: No space left on device (os error 28)\n";
        assert_eq!(String::from_utf8_lossy(&ended.stderr), text);
        assert_eq!(ended.status.code(), Some(1));
    });
}
