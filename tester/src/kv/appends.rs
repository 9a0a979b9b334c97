//! What clients append, and whether a value holds all of it, once and in order.

use std::fmt::Write;

/// What client `client` appends as its `j`-th element: `x <client> <j> y`.
pub(super) fn element(client: usize, j: usize) -> String {
    format!("x {client} {j} y")
}

/// Where the elements of a client stand in a value, and which they are, in the
/// order of the value.
///
/// Every element begins with an `x` and has no other, so one look at each `x` finds
/// whatever a search for each element would find, in one pass.
fn elements(client: usize, value: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut head = String::new();
    write!(head, "x {client} ").expect("a string takes everything");
    value.match_indices('x').filter_map(move |(position, _)| {
        let rest = value[position..].strip_prefix(head.as_str())?;
        let (number, _) = rest.split_once(" y")?;
        // "007" and "+7" are numbers to Rust, and no elements.
        let is_plain = number == "0" || !number.starts_with(['0', '+']);
        let j = number.parse().ok().filter(|_| is_plain)?;
        Some((position, j))
    })
}

/// Checks that a value has the elements 0 to `count` of a client, each once and in
/// this order.
///
/// # Panics
///
/// When an element is missing, doubled or in the wrong place.
#[track_caller]
pub fn check_clnt_appends(client: usize, value: &str, count: usize) {
    let mut places: Vec<Option<usize>> = vec![None; count];
    for (position, j) in elements(client, value).filter(|&(_, j)| j < count) {
        let earlier = places[j].replace(position);
        assert!(
            earlier.is_none(),
            "duplicate element {:?} of client {client} in append result:\n{value}",
            element(client, j)
        );
    }
    let mut last = None;
    for (j, place) in places.into_iter().enumerate() {
        assert!(
            place.is_some(),
            "missing element {:?} of client {client} in append result:\n{value}",
            element(client, j)
        );
        assert!(
            place > last,
            "wrong order for element {:?} of client {client} in append result:\n{value}",
            element(client, j)
        );
        last = place;
    }
}

/// Checks that a value has all elements of all clients, `counts[i]` of client i,
/// each once and those of one client in order.
///
/// # Panics
///
/// As [`check_clnt_appends`].
#[track_caller]
pub fn check_concurrent_appends(value: &str, counts: &[usize]) {
    for (client, &count) in counts.iter().enumerate() {
        check_clnt_appends(client, value, count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_other_clients_do_not_matter() {
        check_concurrent_appends("x 0 0 yx 1 0 yx 0 1 yx 11 0 y", &[2, 1]);
        check_clnt_appends(1, "", 0);
        check_clnt_appends(0, "x 0 0 yx 0 1 yx 0 2 y", 2);
    }

    #[test]
    #[should_panic(expected = "missing element \"x 0 1 y\" of client 0")]
    fn a_lost_element_is_seen() {
        check_clnt_appends(0, "x 0 0 yx 0 2 yx 0 11 yx 0 1", 3);
    }

    #[test]
    #[should_panic(expected = "duplicate element \"x 0 1 y\"")]
    fn a_doubled_element_is_seen() {
        check_clnt_appends(0, "x 0 0 yx 0 1 yx 0 1 y", 2);
    }

    #[test]
    #[should_panic(expected = "wrong order for element \"x 3 1 y\"")]
    fn elements_in_the_wrong_order_are_seen() {
        check_clnt_appends(3, "x 3 1 yx 3 0 y", 2);
    }
}
