//! The output: a line for one history, a table for several, or JSON.

use std::fmt::Write;
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use porcupine::{Counts, Verdict};
use printing::escaped_name;
use serde_json::json;

use crate::Checked;

/// Returns the output for people.
pub(crate) fn text(checked: &[Checked]) -> String {
    match checked {
        [one] => line(one),
        several => table(several),
    }
}

fn line(one: &Checked) -> String {
    let Checked { file, operations, report, time, .. } = one;
    let Counts { steps, insertions, depth } = report.counts;
    let plural = if *operations == 1 { "" } else { "s" };
    let partitions = match report.partitions.len() {
        1 => String::new(),
        partitions => format!(" in {partitions} partitions"),
    };
    format!(
        "{}: {}: {operations} operation{plural}{partitions}, {} ms \
         (steps={steps} insertions={insertions} depth={depth})\n",
        escaped_name(file),
        verdict_text(report.verdict),
        milliseconds(*time),
    )
}

fn table(checked: &[Checked]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header([
        "file",
        "verdict",
        "operations",
        "partitions",
        "ms",
        "steps",
        "insertions",
        "depth",
    ]);
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for Checked { file, operations, report, time, .. } in checked {
        let Counts { steps, insertions, depth } = report.counts;
        table.add_row([
            escaped_name(file).into_owned(),
            verdict_text(report.verdict).to_owned(),
            operations.to_string(),
            report.partitions.len().to_string(),
            milliseconds(*time),
            steps.to_string(),
            insertions.to_string(),
            depth.to_string(),
        ]);
    }
    format!("{}\n{}", table.trim_fmt(), total(checked))
}

fn total(checked: &[Checked]) -> String {
    let count = |verdict| checked.iter().filter(|one| one.report.verdict == verdict).count();
    let time: Duration = checked.iter().map(|one| one.time).sum();
    let mut text = format!("{} histories in {} ms:", checked.len(), milliseconds(time));
    for verdict in [Verdict::Ok, Verdict::Illegal, Verdict::Unknown] {
        if count(verdict) > 0 {
            let comma = if text.ends_with(':') { "" } else { "," };
            write!(text, "{comma} {} {}", count(verdict), verdict_text(verdict))
                .expect("writing to a String cannot fail");
        }
    }
    text + "\n"
}

fn verdict_text(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "linearizable",
        Verdict::Illegal => "NOT linearizable",
        Verdict::Unknown => "not decided",
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1e3)
}

/// Returns the output for programs: an array with an object for each history.
pub(crate) fn json(checked: &[Checked]) -> String {
    let one = |one: &Checked| {
        let partitions: Vec<_> = (one.report.partitions.iter())
            .map(|part| counted(part.verdict, part.operations.len(), part.counts))
            .collect();
        let mut all = counted(one.report.verdict, one.operations, one.report.counts);
        all["file"] = json!(one.file.display().to_string());
        all["model"] = json!(one.model.to_string());
        all["ms"] = json!(one.time.as_secs_f64() * 1e3);
        all["partitions"] = json!(partitions);
        all
    };
    let all: Vec<_> = checked.iter().map(one).collect();
    format!("{:#}\n", json!(all))
}

fn counted(verdict: Verdict, operations: usize, counts: Counts) -> serde_json::Value {
    let verdict = match verdict {
        Verdict::Ok => "ok",
        Verdict::Illegal => "illegal",
        Verdict::Unknown => "unknown",
    };
    let Counts { steps, insertions, depth } = counts;
    json!({
        "verdict": verdict,
        "operations": operations,
        "steps": steps,
        "insertions": insertions,
        "depth": depth,
    })
}
