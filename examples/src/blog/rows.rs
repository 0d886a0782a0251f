//! The rows, typed: only the columns that are asked for.

use serde::{Deserialize, Serialize};

/// A published blog post.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Blog {
    /// Its key.
    pub id: i64,
    /// Its headline.
    pub title: String,
    /// Who wrote it.
    pub author: String,
    /// What it is about.
    pub tags: Vec<String>,
    /// How often it was read.
    pub views: i32,
}

/// A published course.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Course {
    /// Its key.
    pub id: i64,
    /// Its name.
    pub title: String,
    /// For whom it is.
    pub level: Level,
    /// What it costs: two decimals, for display only.
    pub price: f64,
}

/// For whom a course is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// No knowledge is needed.
    Beginner,
    /// The basics are known.
    Intermediate,
    /// For those who do it every day.
    Advanced,
}

impl Level {
    /// As the column has it.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Beginner => "beginner",
            Level::Intermediate => "intermediate",
            Level::Advanced => "advanced",
        }
    }
}

/// How often a post was read in some days.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Analytics {
    /// The post's headline.
    pub title: String,
    /// How often it was read.
    pub views: i64,
    /// By how many readers.
    pub unique_viewers: i64,
}

/// Somebody has read a post. Its fields are the arguments of the database's function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BlogView {
    /// Which post.
    pub blog_id: i64,
    /// Who.
    pub viewer: String,
    /// One per view, made where the view happens: however often it is sent, it is counted once.
    pub request_key: String,
}
