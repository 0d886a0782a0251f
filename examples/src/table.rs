//! Columns that line up.

use crate::screen::{Line, Paint};

/// A column: its heading, its least width, and the side to which it is aligned.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// What stands above it.
    pub heading: &'static str,
    /// Its least width; wider text makes only its own row wider.
    pub width: usize,
    /// Its side.
    pub align: Align,
}

/// The side to which a column is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A column of words.
pub const fn words(heading: &'static str, width: usize) -> Column {
    Column { heading, width, align: Align::Left }
}

/// A column of numbers.
pub const fn numbers(heading: &'static str, width: usize) -> Column {
    Column { heading, width, align: Align::Right }
}

/// What stands in a row and a column.
pub type Cell = (String, Paint);

/// The headings as a line.
pub fn heading(columns: &[Column]) -> Line {
    row(columns, columns.iter().map(|column| (column.heading.to_owned(), Paint::Dim)))
}

/// A row as a line. Nothing follows its last word, so that it is no wider than it looks.
pub fn row(columns: &[Column], cells: impl IntoIterator<Item = Cell>) -> Line {
    let mut line = Line::new();
    // What separates a cell from the one before.
    let mut gap = String::new();
    for (column, (text, paint)) in columns.iter().zip(cells) {
        let padding = " ".repeat(column.width.saturating_sub(text.chars().count()));
        line = match column.align {
            Align::Left => line.text(gap).paint(paint, text),
            Align::Right => line.text(gap + &padding).paint(paint, text),
        };
        gap = match column.align {
            Align::Left => padding + "  ",
            Align::Right => "  ".to_owned(),
        };
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_begin_and_numbers_end_below_each_other() {
        let columns = [words("name", 6), numbers("count", 7)];
        let cells =
            |name: &str, count: &str| [(name.to_owned(), Paint::Plain), (count.to_owned(), Paint::Bad)];
        assert_eq!(heading(&columns).plain(), "name      count");
        assert_eq!(row(&columns, cells("a", "12")).plain(), "a            12");
        assert_eq!(row(&columns, cells("größer", "7")).plain(), "größer        7");
    }
}
