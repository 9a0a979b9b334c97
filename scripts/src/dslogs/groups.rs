//! Which servers keep one replicated log together.
//!
//! A run may have several groups of servers: a controller, and groups of replicas.
//! Each has a log of its own, and so an entry #7 of its own. Names tell the groups:
//! `server-100-2` is in the group `server-100`. Servers without names, as most labs
//! have them, are one group.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::line;
use super::step::Step;
use super::timeline::Timeline;

/// The way of the entry with one index through each group.
#[derive(Debug)]
pub(crate) struct Groups {
    index: u64,
    /// The group that is asked for.
    wanted: Option<String>,
    /// Its servers, if it was asked for by their numbers.
    range: Option<RangeInclusive<usize>>,
    /// The group of each server with a name.
    named: BTreeMap<usize, String>,
    /// The timeline of each group, by its name; servers without names are the group
    /// of the empty name.
    timelines: BTreeMap<String, Timeline>,
}

impl Groups {
    /// Nothing is known yet of the entry. `wanted` is the group that is asked for, if
    /// one is: its name, or its servers' numbers as `3-5`.
    pub(crate) fn new(index: u64, wanted: Option<&str>) -> Self {
        let (range, wanted) = (wanted.and_then(parse_range), wanted.map(str::to_owned));
        Groups { index, wanted, range, named: BTreeMap::new(), timelines: BTreeMap::new() }
    }

    /// A server has a name.
    pub(crate) fn name(&mut self, server: usize, name: &str) {
        let group = name.trim_end_matches(|last: char| last.is_ascii_digit());
        self.named.insert(server, group.trim_end_matches('-').to_owned());
        self.hear_of(server);
    }

    /// A line of the test may tell a name: `S3 boots as server-100-0, incarnation 1`.
    pub(crate) fn name_by(&mut self, message: &[u8]) {
        if let Some(server) = line::leading_peer(message)
            && let Ok(text) = std::str::from_utf8(message)
            && let Some((_, rest)) = text.split_once(" boots as ")
            && let Some((name, _)) = rest.split_once(',')
        {
            self.name(server, name);
        }
    }

    /// A server exists.
    pub(crate) fn hear_of(&mut self, server: usize) {
        self.timeline(server).hear_of(server);
    }

    /// Adds a step, see [`Timeline::add`].
    pub(crate) fn add(&mut self, time: u64, step: Step) {
        self.timeline(step.server).add(time, step);
    }

    /// Adds what the test did: to the group of the server that it begins with, or to
    /// all.
    pub(crate) fn remark(&mut self, time: u64, text: String) {
        match line::leading_peer(text.as_bytes()) {
            Some(server) => self.timeline(server).remark(time, text),
            None => self.timelines.values_mut().for_each(|all| all.remark(time, text.clone())),
        }
    }

    /// The timeline of a server's group.
    fn timeline(&mut self, server: usize) -> &mut Timeline {
        let by_number = self.range.as_ref().filter(|range| range.contains(&server));
        let group = match by_number {
            Some(_) => self.wanted.clone(),
            None => self.named.get(&server).cloned(),
        };
        let first = if group.is_some() { server } else { 0 };
        let new = || Timeline::new(self.index, first);
        self.timelines.entry(group.unwrap_or_default()).or_insert_with(new)
    }

    /// The timeline of the group that is asked for, or of the only one that has the
    /// entry, and the name of the group. The error says what else could be asked for.
    pub(crate) fn choose(mut self) -> Result<(String, Timeline), String> {
        if let Some(name) = &self.wanted {
            return match self.timelines.remove_entry(name) {
                Some((name, timeline)) if timeline.steps().next().is_some() => Ok((name, timeline)),
                Some((name, timeline)) => Err(self.silence(&format!(" of {name}"), [&timeline])),
                None => Err(format!("has no group {name}; {}", self.choices(|_| true))),
            };
        }
        let has_entry = |timeline: &Timeline| timeline.steps().next().is_some();
        let having: Vec<&String> =
            self.timelines.iter().filter(|(_, own)| has_entry(own)).map(|(name, _)| name).collect();
        match having[..] {
            [] => Err(self.silence("", self.timelines.values())),
            [name] => Ok(self.timelines.remove_entry(&name.clone()).expect("it was just found")),
            _ => {
                let choices = self.choices(has_entry);
                Err(format!("has several entries #{}, one in each group; {choices}", self.index))
            }
        }
    }

    /// That nothing is told of the entry.
    fn silence<'a>(&self, of: &str, all: impl IntoIterator<Item = &'a Timeline>) -> String {
        let known = all.into_iter().filter_map(Timeline::known);
        match known.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1))) {
            Some((low, high)) => {
                format!("tells nothing of entry #{}{of}, only of #{low} to #{high}", self.index)
            }
            None => format!("tells nothing of any entry{of}; with VERBOSE=1 it does"),
        }
    }

    /// What `--group` takes here.
    fn choices(&self, among: impl Fn(&Timeline) -> bool) -> String {
        let choice = |(name, timeline): (&String, &Timeline)| {
            let (first, last) = (timeline.servers.start, timeline.servers.end.saturating_sub(1));
            match name.as_str() {
                "" => format!("{first}-{last}"),
                name => format!("{name} (S{first} to S{last})"),
            }
        };
        let among = self.timelines.iter().filter(|(_, timeline)| among(timeline));
        format!("--group takes {}", among.map(choice).collect::<Vec<_>>().join(", "))
    }
}

/// The servers of `3-5`.
fn parse_range(text: &str) -> Option<RangeInclusive<usize>> {
    let (first, last) = text.split_once('-')?;
    Some(first.parse().ok()?..=last.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two groups of two servers and their entries: #7 in both, #9 in one.
    fn choose(index: u64, wanted: Option<&str>) -> Result<(String, Timeline), String> {
        let mut groups = Groups::new(index, wanted);
        for (server, name) in
            ["ctlr-0", "ctlr-1", "server-100-0", "server-100-1"].into_iter().enumerate()
        {
            groups.name_by(format!("S{server} boots as {name}, incarnation 1").as_bytes());
        }
        for line in ["S1 starts #7 in T1", "S2 starts #7 in T4", "S2 sends #7..#9 to S3"] {
            groups.add(1, Step::parse(line.as_bytes()).expect(line));
        }
        groups.choose()
    }

    #[test]
    fn an_entry_of_one_group_needs_no_choice() {
        let (name, timeline) = choose(9, None).expect("only one group has it");
        assert_eq!((name.as_str(), timeline.servers), ("server-100", 2..4));
    }

    #[test]
    fn an_entry_of_several_groups_needs_one() {
        let choices = "--group takes ctlr (S0 to S1), server-100 (S2 to S3)";
        let told = |index, wanted| choose(index, wanted).expect_err("not chosen");
        assert_eq!(told(7, None), format!("has several entries #7, one in each group; {choices}"));
        assert_eq!(told(7, Some("x")), format!("has no group x; {choices}"));
        let nothing = "tells nothing of entry #9 of ctlr, only of #7 to #7";
        assert_eq!(told(9, Some("ctlr")), nothing);
        assert_eq!(told(10, None), "tells nothing of entry #10, only of #7 to #9");
        for (wanted, servers) in [("ctlr", 0..2), ("server-100", 2..4), ("2-3", 2..4)] {
            let (name, timeline) = choose(7, Some(wanted)).expect("chosen");
            assert_eq!((name.as_str(), timeline.servers), (wanted, servers));
        }
    }
}
