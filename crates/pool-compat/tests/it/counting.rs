//! One manager for both traits, made for tests: a connection is a number, and everything done with it is written down.

use std::sync::{Arc, Mutex, PoisonError};

use bb8::ManageConnection;
use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};

/// What was asked of the manager, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Connect,
    Test { conn: u32, recycled: usize },
    Broken { conn: u32 },
    Detach { conn: u32 },
    Drop { conn: u32 },
}

/// What the manager answers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Answers {
    pub(crate) refuse_connects: bool,
    pub(crate) refuse_tests: bool,
    pub(crate) refuse_in_words: bool,
    pub(crate) say_broken: bool,
}

#[derive(Default)]
struct Book {
    asked: Vec<Asked>,
    answers: Answers,
    made: u32,
}

/// The manager. Clones share the book.
#[derive(Clone, Default)]
pub(crate) struct Counting(Arc<Mutex<Book>>);

pub(crate) struct Numbered {
    pub(crate) number: u32,
    manager: Counting,
}

impl Counting {
    fn with<T>(&self, look: impl FnOnce(&mut Book) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn answer(&self, answers: Answers) {
        self.with(|book| book.answers = answers);
    }

    /// What was asked since the last look.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.with(|book| std::mem::take(&mut book.asked))
    }

    fn note(&self, asked: Asked) -> Answers {
        self.with(|book| {
            book.asked.push(asked);
            book.answers
        })
    }

    /// The errors are strings: no error of the standard's kind.
    fn make(&self) -> Result<Numbered, String> {
        if self.note(Asked::Connect).refuse_connects {
            return Err("nobody there".to_owned());
        }
        let number = self.with(|book| {
            book.made += 1;
            book.made
        });
        Ok(Numbered { number, manager: self.clone() })
    }
}

impl Drop for Numbered {
    fn drop(&mut self) {
        self.manager.note(Asked::Drop { conn: self.number });
    }
}

impl ManageConnection for Counting {
    type Connection = Numbered;
    type Error = String;

    async fn connect(&self) -> Result<Numbered, String> {
        self.make()
    }

    async fn is_valid(&self, conn: &mut Numbered) -> Result<(), String> {
        let refuse = self.note(Asked::Test { conn: conn.number, recycled: 0 }).refuse_tests;
        if refuse { Err("no answer".to_owned()) } else { Ok(()) }
    }

    fn has_broken(&self, conn: &mut Numbered) -> bool {
        self.note(Asked::Broken { conn: conn.number }).say_broken
    }
}

impl Manager for Counting {
    type Type = Numbered;
    type Error = String;

    async fn create(&self) -> Result<Numbered, String> {
        self.make()
    }

    async fn recycle(&self, conn: &mut Numbered, metrics: &Metrics) -> RecycleResult<String> {
        let asked = Asked::Test { conn: conn.number, recycled: metrics.recycle_count };
        match self.note(asked) {
            Answers { refuse_in_words: true, .. } => Err(RecycleError::message("worn out")),
            Answers { refuse_tests: true, .. } => Err(RecycleError::Backend("no answer".to_owned())),
            _ => Ok(()),
        }
    }

    fn detach(&self, conn: &mut Numbered) {
        self.note(Asked::Detach { conn: conn.number });
    }
}
