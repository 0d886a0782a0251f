//! Numbers and names of the pool, for people, and lines that fit a terminal.

pub use pool_tokio::monitor::words::*;

/// Broken between words into lines of at most `width` characters; a longer word has a line of its own.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_broken_between_words_only() {
        assert_eq!(wrapped("ab cd  efghij k", 5), ["ab cd", "efghij", "k"]);
        assert_eq!(wrapped("", 5), [""]);
    }
}
