//! Leader election (sections 5.2 and 5.4.1; Figure 2, RequestVote RPC and rules
//! for candidates).
//!
//! A server that receives nothing from a leader for a random time starts a new
//! term, votes for itself and asks all others for their votes. It leads when it
//! has the votes of a majority. If the timeout expires before that, it tries
//! again in a new term.

use crate::calls::Request;
use crate::messages::{RequestVoteArgs, RequestVoteReply};
use crate::state::{Role, State};

impl State {
    /// Becomes a candidate and asks all others for their votes.
    pub(crate) fn start_election(&mut self) {
        self.become_candidate();
        let (term, last_log) = (self.term(), self.log().last());
        let args = RequestVoteArgs { term, candidate: self.me as u64, last_log };
        for peer in self.others() {
            self.outbox.push((peer, Request::Vote(args.clone())));
        }
        // A single server is a majority.
        self.lead_if_elected();
    }

    /// Handles a RequestVote request.
    pub(crate) fn handle_request_vote(&mut self, args: &RequestVoteArgs) -> RequestVoteReply {
        self.observe_term(args.term);
        let vote_granted = self.would_vote_for(args);
        let (candidate, term) = (self.server_id(args.candidate as usize), args.term);
        if vote_granted {
            log::debug!(target: "VOTE", "S{} gives S{candidate} its vote in T{term}", self.my_id());
            self.durable.vote_for(args.candidate as usize);
            self.reset_election_timer();
            self.trace_role();
        } else {
            log::debug!(target: "VOTE", "{self} refuses S{candidate} its vote in T{term}");
        }
        RequestVoteReply { term: self.term(), vote_granted }
    }

    /// Returns whether a candidate gets this server's vote. A server votes once
    /// per term, for the first candidate whose log is at least as up to date as
    /// its own. So every leader has all committed entries.
    fn would_vote_for(&self, args: &RequestVoteArgs) -> bool {
        let voted_for = self.durable.voted_for();
        args.term == self.term()
            && voted_for.is_none_or(|other| other == args.candidate as usize)
            && self.log().is_covered_by(args.last_log)
    }

    /// Handles the reply to a RequestVote that this server sent as a candidate
    /// in `term`.
    pub(crate) fn handle_vote_reply(&mut self, peer: usize, term: u64, reply: &RequestVoteReply) {
        self.observe_term(reply.term);
        // A vote counts only in the election that asked for it.
        if term == self.term()
            && reply.vote_granted
            && let Role::Candidate { votes } = &mut self.role
        {
            votes.insert(peer);
            self.lead_if_elected();
        }
    }

    /// Becomes the leader if it has the votes of a majority. Its first messages
    /// to the peers are then due immediately.
    fn lead_if_elected(&mut self) {
        if let Role::Candidate { votes } = &self.role
            && votes.len() >= self.majority()
        {
            self.become_leader();
        }
    }
}
