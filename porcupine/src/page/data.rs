//! The data for the page's script. Names and structure are those of the Go
//! program's page; verdicts, initial states and the list of what is left out
//! are additions.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Annotation, Lane, Page};
use crate::{Model, PartitionReport, Verdict};

/// The distance of two distinct times on the page's clock. It leaves room for
/// moving an end, and keeps numbers within JavaScript's exact range.
const TICK: usize = 100;

/// Texts longer than this, in characters, are shortened in the middle.
const LONG: usize = 200;

/// The number of characters of a long text that are kept at its start and at
/// its end. Values grow at their end, which is the interesting part.
const KEPT: (usize, usize) = (50, 120);

/// The number of steps of partial linearizations on a page, not counting the
/// longest of each partition; about 10 MB.
const MANY_STEPS: usize = 50_000;

/// Everything that the page shows.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Data {
    verdict: &'static str,
    partitions: Vec<Partition>,
    annotations: Vec<Note>,
    /// Messages about parts that are not shown in full.
    left_out: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Partition {
    verdict: &'static str,
    /// Indexed by operation number.
    history: Vec<Element>,
    initial_state: String,
    /// Longest first.
    partial_linearizations: Vec<Vec<Step>>,
    /// For each operation on a partial linearization, the longest one with it.
    largest: BTreeMap<usize, usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Element {
    client_id: usize,
    start: usize,
    /// In nanoseconds; a string, because it may exceed JavaScript's exact
    /// range.
    original_start: String,
    end: usize,
    original_end: String,
    description: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Step {
    /// The operation.
    index: usize,
    /// The state after it.
    state_description: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Note {
    /// 0 for a named lane.
    client_id: usize,
    /// The name of the lane; empty for the lane of a client.
    tag: String,
    start: usize,
    original_start: String,
    end: usize,
    original_end: String,
    description: String,
    details: String,
    annotation: bool,
    text_color: String,
    background_color: String,
}

impl Data {
    /// Returns the data of a page.
    pub(super) fn of<M: Model>(page: &Page<'_, M>) -> Data {
        let mut builder =
            PageBuilder { page, clock: PageClock::of(page), steps: 0, dropped: 0, cut: 0 };
        let partitions: Vec<_> =
            page.report.partitions.iter().map(|part| builder.partition(part)).collect();
        let annotations = page.annotations.iter().map(|note| builder.note(note)).collect();
        let verdict = name(page.report.verdict);
        Data { verdict, partitions, annotations, left_out: builder.left_out() }
    }
}

fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "Ok",
        Verdict::Illegal => "Illegal",
        Verdict::Unknown => "Unknown",
    }
}

/// The page's clock: the distinct times of the history, at equal distances.
struct PageClock(Vec<i64>);

impl PageClock {
    fn of<M: Model>(page: &Page<'_, M>) -> PageClock {
        let of_operations = page.history.iter().flat_map(|one| [one.call, one.ret]);
        let of_notes = page.annotations.iter().flat_map(|note| [note.start, note.end]);
        let mut times: Vec<_> = of_operations.chain(of_notes).collect();
        times.sort_unstable();
        times.dedup();
        PageClock(times)
    }

    fn tick(&self, time: i64) -> usize {
        TICK * self.0.binary_search(&time).expect("the clock has all times of the page")
    }
}

struct PageBuilder<'a, M: Model> {
    page: &'a Page<'a, M>,
    clock: PageClock,
    /// Steps of partial linearizations so far.
    steps: usize,
    /// The number of partial linearizations left out.
    dropped: usize,
    /// The number of shortened texts.
    cut: usize,
}

impl<M: Model> PageBuilder<'_, M> {
    fn partition(&mut self, part: &PartitionReport) -> Partition {
        let history = part.operations.iter().map(|&position| self.element(position)).collect();
        let numbers: BTreeMap<usize, usize> = part
            .operations
            .iter()
            .enumerate()
            .map(|(number, &position)| (position, number))
            .collect();
        let mut partial_linearizations = Vec::new();
        let mut largest = BTreeMap::new();
        for sequence in &part.partial_linearizations {
            if self.steps > MANY_STEPS && !partial_linearizations.is_empty() {
                self.dropped += 1;
                continue;
            }
            self.steps += sequence.len();
            for position in sequence {
                // Earlier sequences are at least as long.
                largest.entry(numbers[position]).or_insert(partial_linearizations.len());
            }
            partial_linearizations.push(self.replay(sequence, &numbers));
        }
        let initial_state = self.page.model.describe_state(&self.page.model.init());
        let initial_state = self.shorten(initial_state);
        let verdict = name(part.verdict);
        Partition { verdict, history, initial_state, partial_linearizations, largest }
    }

    fn element(&mut self, position: usize) -> Element {
        let operation = &self.page.history[position];
        let description = self.page.model.describe_operation(&operation.input, &operation.output);
        Element {
            client_id: operation.client,
            start: self.clock.tick(operation.call),
            original_start: operation.call.to_string(),
            end: self.clock.tick(operation.ret),
            original_end: operation.ret.to_string(),
            description: self.shorten(description),
        }
    }

    /// Returns the states of a partial linearization.
    fn replay(&mut self, sequence: &[usize], numbers: &BTreeMap<usize, usize>) -> Vec<Step> {
        let model = self.page.model;
        let mut state = model.init();
        let mut steps = Vec::with_capacity(sequence.len());
        for position in sequence {
            let operation = &self.page.history[*position];
            state = model
                .step(&state, &operation.input, &operation.output)
                .expect("a partial linearization is legal, and models are pure");
            let state_description = self.shorten(model.describe_state(&state));
            steps.push(Step { index: numbers[position], state_description });
        }
        steps
    }

    fn note(&mut self, note: &Annotation) -> Note {
        let (client_id, tag) = match &note.lane {
            Lane::Client(client) => (*client, String::new()),
            Lane::Tag(tag) => (0, tag.clone()),
        };
        let end = note.end.max(note.start);
        Note {
            client_id,
            tag,
            start: self.clock.tick(note.start),
            original_start: note.start.to_string(),
            end: self.clock.tick(end),
            original_end: end.to_string(),
            description: note.description.clone(),
            details: note.details.clone(),
            annotation: true,
            text_color: note.text_color.clone(),
            background_color: note.background_color.clone(),
        }
    }

    fn shorten(&mut self, text: String) -> String {
        // Check bytes first: their number is known, and at least that of characters.
        let length = if text.len() > LONG { text.chars().count() } else { text.len() };
        if length <= LONG {
            return text;
        }
        self.cut += 1;
        let (head, tail) = KEPT;
        let start: String = text.chars().take(head).collect();
        let end: String = text.chars().skip(length - tail).collect();
        format!("{start}… {} characters …{end}", length - head - tail)
    }

    fn left_out(&self) -> Vec<String> {
        let mut left_out = Vec::new();
        if self.cut > 0 {
            left_out.push(format!("long texts shortened in the middle: {}", self.cut));
        }
        if self.dropped > 0 {
            left_out.push(format!("shorter partial linearizations left out: {}", self.dropped));
        }
        left_out
    }
}
