//! A cursor over one part of a query string, with the lexical rules that PostgREST's parts have in common.
//!
//! Rules: a quoted text is `"…"` in which `\` takes the next character as it is; a bare name is letters, digits,
//! `_`, `$`, spaces and inner dashes; a failure says where it was and what was expected there.

use crate::errors::ApiError;

pub(super) struct Scan<'a> {
    what: &'static str,
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    /// `what` names the part in errors, as in "failed to parse filter (…)".
    pub(super) fn new(what: &'static str, text: &'a str) -> Self {
        Self { what, text, at: 0 }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    pub(super) fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    pub(super) fn skip_spaces(&mut self) {
        self.take_while(|c| c == ' ');
    }

    pub(super) fn take_while(&mut self, keep: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !keep(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    pub(super) fn take_rest(&mut self) -> &'a str {
        let rest = self.rest();
        self.at = self.text.len();
        rest
    }

    pub(super) fn expect(&mut self, token: &str) -> Result<(), ApiError> {
        if self.eat(token) { Ok(()) } else { Err(self.unexpected(&format!("\"{token}\""))) }
    }

    pub(super) fn end(&self) -> Result<(), ApiError> {
        if self.rest().is_empty() { Ok(()) } else { Err(self.unexpected("end of input")) }
    }

    pub(super) fn unexpected(&self, expecting: &str) -> ApiError {
        let found = self.peek().map_or_else(|| "end of input".to_owned(), |c| format!("\"{c}\""));
        let column = self.text[..self.at].chars().count() + 1;
        let why = format!("unexpected {found} expecting {expecting}");
        ApiError::parse_at(self.what, self.text, column, why)
    }

    /// The name of a column, a table or a relation.
    pub(super) fn name(&mut self) -> Result<String, ApiError> {
        if self.peek() == Some('"') {
            return self.quoted();
        }
        let rest = self.rest();
        let end = rest
            .char_indices()
            .find(|(at, c)| match c {
                '_' | '$' | ' ' => false,
                '-' => rest[at + 1..].starts_with('>'),
                other => !other.is_alphanumeric(),
            })
            .map_or(rest.len(), |(at, _)| at);
        self.at += end;
        let name = rest[..end].trim();
        if name.is_empty() {
            return Err(self.unexpected("field name (* or [a..z0..9_$])"));
        }
        if self.rest().starts_with("->") {
            return Err(ApiError::unsupported(format!("JSON paths such as '{}'", self.text)));
        }
        Ok(name.to_owned())
    }

    /// A `"…"` text; the cursor is on the opening quote.
    pub(super) fn quoted(&mut self) -> Result<String, ApiError> {
        self.expect("\"")?;
        let mut value = String::new();
        loop {
            match self.next() {
                Some('"') => return Ok(value),
                Some('\\') => {
                    value.push(self.next().ok_or_else(|| self.unexpected("a character after \"\\\""))?)
                }
                Some(other) => value.push(other),
                None => return Err(self.unexpected("\"\\\"\"")),
            }
        }
    }

    /// An element of a list or a value in a logic tree: quoted when that ends the element, else up to `,` or `)`.
    pub(super) fn element(&mut self) -> String {
        if self.peek() == Some('"') {
            let start = self.at;
            if let Ok(value) = self.quoted()
                && matches!(self.peek(), None | Some(',' | ')'))
            {
                return value;
            }
            self.at = start;
        }
        self.take_while(|c| c != ',' && c != ')').to_owned()
    }

    /// A list `(a,"b,c",d)`; `()` is the empty list.
    pub(super) fn list(&mut self) -> Result<Vec<String>, ApiError> {
        self.skip_spaces();
        self.expect("(")?;
        if self.eat(")") {
            return Ok(Vec::new());
        }
        let mut elements = vec![self.element()];
        while self.eat(",") {
            elements.push(self.element());
        }
        self.expect(")")?;
        Ok(elements)
    }

    /// Names separated by commas, to the end.
    pub(super) fn names(mut self) -> Result<Vec<String>, ApiError> {
        let mut names = vec![self.name()?];
        while self.eat(",") {
            self.skip_spaces();
            names.push(self.name()?);
        }
        self.end()?;
        Ok(names)
    }
}
