//! The rows every simulator starts with, the same as in the set-up of a real PostgreSQL, so that tests can name them.
//!
//! Rules: ids count from 1; blogs 1–10 and courses 1–11 are published; `blogs.views` counts the rows of `blog_views`.

use super::schema::{BLOG_VIEWS, BLOGS, COURSES, TableDef};
use super::{Database, Datum, now};

/// Title, slug, content, author, tags, published at.
type Blog =
    (&'static str, &'static str, &'static str, &'static str, &'static [&'static str], Option<&'static str>);

#[rustfmt::skip]
const BLOG_ROWS: [Blog; 12] = [
    ("Why a pool of ten is enough", "pool-of-ten", "The database does the work; more connections only queue inside it.", "Ada Winter", &["postgres", "pooling"], Some("2025-01-06T08:00Z")),
    ("Row level security by example", "rls-by-example", "Policies are where clauses that nobody can forget.", "Bruno Keller", &["postgres", "security"], Some("2025-01-20T08:00Z")),
    ("Reading a query plan", "reading-a-query-plan", "Start at the innermost node and compare estimates with rows.", "Chidi Okafor", &["postgres", "performance"], Some("2025-02-03T08:00Z")),
    ("Timeouts, from the outside in", "timeouts-outside-in", "One deadline for the whole request, handed down.", "Ada Winter", &["http", "reliability"], Some("2025-02-17T08:00Z")),
    ("Retry, but not that", "retry-but-not-that", "A write that timed out may have happened.", "Dana Ruiz", &["http", "reliability"], Some("2025-03-03T08:00Z")),
    ("Cursors or pages?", "cursors-or-pages", "Offsets drift when rows arrive; keys do not.", "Elif Demir", &["api", "pagination"], Some("2025-03-17T08:00Z")),
    ("Indexes you do not need", "indexes-you-do-not-need", "Every index is paid for at every write.", "Chidi Okafor", &["postgres", "performance"], Some("2025-04-07T08:00Z")),
    ("Quotes, \"commas\", and (brackets)", "quotes-commas-brackets", "Escaping is part of the protocol: a\\b, c\"d, e,f.", "Finn O'Brien", &["api", "odd, tag"], Some("2025-04-21T08:00Z")),
    ("Größe, naïveté, 漢字", "unicode-title", "Text is more than ASCII. 🦀", "Grüß Gott", &["unicode"], Some("2025-05-05T08:00Z")),
    ("Observability without noise", "observability-without-noise", "Four numbers tell whether a pool is well.", "Dana Ruiz", &["operations"], Some("2025-05-19T08:00Z")),
    ("A draft about sharding", "draft-sharding", "Not yet.", "Bruno Keller", &["postgres"], None),
    ("A draft about queues", "draft-queues", "Nor this.", "Elif Demir", &[], None),
];

/// Title, slug, description, level, hundredths of the price, published, created at.
type Course = (&'static str, &'static str, &'static str, &'static str, i64, bool, &'static str);

#[rustfmt::skip]
const COURSE_ROWS: [Course; 12] = [
    ("SQL from zero", "sql-from-zero", "Tables, rows, joins.", "beginner", 0, true, "2025-01-02T09:00Z"),
    ("PostgreSQL in production", "postgresql-in-production", "Backups, upgrades, replicas.", "advanced", 14_900, true, "2025-01-09T09:00Z"),
    ("Rust for backend people", "rust-for-backend", "Ownership to services in ten lessons.", "intermediate", 9_950, true, "2025-01-16T09:00Z"),
    ("Async Rust", "async-rust", "Futures, wakers, cancellation.", "advanced", 12_900, true, "2025-01-23T09:00Z"),
    ("HTTP in depth", "http-in-depth", "Methods, caching, connections.", "intermediate", 5_990, true, "2025-01-30T09:00Z"),
    ("API design", "api-design", "Names, errors, versions.", "beginner", 3_900, true, "2025-02-06T09:00Z"),
    ("Testing distributed systems", "testing-distributed-systems", "Faults on purpose.", "advanced", 15_900, true, "2025-02-13T09:00Z"),
    ("Security for developers", "security-for-developers", "Roles, policies, tokens.", "intermediate", 7_900, true, "2025-02-20T09:00Z"),
    ("Data modelling", "data-modelling", "Keys, normal forms, history.", "beginner", 4_900, true, "2025-02-27T09:00Z"),
    ("Performance by measuring", "performance-by-measuring", "Plans, profiles, percentiles.", "advanced", 11_900, true, "2025-03-06T09:00Z"),
    ("Shell and tools", "shell-and-tools", "Small programs, joined.", "beginner", 0, true, "2025-03-13T09:00Z"),
    ("Operating pools", "operating-pools", "In preparation.", "intermediate", 8_900, false, "2025-03-20T09:00Z"),
];

const VIEWS: i64 = 12;

/// The blog that the n-th view of the seed is of.
const fn viewed_blog(n: i64) -> i64 {
    1 + n % 5
}

pub(super) fn plant(database: &mut Database) {
    for (id, blog) in (1..).zip(&BLOG_ROWS) {
        plant_blog(database, id, blog);
    }
    for course in &COURSE_ROWS {
        plant_course(database, course);
    }
    for n in 1..=VIEWS {
        let row = vec![
            identity(database, &BLOG_VIEWS),
            Datum::Int(viewed_blog(n)),
            Datum::text(format!("reader-{}", n % 4)),
            Datum::text(format!("seed-{n}")),
            hours_before_now(n),
        ];
        put(database, &BLOG_VIEWS, row);
    }
}

fn plant_blog(database: &mut Database, id: i64, (title, slug, content, author, tags, published_at): &Blog) {
    let views = (1..=VIEWS).filter(|n| viewed_blog(*n) == id).count();
    let row = vec![
        identity(database, &BLOGS),
        Datum::text(*title),
        Datum::text(*slug),
        Datum::text(*content),
        Datum::text(*author),
        Datum::Texts(tags.iter().map(|tag| (*tag).to_owned()).collect()),
        Datum::Bool(published_at.is_some()),
        Datum::Int(i64::try_from(views).unwrap_or(0)),
        published_at.map_or(Datum::Null, timestamp),
    ];
    put(database, &BLOGS, row);
}

fn plant_course(database: &mut Database, course: &Course) {
    let (title, slug, description, level, price, published, created_at) = course;
    let row = vec![
        identity(database, &COURSES),
        Datum::text(*title),
        Datum::text(*slug),
        Datum::text(*description),
        Datum::text(*level),
        Datum::Numeric(*price),
        Datum::Bool(*published),
        timestamp(created_at),
    ];
    put(database, &COURSES, row);
}

fn identity(database: &mut Database, def: &TableDef) -> Datum {
    database.default_of(def, &def.columns[0])
}

fn put(database: &mut Database, def: &TableDef, row: Vec<Datum>) {
    database.insert(def, row).expect("the seed keeps the constraints of the schema");
}

fn timestamp(text: &str) -> Datum {
    Datum::Timestamp(super::time::parse(text).expect("the seed holds valid timestamps"))
}

fn hours_before_now(hours: i64) -> Datum {
    let Datum::Timestamp(micros) = now() else { return Datum::Null };
    Datum::Timestamp(micros - hours * 3_600_000_000)
}
