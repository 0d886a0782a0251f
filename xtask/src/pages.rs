//! Tables that commands make, in pages that people write: each between two marks, and nothing else of the page is touched.

use std::fs;

use crate::failure::{Context, Failure};
use crate::state::workspace;

/// Puts `table` into `file`, between the marks of this name.
pub(crate) fn put(file: &str, name: &str, table: &str) -> Result<(), Failure> {
    let path = workspace().join(file);
    let text = fs::read_to_string(&path).context(|| format!("{file} cannot be read"))?;
    let text = between(&text, name, table)
        .ok_or_else(|| Failure::new(format!("{file} has no place `<!-- {name}: begin -->` … end")))?;
    fs::write(&path, text).context(|| format!("{file} cannot be written"))
}

/// `text` with `table` between the marks of this name.
fn between(text: &str, name: &str, table: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {name}: begin -->"), format!("<!-- {name}: end -->"));
    let (before, rest) = text.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{}\n{end}{after}", table.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_replaces_what_is_between_its_marks() {
        let text = "a\n<!-- core: begin -->\nold\n<!-- core: end -->\nb\n";
        let new = between(text, "core", "| new |\n").unwrap();
        assert_eq!(new, "a\n<!-- core: begin -->\n| new |\n<!-- core: end -->\nb\n");
        assert_eq!(between(&new, "core", "| new |\n"), Some(new.clone()));
        assert_eq!(between(text, "pools", ""), None);
    }
}
