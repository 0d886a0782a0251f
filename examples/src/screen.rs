//! Lines on a terminal, redrawn in place, or one after the other where that is not possible or not wanted.
//!
//! Rules kept here: nothing is asked of the terminal, so it works at any size: each line is put at its place, and what does
//! not fit is cut by the terminal; what was changed is put back however the program ends.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

/// How lines reach the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Redrawn in place, with colours.
    Live,
    /// One after the other, without.
    Plain,
}

impl Mode {
    /// Live on a terminal; plain in a pipe or a file, with `NO_COLOR`, and on a terminal that calls itself dumb.
    pub fn detect() -> Mode {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if io::stdout().is_terminal() && !is_set("NO_COLOR") && !is_dumb { Mode::Live } else { Mode::Plain }
    }
}

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paint {
    /// As it is.
    #[default]
    Plain,
    /// A heading.
    Bold,
    /// Less important.
    Dim,
    /// All is well.
    Good,
    /// Something is under way.
    Warn,
    /// Something is wrong.
    Bad,
}

impl Paint {
    const fn code(self) -> &'static str {
        match self {
            Paint::Plain => "",
            Paint::Bold => "\x1b[1m",
            Paint::Dim => "\x1b[2m",
            Paint::Good => "\x1b[32m",
            Paint::Warn => "\x1b[33m",
            Paint::Bad => "\x1b[31m",
        }
    }
}

/// One line, piece by piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Line {
    pieces: Vec<(String, Paint)>,
}

impl Line {
    /// An empty line.
    pub fn new() -> Line {
        Line::default()
    }

    /// With more text.
    pub fn text(self, text: impl Into<String>) -> Line {
        self.paint(Paint::Plain, text)
    }

    /// With more text that looks so.
    pub fn paint(mut self, paint: Paint, text: impl Into<String>) -> Line {
        self.pieces.push((text.into(), paint));
        self
    }

    /// Its text alone.
    pub fn plain(&self) -> String {
        let text: String = self.pieces.iter().map(|(text, _)| text.as_str()).collect();
        text.trim_end().to_owned()
    }

    fn painted(&self) -> String {
        let mut all = String::new();
        for (text, paint) in &self.pieces {
            if *paint == Paint::Plain {
                all.push_str(text);
            } else {
                // Writing to a string cannot fail.
                let _ = write!(all, "{}{text}\x1b[0m", paint.code());
            }
        }
        all
    }
}

/// Standard output. Dropping it, a live one becomes the terminal that it was.
#[derive(Debug)]
pub struct Screen {
    mode: Mode,
}

/// The alternate screen, no cursor, no wrapping of long lines; and back.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
const LEAVE: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";

impl Screen {
    /// Begins; a live screen starts empty.
    ///
    /// # Errors
    ///
    /// Standard output cannot be written to.
    pub fn open(mode: Mode) -> io::Result<Screen> {
        let screen = Screen { mode };
        if mode == Mode::Live {
            write(ENTER)?;
        }
        Ok(screen)
    }

    /// How lines reach the reader.
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Shows a frame: in place of the one before, or after it.
    ///
    /// # Errors
    ///
    /// Standard output cannot be written to.
    pub fn draw(&mut self, frame: &[Line]) -> io::Result<()> {
        let mut all = String::new();
        match self.mode {
            Mode::Live => {
                for (row, line) in (1..).zip(frame) {
                    // Past the last row the terminal stays on it, so a small one shows the beginning and the end.
                    let _ = write!(all, "\x1b[{row};1H{}\x1b[K", line.painted());
                }
                all.push_str("\x1b[J");
            }
            Mode::Plain => {
                for line in frame {
                    let _ = writeln!(all, "{}", line.plain());
                }
            }
        }
        write(&all)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.mode == Mode::Live {
            // There is nobody left to tell.
            let _ = write(LEAVE);
        }
    }
}

/// Prints lines for good: painted on a live screen's terminal, plain elsewhere.
///
/// # Errors
///
/// Standard output cannot be written to.
pub fn print(mode: Mode, lines: &[Line]) -> io::Result<()> {
    let mut all = String::new();
    for line in lines {
        let line = if mode == Mode::Live { line.painted() } else { line.plain() };
        let _ = writeln!(all, "{line}");
    }
    write(&all)
}

fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paint_is_around_its_piece_only_and_never_in_plain_text() {
        let line = Line::new().text("health ").paint(Paint::Good, "healthy").text("  ");
        assert_eq!(line.plain(), "health healthy");
        assert_eq!(line.painted(), "health \x1b[32mhealthy\x1b[0m  ");
    }
}
