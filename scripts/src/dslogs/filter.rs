//! Decides which lines are shown.

use super::line::Line;
use super::topic::{Topic, TopicSet};

/// Topics and a time span. They apply only to debug lines; all other lines are
/// shown.
#[derive(Debug)]
pub(crate) struct Filter {
    /// The topics to show.
    pub(crate) topics: TopicSet,
    /// The first moment to show.
    pub(crate) from: Moment,
    /// The last moment to show.
    pub(crate) to: Moment,
}

impl Filter {
    /// Returns whether to show a line.
    pub(crate) fn shows(&self, line: &Line<'_>) -> bool {
        let Line::Debug(line) = line else { return true };
        self.wants(line.topic, Moment(line.time))
    }

    /// Returns whether to show an event with this topic at this moment.
    pub(crate) fn wants(&self, topic: Topic, moment: Moment) -> bool {
        self.topics.contains(topic) && (self.from..=self.to).contains(&moment)
    }
}

/// A point in time, in tenths of milliseconds since the start of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

impl Moment {
    /// The start of the run.
    pub(crate) const START: Moment = Moment(0);
    /// Later than any line.
    pub(crate) const END: Moment = Moment(u64::MAX);

    /// Returns the moment after this many microseconds.
    pub(crate) fn of_micros(micros: u64) -> Moment {
        Moment(micros / 100)
    }

    /// Reads seconds (`1.5`, `1.5s`) or the digits of a line (`015000`: six or
    /// more).
    pub(crate) fn parse(text: &str) -> Result<Moment, String> {
        const WRONG: &str = "expected seconds such as 1.5, or the six digits of a line";
        if text.len() >= 6 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().map(Moment).map_err(|_| WRONG.to_owned());
        }
        let seconds = text.strip_suffix('s').unwrap_or(text);
        let is_number = seconds.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        match seconds.parse::<f64>() {
            Ok(seconds) if is_number => Ok(Moment((seconds * 10_000.0).round() as u64)),
            _ => Err(WRONG.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dslogs::topic;

    #[test]
    fn moments_are_seconds_or_digits() {
        for (text, tenths) in [
            ("0", 0),
            ("1.5", 15_000),
            ("1.5s", 15_000),
            (".25", 2_500),
            ("12345", 123_450_000),
            ("012345", 12_345),
            ("1234567", 1_234_567),
            ("0.12345", 1_235),
        ] {
            assert_eq!(Moment::parse(text), Ok(Moment(tenths)), "{text}");
        }
        for text in ["", "s", "-1", "inf", "nan", "1e3", "1.5ms", "99999999999999999999999"] {
            Moment::parse(text).expect_err(text);
        }
    }

    #[test]
    fn topics_and_times_apply_only_to_debug_lines() {
        let vote = topic::parse("VOTE").expect("known");
        let filter = Filter { topics: TopicSet::of(&[vote]), from: Moment(10), to: Moment(20) };
        for (text, shown) in [
            ("000009 VOTE S0 early", false),
            ("000010 VOTE S0 first", true),
            ("000020 VOTE S0 last", true),
            ("000021 VOTE S0 late", false),
            ("000015 TERM S0 other", false),
            ("000015 NONE S0 foreign", true),
            ("seed 0x1 (real clock)", true),
            ("panic", true),
        ] {
            assert_eq!(filter.shows(&Line::parse(text.as_bytes())), shown, "{text}");
        }
    }
}
