//! The status of a cluster's servers.

use std::fmt;

/// The status of each server of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Whether each server is running: started, and not crashed since.
    pub alive: Vec<bool>,
    /// Whether each server is connected. A partition does not change this.
    pub connected: Vec<bool>,
    /// The number of starts of each server.
    pub incarnations: Vec<u64>,
}

impl Status {
    /// `n` servers that have never been started.
    pub(crate) fn new(n: usize) -> Self {
        Status { alive: vec![false; n], connected: vec![false; n], incarnations: vec![0; n] }
    }

    /// The indices of the marked servers, in order.
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
    fn display_is_one_line_of_key_value_pairs() {
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
