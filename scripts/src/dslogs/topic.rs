//! The topics of debug lines: the same sixteen in all labs.

use anstyle::RgbColor;

/// A topic: its index in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Topic(u8);

/// Name, colour and meaning, in the course's order.
static TABLE: [(&str, RgbColor, &str); 16] = [
    ("TIMR", RgbColor(0x9a, 0x9a, 0x99), "timers"),
    ("VOTE", RgbColor(0x67, 0xa0, 0xb2), "votes"),
    ("LEAD", RgbColor(0xd0, 0xb3, 0x43), "leadership"),
    ("TERM", RgbColor(0x70, 0xc4, 0x3f), "terms"),
    ("LOG1", RgbColor(0x48, 0x78, 0xbc), "log, the leader's side"),
    ("LOG2", RgbColor(0x39, 0x82, 0x80), "log, the follower's side"),
    ("CMIT", RgbColor(0x98, 0x71, 0x9f), "commits"),
    ("PERS", RgbColor(0xd0, 0x83, 0x41), "stable storage"),
    ("SNAP", RgbColor(0xfd, 0x97, 0x1f), "snapshots"),
    ("DROP", RgbColor(0xff, 0x61, 0x5c), "lost messages, killed servers"),
    ("CLNT", RgbColor(0x00, 0x81, 0x3c), "clients"),
    ("TEST", RgbColor(0xfe, 0x2c, 0x79), "the test"),
    ("INFO", RgbColor(0xff, 0xff, 0xff), "information"),
    ("WARN", RgbColor(0xd0, 0x83, 0x41), "warnings"),
    ("ERRO", RgbColor(0xfe, 0x26, 0x26), "errors"),
    ("TRCE", RgbColor(0xfe, 0x26, 0x26), "details"),
];

impl Topic {
    /// Returns the topic of this name.
    pub(crate) fn named(name: &[u8]) -> Option<Topic> {
        let place = TABLE.iter().position(|(known, ..)| known.as_bytes() == name)?;
        Some(Topic(place as u8))
    }

    /// Returns the topic of the test's own lines.
    pub(crate) fn test() -> Topic {
        Topic::named(b"TEST").expect("the table has TEST")
    }

    /// Returns the colour of its lines.
    pub(crate) fn colour(self) -> RgbColor {
        TABLE[self.index()].1
    }

    /// Returns its index in [`all`].
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Returns whether its lines are the test's own, which belong to no server.
    pub(crate) fn is_test(self) -> bool {
        TABLE[self.index()].0 == "TEST"
    }
}

/// Returns all topics, in the course's order.
pub(crate) fn all() -> impl Iterator<Item = Topic> {
    (0..TABLE.len()).map(|place| Topic(place as u8))
}

/// Parses a topic of the command line. The error lists all topics.
pub(crate) fn parse(name: &str) -> Result<Topic, String> {
    Topic::named(name.to_ascii_uppercase().as_bytes()).ok_or_else(|| {
        let names = TABLE.map(|(name, ..)| name);
        format!("unknown topic; the topics are {}", names.join(", "))
    })
}

/// Returns all topics with their meanings, a line each.
pub(crate) fn list() -> String {
    let lines = TABLE.iter().map(|(name, _, meaning)| format!("  {name}  {meaning}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// A set of topics: a bit for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TopicSet(u16);

impl TopicSet {
    /// Every topic.
    pub(crate) const ALL: TopicSet = TopicSet(u16::MAX);

    /// Creates the set of the topics in a list.
    pub(crate) fn of(topics: &[Topic]) -> TopicSet {
        TopicSet(topics.iter().fold(0, |bits, topic| bits | 1 << topic.0))
    }

    /// Returns the topics of this set that are not in the other.
    pub(crate) fn without(self, other: TopicSet) -> TopicSet {
        TopicSet(self.0 & !other.0)
    }

    /// Returns whether the topic is in the set.
    pub(crate) fn contains(self, topic: Topic) -> bool {
        self.0 & 1 << topic.0 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_topics_have_names() {
        for (name, colour, _) in &TABLE {
            let topic = parse(name).expect("in the table");
            assert_eq!(topic.colour(), *colour);
            assert_eq!(topic.is_test(), *name == "TEST");
        }
        assert_eq!(parse("vote"), parse("VOTE"));
    }

    #[test]
    fn the_error_for_an_unknown_topic_lists_all_topics() {
        for name in ["VOTES", "", "VOT", "VOTE "] {
            let error = parse(name).expect_err(name);
            assert!(TABLE.iter().all(|(known, ..)| error.contains(known)), "{error}");
        }
    }

    #[test]
    fn without_removes_topics() {
        let [vote, timr, trce] = ["VOTE", "TIMR", "TRCE"].map(|name| parse(name).expect(name));
        let set = TopicSet::of(&[vote, trce]).without(TopicSet::of(&[trce, timr]));
        assert!(set.contains(vote) && !set.contains(timr) && !set.contains(trce));
        assert!(TopicSet::ALL.contains(trce));
    }
}
