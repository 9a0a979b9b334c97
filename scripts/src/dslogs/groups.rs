//! Separates servers into groups that share one replicated log.
//!
//! A run may have several groups of servers: a controller, and groups of replicas.
//! Each has its own log and therefore its own entry #7. Names show the groups:
//! `server-100-2` is in the group `server-100`. Servers without names, as in most
//! labs, are one group.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::line;
use super::step::Step;
use super::timeline::Timeline;

/// The timelines of the entry with one index in each group.
#[derive(Debug)]
pub(crate) struct Groups {
    index: u64,
    /// The requested group.
    wanted: Option<String>,
    /// Its servers, if the request gave their numbers.
    range: Option<RangeInclusive<usize>>,
    /// The group of each server with a name.
    named: BTreeMap<usize, String>,
    /// The timeline of each group, by its name. Servers without names are in the group
    /// with the empty name.
    timelines: BTreeMap<String, Timeline>,
}

impl Groups {
    /// Creates empty timelines. `wanted` is the requested group, if any: its name, or
    /// its servers' numbers such as `3-5`.
    pub(crate) fn new(index: u64, wanted: Option<&str>) -> Self {
        let (range, wanted) = (wanted.and_then(parse_range), wanted.map(str::to_owned));
        Groups { index, wanted, range, named: BTreeMap::new(), timelines: BTreeMap::new() }
    }

    /// Sets the name of a server.
    pub(crate) fn name(&mut self, server: usize, name: &str) {
        let group = name.trim_end_matches(|last: char| last.is_ascii_digit());
        self.named.insert(server, group.trim_end_matches('-').to_owned());
        self.add_server(server);
    }

    /// Takes the name from a line of the test, if it has one: `S3 boots as
    /// server-100-0, incarnation 1`.
    pub(crate) fn name_by(&mut self, message: &[u8]) {
        if let Some(server) = line::leading_peer(message)
            && let Ok(text) = std::str::from_utf8(message)
            && let Some((_, rest)) = text.split_once(" boots as ")
            && let Some((name, _)) = rest.split_once(',')
        {
            self.name(server, name);
        }
    }

    /// Adds a server.
    pub(crate) fn add_server(&mut self, server: usize) {
        self.timeline(server).add_server(server);
    }

    /// Adds a step, see [`Timeline::add`].
    pub(crate) fn add(&mut self, time: u64, step: Step) {
        self.timeline(step.server).add(time, step);
    }

    /// Adds an action of the test: to the group of the server that the text begins
    /// with, or to all groups.
    pub(crate) fn remark(&mut self, time: u64, text: String) {
        match line::leading_peer(text.as_bytes()) {
            Some(server) => self.timeline(server).remark(time, text),
            None => self.timelines.values_mut().for_each(|all| all.remark(time, text.clone())),
        }
    }

    /// Returns the timeline of a server's group.
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

    /// Returns name and timeline of the requested group, or of the only group that has
    /// the entry. The error lists the possible requests.
    pub(crate) fn choose(mut self) -> Result<(String, Timeline), String> {
        if let Some(name) = &self.wanted {
            return match self.timelines.remove_entry(name) {
                Some((name, timeline)) if timeline.steps().next().is_some() => Ok((name, timeline)),
                Some((name, timeline)) => {
                    Err(self.not_found_message(&format!(" of {name}"), [&timeline]))
                }
                None => Err(format!("no group {name}; {}", self.choices(|_| true))),
            };
        }
        let has_entry = |timeline: &Timeline| timeline.steps().next().is_some();
        let having: Vec<&String> =
            self.timelines.iter().filter(|(_, own)| has_entry(own)).map(|(name, _)| name).collect();
        match having[..] {
            [] => Err(self.not_found_message("", self.timelines.values())),
            [name] => Ok(self.timelines.remove_entry(&name.clone()).expect("it was just found")),
            _ => {
                let choices = self.choices(has_entry);
                Err(format!("several groups have an entry #{}; {choices}", self.index))
            }
        }
    }

    /// Returns the error for an entry without events.
    fn not_found_message<'a>(
        &self,
        of: &str,
        all: impl IntoIterator<Item = &'a Timeline>,
    ) -> String {
        let known = all.into_iter().filter_map(Timeline::known);
        match known.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1))) {
            Some((low, high)) => {
                format!("no events for entry #{}{of}, only for #{low} to #{high}", self.index)
            }
            None => format!("no events for any entry{of}; run the test with VERBOSE=1"),
        }
    }

    /// Lists the groups for `--group`.
    fn choices(&self, among: impl Fn(&Timeline) -> bool) -> String {
        let choice = |(name, timeline): (&String, &Timeline)| {
            let (first, last) = (timeline.servers.start, timeline.servers.end.saturating_sub(1));
            match name.as_str() {
                "" => format!("{first}-{last}"),
                name => format!("{name} (S{first} to S{last})"),
            }
        };
        let among = self.timelines.iter().filter(|(_, timeline)| among(timeline));
        let choices: Vec<String> = among.map(choice).collect();
        format!("choose one with --group: {}", choices.join(", "))
    }
}

/// Parses the numbers of servers, such as `3-5`.
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
    fn an_entry_in_one_group_needs_no_choice() {
        let (name, timeline) = choose(9, None).expect("only one group has it");
        assert_eq!((name.as_str(), timeline.servers), ("server-100", 2..4));
    }

    #[test]
    fn an_entry_in_several_groups_needs_a_choice() {
        let choices = "choose one with --group: ctlr (S0 to S1), server-100 (S2 to S3)";
        let error = |index, wanted| choose(index, wanted).expect_err("not chosen");
        assert_eq!(error(7, None), format!("several groups have an entry #7; {choices}"));
        assert_eq!(error(7, Some("x")), format!("no group x; {choices}"));
        let missing = "no events for entry #9 of ctlr, only for #7 to #7";
        assert_eq!(error(9, Some("ctlr")), missing);
        assert_eq!(error(10, None), "no events for entry #10, only for #7 to #9");
        for (wanted, servers) in [("ctlr", 0..2), ("server-100", 2..4), ("2-3", 2..4)] {
            let (name, timeline) = choose(7, Some(wanted)).expect("chosen");
            assert_eq!((name.as_str(), timeline.servers), (wanted, servers));
        }
    }
}
