//! Who is up: the cluster's bookkeeping, readable at any time by anybody.

use std::fmt;

/// What the cluster knows about each of its servers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Whether each server has been started and not crashed since.
    pub alive: Vec<bool>,
    /// Whether each server is meant to reach the other connected ones.
    pub connected: Vec<bool>,
    /// How often each server was started.
    pub incarnations: Vec<u64>,
}

impl Status {
    /// `n` servers that have never been started.
    pub(crate) fn new(n: usize) -> Self {
        Status { alive: vec![false; n], connected: vec![false; n], incarnations: vec![0; n] }
    }

    /// The servers marked in one of the lists, in order.
    fn marked(marks: &[bool]) -> Vec<usize> {
        marks.iter().enumerate().filter_map(|(server, &mark)| mark.then_some(server)).collect()
    }

    /// The connected servers, in order.
    pub fn connected_servers(&self) -> Vec<usize> {
        Self::marked(&self.connected)
    }

    /// The living servers, in order.
    pub fn living_servers(&self) -> Vec<usize> {
        Self::marked(&self.alive)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (alive, connected) = (self.living_servers(), self.connected_servers());
        let n = self.alive.len();
        write!(f, "servers={n} alive={alive:?} connected={connected:?}")?;
        write!(f, " incarnations={:?}", self.incarnations)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_grepable() {
        let mut status = Status::new(3);
        status.alive = vec![true, false, true];
        status.connected[2] = true;
        status.incarnations = vec![1, 1, 4];
        assert_eq!(
            status.to_string(),
            "servers=3 alive=[0, 2] connected=[2] incarnations=[1, 1, 4]"
        );
    }
}
