//! The list of the calls and returns of one partition, in the order of time.
//! The search takes operations out and puts them back.

use crate::Operation;

/// The place before the first entry and after the last one.
const HEAD: u32 = 0;

/// A circular, doubly linked list over an array. An entry that is taken out
/// keeps its links, so it can be put back without a search if entries are put
/// back in the reverse order (Knuth's "dancing links").
pub(crate) struct Entries {
    entries: Vec<Entry>,
    /// For each operation number, its position in the history.
    positions: Vec<usize>,
}

/// A call or a return.
#[derive(Clone, Copy, Default)]
struct Entry {
    previous: u32,
    next: u32,
    /// For a call, the number of its operation in this partition.
    number: u32,
    /// For a call, the place of its return; `HEAD` for returns.
    ret: u32,
}

/// The kind of an entry.
pub(crate) enum EntryKind {
    /// The call of the operation with this number.
    Call(usize),
    /// A return: an operation that is still in the list had to take effect
    /// before.
    Return,
}

impl Entries {
    /// Creates the list for the operations at `positions` of the history.
    /// Operations are numbered in the order of their calls.
    ///
    /// At equal times calls come before returns: intervals are closed, so an
    /// operation that ends at a time is concurrent with one that starts then.
    pub(crate) fn new<I, O>(history: &[Operation<I, O>], positions: &[usize]) -> Entries {
        let operations = positions.iter().map(|&position| &history[position]).enumerate();
        let order_of = |&(time, is_return, _): &(i64, bool, usize)| (time, is_return);
        let mut times: Vec<_> =
            operations.clone().map(|(index, call)| (call.call, false, index)).collect();
        // Most histories are already in the order of returns. Sorting two sorted
        // halves is one merge.
        times.sort_by_key(order_of);
        times.extend(operations.map(|(index, call)| (call.ret, true, index)));
        times.sort_by_key(order_of);

        let size = u32::try_from(times.len() + 1).expect("a partition has fewer than 2^31 calls");
        let mut entries = vec![Entry::default(); size as usize];
        let mut calls = vec![HEAD; positions.len()];
        let mut order = Vec::with_capacity(positions.len());
        for (place, &(_, is_return, index)) in (1..size).zip(&times) {
            let entry = &mut entries[place as usize];
            entry.previous = place - 1;
            entry.next = (place + 1) % size;
            if is_return {
                entries[calls[index] as usize].ret = place;
            } else {
                entry.number = order.len() as u32;
                calls[index] = place;
                order.push(positions[index]);
            }
        }
        entries[HEAD as usize] = Entry { previous: size - 1, next: 1 % size, ..Entry::default() };
        Entries { entries, positions: order }
    }

    /// Returns whether all operations have been taken out.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.first() == HEAD
    }

    /// Returns the first place.
    #[inline]
    pub(crate) fn first(&self) -> u32 {
        self.entries[HEAD as usize].next
    }

    /// Returns the place after `place`. A call always has one, because its
    /// return comes later.
    #[inline]
    pub(crate) fn after(&self, place: u32) -> u32 {
        self.entries[place as usize].next
    }

    /// Returns the kind of the entry at `place`.
    #[inline]
    pub(crate) fn at(&self, place: u32) -> EntryKind {
        let entry = self.entries[place as usize];
        if entry.ret == HEAD { EntryKind::Return } else { EntryKind::Call(entry.number as usize) }
    }

    /// Returns the number of the operation called at `place`.
    #[inline]
    pub(crate) fn number(&self, place: u32) -> usize {
        self.entries[place as usize].number as usize
    }

    /// Returns the position in the history of operation `number`.
    #[inline]
    pub(crate) fn position(&self, number: usize) -> usize {
        self.positions[number]
    }

    /// Takes the operation called at `call` out of the list.
    #[inline]
    pub(crate) fn lift(&mut self, call: u32) {
        self.unlink(call);
        self.unlink(self.entries[call as usize].ret);
    }

    /// Puts the operation called at `call` back. It must be the last one taken
    /// out.
    #[inline]
    pub(crate) fn unlift(&mut self, call: u32) {
        self.relink(self.entries[call as usize].ret);
        self.relink(call);
    }

    #[inline]
    fn unlink(&mut self, place: u32) {
        let Entry { previous, next, .. } = self.entries[place as usize];
        self.entries[previous as usize].next = next;
        self.entries[next as usize].previous = previous;
    }

    #[inline]
    fn relink(&mut self, place: u32) {
        let Entry { previous, next, .. } = self.entries[place as usize];
        self.entries[previous as usize].next = place;
        self.entries[next as usize].previous = place;
    }
}
