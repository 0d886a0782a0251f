//! Everything that a query can say, said to a real PostgREST over a real PostgreSQL.
//!
//! The servers are shared with other tests: what is seeded is only read, what is written carries a name of its own.

#[path = "../real_support/scratch.rs"]
mod scratch;
#[path = "../real_support/mod.rs"]
mod support;

mod calls;
mod filters;
mod reads;
mod refusals;
mod tokens;
mod values;
mod writes;

use std::fmt::Display;

use pool_tokio::pool_supabase::Role;
use pool_tokio::{PoolSettings, SupabasePool};
use serde::Deserialize;
use xtask::Pair;

use scratch::Scratch;

/// A pool of a few connections with the rights of `role`.
fn pool(pair: &Pair, role: Role) -> SupabasePool {
    let settings = PoolSettings { min_connections: 0, max_connections: 8, ..PoolSettings::default() };
    let config = support::towards(pair, role).settings(settings).build().unwrap();
    pool_tokio::connect(&config).unwrap()
}

/// A row of `blogs`, as far as these tests look at it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Blog {
    id: i64,
    title: String,
    slug: String,
    content: String,
    author: String,
    tags: Vec<String>,
    published: bool,
    views: i32,
    published_at: Option<String>,
}

/// A row of which only the slug was asked for.
#[derive(Debug, Deserialize)]
struct Slug {
    slug: String,
}

/// A name below that of a test's own rows.
fn below(scratch: &Scratch<'_>, suffix: impl Display) -> String {
    format!("{}-{suffix}", scratch.name())
}

fn slugs(rows: Vec<Slug>) -> Vec<String> {
    rows.into_iter().map(|row| row.slug).collect()
}
