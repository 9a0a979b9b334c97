//! Who waits for which lock or condition variable, keyed by its address.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::thread_table::Ticket;
use crate::rng::generator::Generator;

/// The waiting threads of every lock and condition variable. It is only looked
/// up, never iterated, so that no address can reach the schedule.
#[derive(Default)]
pub(crate) struct WaitLists {
    lists: HashMap<usize, Vec<Ticket>, BuildHasherDefault<AddressHasher>>,
}

impl WaitLists {
    pub(crate) fn add(&mut self, address: usize, ticket: Ticket) {
        self.lists.entry(address).or_default().push(ticket);
    }

    pub(crate) fn remove(&mut self, address: usize, ticket: Ticket) {
        if let Some(list) = self.lists.get_mut(&address) {
            list.retain(|waiting| *waiting != ticket);
            if list.is_empty() {
                self.lists.remove(&address);
            }
        }
    }

    /// Takes one waiting thread off the list, at random.
    pub(crate) fn take_one(&mut self, address: usize, schedule: &mut Generator) -> Option<Ticket> {
        let list = self.lists.get_mut(&address)?;
        let ticket = list.swap_remove(schedule.pick(list.len()));
        if list.is_empty() {
            self.lists.remove(&address);
        }
        Some(ticket)
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
