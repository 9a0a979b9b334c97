//! Leader election (sections 5.2 and 5.4.1).
//!
//! A server that has heard of no leader for a random time votes for itself in a new
//! term and asks all others at once. It leads when a majority of votes is in. It
//! does not ask again within the term: a lost call costs at worst one more election
//! timeout, and the next candidate is likely to be another.

use crate::calls::{Outgoing, Request};
use crate::messages::{RequestVoteArgs, RequestVoteReply};
use crate::state::{Role, State};

impl State {
    /// Becomes a candidate and asks everybody for a vote.
    pub(crate) fn start_election(&mut self) {
        self.become_candidate();
        let (term, last_log) = (self.term(), self.log().last());
        for peer in self.others() {
            let args = RequestVoteArgs { term, candidate: self.me as u64, last_log };
            self.outbox.push(Outgoing { peer, request: Request::Vote(args) });
        }
        // A server on its own is a majority.
        self.lead_if_elected();
    }

    /// RequestVote, the receiver's side.
    pub(crate) fn handle_request_vote(&mut self, args: &RequestVoteArgs) -> RequestVoteReply {
        self.observe_term(args.term);
        let vote_granted = self.would_vote_for(args);
        if vote_granted {
            self.durable.vote_for(args.candidate as usize);
            self.reset_election_timer();
        }
        log::debug!(
            target: "VOTE", "S{} T{} {} its vote to S{} of T{}",
            self.me, self.term(), if vote_granted { "gives" } else { "refuses" },
            args.candidate, args.term
        );
        RequestVoteReply { term: self.term(), vote_granted }
    }

    /// One vote per term, first come, first served, and only for a candidate whose
    /// log is at least as up to date: so that whoever wins has every committed entry.
    fn would_vote_for(&self, args: &RequestVoteArgs) -> bool {
        let voted_for = self.durable.voted_for();
        args.term == self.term()
            && voted_for.is_none_or(|other| other == args.candidate as usize)
            && self.log().is_covered_by(args.last_log)
    }

    /// The reply to a RequestVote of this server.
    pub(crate) fn handle_vote_reply(
        &mut self,
        peer: usize,
        args: &RequestVoteArgs,
        reply: &RequestVoteReply,
    ) {
        self.observe_term(reply.term);
        // The election may be over, or be another one.
        if args.term != self.term() || !reply.vote_granted {
            return;
        }
        if let Role::Candidate { votes } = &mut self.role {
            votes.insert(peer);
            self.lead_if_elected();
        }
    }

    /// Takes the lead as soon as the votes suffice, and says so to everybody.
    fn lead_if_elected(&mut self) {
        if let Role::Candidate { votes } = &self.role
            && votes.len() >= self.majority()
        {
            self.become_leader();
            self.send_heartbeats();
        }
    }
}
