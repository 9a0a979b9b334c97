//! The elements that clients append, and checks that a value has each of them
//! once and in order.

use std::fmt::Write;

/// The `j`-th element that client `client` appends: `x <client> <j> y`.
pub(super) fn element(client: usize, j: usize) -> String {
    format!("x {client} {j} y")
}

/// The elements of a client in a value, in the order of the value: position and
/// number.
///
/// Every element has exactly one `x`, at its beginning. So a single pass over
/// all `x` finds the same positions as a search for each element.
fn elements(client: usize, value: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut head = String::new();
    write!(head, "x {client} ").expect("a write to a string cannot fail");
    value.match_indices('x').filter_map(move |(position, _)| {
        let rest = value[position..].strip_prefix(head.as_str())?;
        let (number, _) = rest.split_once(" y")?;
        // "007" and "+7" parse as numbers, but no element contains them.
        let is_plain = number == "0" || !number.starts_with(['0', '+']);
        let j = number.parse().ok().filter(|_| is_plain)?;
        Some((position, j))
    })
}

/// Checks that a value has the first `count` elements of a client, each once
/// and in order.
///
/// # Panics
///
/// If an element is missing, duplicated or out of order.
#[track_caller]
pub fn check_clnt_appends(client: usize, value: &str, count: usize) {
    let mut positions: Vec<Option<usize>> = vec![None; count];
    for (position, j) in elements(client, value).filter(|&(_, j)| j < count) {
        let earlier = positions[j].replace(position);
        assert!(
            earlier.is_none(),
            "duplicate element {:?} of client {client} in append result:\n{value}",
            element(client, j)
        );
    }
    let mut last = None;
    for (j, position) in positions.into_iter().enumerate() {
        assert!(
            position.is_some(),
            "missing element {:?} of client {client} in append result:\n{value}",
            element(client, j)
        );
        assert!(
            position > last,
            "wrong order for element {:?} of client {client} in append result:\n{value}",
            element(client, j)
        );
        last = position;
    }
}

/// Checks that a value has the first `counts[i]` elements of each client i,
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
    fn elements_of_other_clients_are_ignored() {
        check_concurrent_appends("x 0 0 yx 1 0 yx 0 1 yx 11 0 y", &[2, 1]);
        check_clnt_appends(1, "", 0);
        check_clnt_appends(0, "x 0 0 yx 0 1 yx 0 2 y", 2);
    }

    #[test]
    #[should_panic(expected = "missing element \"x 0 1 y\" of client 0")]
    fn lost_element_is_detected() {
        check_clnt_appends(0, "x 0 0 yx 0 2 yx 0 11 yx 0 1", 3);
    }

    #[test]
    #[should_panic(expected = "duplicate element \"x 0 1 y\"")]
    fn duplicate_element_is_detected() {
        check_clnt_appends(0, "x 0 0 yx 0 1 yx 0 1 y", 2);
    }

    #[test]
    #[should_panic(expected = "wrong order for element \"x 3 1 y\"")]
    fn wrong_order_is_detected() {
        check_clnt_appends(3, "x 3 1 yx 3 0 y", 2);
    }
}
