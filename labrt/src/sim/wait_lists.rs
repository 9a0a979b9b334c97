//! Who waits for which lock or condition variable, keyed by its address.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};

use super::thread_table::Ticket;
use crate::rng::generator::Generator;

/// The waiting threads of every lock and condition variable. It is only looked
/// up, never iterated, so that no address can reach the schedule.
#[derive(Default)]
pub(crate) struct WaitLists {
    lists: HashMap<usize, Vec<Ticket>, BuildHasherDefault<AddressHasher>>,
    /// Empty lists: the next wait takes one instead of allocating.
    spare: Vec<Vec<Ticket>>,
}

impl WaitLists {
    pub(crate) fn add(&mut self, address: usize, ticket: Ticket) {
        let spare = || self.spare.pop().unwrap_or_default();
        self.lists.entry(address).or_insert_with(spare).push(ticket);
    }

    pub(crate) fn remove(&mut self, address: usize, ticket: Ticket) {
        if let Some(list) = self.lists.get_mut(&address) {
            list.retain(|waiting| *waiting != ticket);
            self.drop_if_empty(address);
        }
    }

    /// Takes one waiting thread off the list, at random.
    pub(crate) fn take_one(&mut self, address: usize, schedule: &mut Generator) -> Option<Ticket> {
        let list = self.lists.get_mut(&address)?;
        let ticket = list.swap_remove(schedule.pick(list.len()));
        self.drop_if_empty(address);
        Some(ticket)
    }

    /// Takes the list of an address out of the map when nobody waits there.
    fn drop_if_empty(&mut self, address: usize) {
        if let Entry::Occupied(list) = self.lists.entry(address)
            && list.get().is_empty()
        {
            self.spare.push(list.remove());
        }
    }

    /// Takes all waiting threads, in the order in which they came.
    pub(crate) fn take_all(&mut self, address: usize) -> Vec<Ticket> {
        self.lists.remove(&address).unwrap_or_default()
    }
}

/// Spreads addresses: one multiplication.
#[derive(Default)]
struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn write(&mut self, _: &[u8]) {
        unreachable!("the keys are addresses");
    }

    fn write_usize(&mut self, address: usize) {
        self.0 = (address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(20);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
