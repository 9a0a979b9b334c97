//! Writes the results as JUnit XML, which CI systems read: a case per test.

use std::fmt::Write;

use super::results::{Results, Tally};

/// Returns the whole file.
pub(crate) fn to_xml(results: &Results) -> String {
    let ran: Vec<&Tally> = results.tests.iter().filter(|tally| tally.runs > 0).collect();
    let failures = ran.iter().filter(|tally| tally.failed > 0).count();
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let attributes = format!(
        "name=\"dstest\" tests=\"{}\" failures=\"{failures}\" time=\"{:.3}\"",
        ran.len(),
        results.wall_s
    );
    let _ = writeln!(text, "<testsuites {attributes}>\n<testsuite {attributes}>");
    for tally in ran {
        case(&mut text, tally);
    }
    text.push_str("</testsuite>\n</testsuites>\n");
    text
}

fn case(text: &mut String, tally: &Tally) {
    let (package, name) = (escape(&tally.package), escape(&tally.test));
    let time = tally.processes.real_s;
    let _ = write!(text, "<testcase classname=\"{package}\" name=\"{name}\" time=\"{time:.3}\"");
    let Some(first) = tally.failures.iter().min_by_key(|failed| failed.seed) else {
        text.push_str("/>\n");
        return;
    };
    let message = format!("{} of {} runs failed: {}", tally.failed, tally.runs, first.headline());
    let _ = writeln!(text, ">\n<failure message=\"{}\">", escape(&message));
    for failed in &tally.failures {
        let line = format!("seed {:#x}: {}\n    {}", failed.seed, failed.message, failed.replay);
        let _ = writeln!(text, "{}", escape(&line));
    }
    text.push_str("</failure>\n</testcase>\n");
}

/// Escapes text for XML. Most control characters have no form in XML and become
/// `U+FFFD`.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(letter),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ if letter.is_control() => escaped.push('\u{fffd}'),
            _ => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dstest::options::Clock;
    use crate::dstest::results::Failed;
    use crate::dstest::runner::{Failure, Run};
    use crate::dstest::workspace::Test;

    #[test]
    fn each_test_that_ran_has_a_case() {
        let tests = ["a::x_2A", "a::y_2A", "a::z_2A"].map(|path| Test::new("raft", path));
        let mut results = Results::new(Clock::Virtual, &tests);
        let passed = Run { seed: 1, seconds: Some(0.5), measured: None, failure: None };
        results.tests[0].run(&passed);
        let failure = Failure { message: "1 < 2 \u{1b}[0m".to_owned(), place: None };
        let failed = Run { seed: 42, failure: Some(failure), ..passed };
        results.tests[1].run(&failed);
        results.tests[1].failure(Failed::new(failed, "again".to_owned()));
        assert_eq!(
            to_xml(&results),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <testsuites name=\"dstest\" tests=\"2\" failures=\"1\" time=\"0.000\">\n\
             <testsuite name=\"dstest\" tests=\"2\" failures=\"1\" time=\"0.000\">\n\
             <testcase classname=\"raft\" name=\"a::x_2A\" time=\"0.000\"/>\n\
             <testcase classname=\"raft\" name=\"a::y_2A\" time=\"0.000\">\n\
             <failure message=\"1 of 1 runs failed: 1 &lt; 2 \u{fffd}[0m\">\n\
             seed 0x2a: 1 &lt; 2 \u{fffd}[0m\n    again\n\
             </failure>\n</testcase>\n</testsuite>\n</testsuites>\n"
        );
    }
}
