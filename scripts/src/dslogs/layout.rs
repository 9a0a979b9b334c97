//! Chooses the place of a message on the page.
//!
//! On a page of `N` columns each is as wide as the page divided by `N`, less one
//! cell that separates it from the next. Three rules hold for any number of servers:
//!
//! * The first message of a server beyond the last column adds columns, so that no
//!   two servers share one.
//! * No column is narrower than [`NARROWEST`]: with very many servers the page
//!   becomes wider than the terminal (`less -S` scrolls it sideways).
//! * There are at most [`MOST`] columns; further servers share the last one.

/// Cells of the narrowest column.
const NARROWEST: usize = 6;

/// The most columns that a page can have.
pub(crate) const MOST: usize = 100;

/// The cells for the times of a log in front of the columns: seven digits and a
/// space.
pub(crate) const TIME_MARGIN: usize = 8;

/// The columns of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    /// The number of columns.
    pub(crate) count: usize,
    /// The server of the first column.
    pub(crate) first: usize,
    /// The cells in front of them, for times.
    pub(crate) margin: usize,
}

/// Where the message of a server goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The cells to the left of it.
    pub(crate) indent: usize,
    /// The most cells in a line of it.
    pub(crate) width: usize,
}

impl Columns {
    /// Returns the place of a server's message on a page of this width. Adds columns
    /// for a new server.
    pub(crate) fn place(&mut self, peer: usize, page_width: usize) -> Place {
        let column = peer.saturating_sub(self.first).min(MOST - 1);
        self.count = self.count.max(column + 1);
        let pitch = page_width.saturating_sub(self.margin) / self.count;
        let width = pitch.saturating_sub(1).max(NARROWEST);
        Place { indent: self.margin + column * (width + 1), width }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(count: usize) -> Columns {
        Columns { count, first: 0, margin: 0 }
    }

    #[test]
    fn all_columns_have_the_same_width() {
        assert_eq!(columns(5).place(0, 100), Place { indent: 0, width: 19 });
        assert_eq!(columns(5).place(3, 100), Place { indent: 60, width: 19 });
        let mut with_time = Columns { count: 5, first: 0, margin: TIME_MARGIN };
        assert_eq!(with_time.place(4, 108), Place { indent: 88, width: 19 });
        let mut from_third = Columns { first: 3, ..with_time };
        assert_eq!(from_third.place(7, 108), Place { indent: 88, width: 19 });
    }

    #[test]
    fn a_new_server_adds_columns() {
        let mut columns = columns(3);
        assert_eq!(columns.place(2, 60).width, 19);
        assert_eq!(columns.place(11, 120), Place { indent: 110, width: 9 });
        assert_eq!(columns.place(0, 120), Place { indent: 0, width: 9 });
        assert_eq!(columns.count, 12);
    }

    #[test]
    fn columns_have_a_least_width_and_a_limit() {
        assert_eq!(columns(50).place(49, 80), Place { indent: 49 * 7, width: 6 });
        assert_eq!(columns(1).place(usize::MAX, 80), columns(1).place(99, 80));
        assert_eq!(columns(2).place(1, 0), Place { indent: 7, width: 6 });
    }
}
