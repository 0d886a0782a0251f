//! Bytes as numbers and texts. What is asked for past the end is zero or empty, so any bytes will do.
//!
//! A text ends at a byte 0xFF, which no UTF-8 has, or at the end: the corpus stays readable, and a fuzzer that inserts
//! bytes into one text does not shift the others.

/// What is left of the bytes.
pub(crate) struct Source<'a>(&'a [u8]);

/// Ends a text.
const END: u8 = 0xFF;

impl<'a> Source<'a> {
    pub(crate) const fn new(data: &'a [u8]) -> Self {
        Source(data)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// The first of the bytes is the most significant one.
    pub(crate) fn word(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    pub(crate) fn long(&mut self) -> u64 {
        (0..4).fold(0, |number, _| number << 16 | u64::from(self.word()))
    }

    /// One of `choices`.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.byte()) % choices.len()]
    }

    /// Everything up to the end of a text.
    pub(crate) fn bytes(&mut self) -> &'a [u8] {
        let end = self.0.iter().position(|&byte| byte == END);
        let (bytes, rest) = end.map_or((self.0, &[][..]), |end| (&self.0[..end], &self.0[end + 1..]));
        self.0 = rest;
        bytes
    }

    /// A text; what is not UTF-8 in it is replaced.
    pub(crate) fn text(&mut self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    /// Fewer than `end` texts.
    pub(crate) fn texts(&mut self, end: u8) -> Vec<String> {
        (0..self.byte() % end).map(|_| self.text()).collect()
    }
}
