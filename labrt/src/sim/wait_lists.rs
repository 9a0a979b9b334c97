//! The threads that wait for a lock or condition variable, by its address.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};

use super::thread_table::Ticket;
use crate::rng::generator::Generator;

/// The waiting threads of every lock and condition variable. The map is never
/// iterated, so that addresses cannot affect the schedule.
#[derive(Default)]
pub(crate) struct WaitLists {
    lists: HashMap<usize, Vec<Ticket>, BuildHasherDefault<AddressHasher>>,
    /// Empty lists to reuse instead of allocating.
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

    /// Removes one waiting thread from the list, at random.
    pub(crate) fn take_one(&mut self, address: usize, schedule: &mut Generator) -> Option<Ticket> {
        let list = self.lists.get_mut(&address)?;
        let ticket = list.swap_remove(schedule.pick(list.len()));
        self.drop_if_empty(address);
        Some(ticket)
    }

    /// Removes the list of an address from the map if no thread waits there.
    fn drop_if_empty(&mut self, address: usize) {
        if let Entry::Occupied(list) = self.lists.entry(address)
            && list.get().is_empty()
        {
            self.spare.push(list.remove());
        }
    }

    /// Removes all waiting threads, in the order in which they were added.
    pub(crate) fn take_all(&mut self, address: usize) -> Vec<Ticket> {
        self.lists.remove(&address).unwrap_or_default()
    }
}

/// Hashes addresses with one multiplication.
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
