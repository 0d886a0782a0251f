//! A blog's service layer at work: `cargo run -p examples --bin blog_service`.
//!
//! The code to copy is in `examples/src/blog`: rows, operations, the service, and what a web handler answers to which error.
//! Here is what an application does with it, from opening to closing. Without an account it runs on a simulator.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use examples::arguments::{Arguments, Writes};
use examples::blog::{Answer, BlogService, BlogView, Course, Level};
use examples::program;
use examples::table::{self, Column, numbers, words as text};
use examples::target::Target;
use examples::words;
use pool_tokio::SupabaseConfig;
use pool_tokio::pool_supabase::Error;
use supabase_sim::Simulator;
use tokio::task::JoinSet;
use tokio::time::sleep;

const HELP: &str = "\
A blog's service layer at work: pages, a write that is safe to repeat, errors by class, a rush, an outage, closing.

    cargo run -p examples --bin blog_service -- [--write]

    --write       also record views when it runs on a project of yours

Without an account it runs on a simulator in this process. Set SUPABASE_URL and SUPABASE_PUBLISHABLE_KEY
to run on your project, which is only queried.";

/// What ends the program.
type Failure = Box<dyn std::error::Error>;

/// How long those who are being served have when the service closes.
const GRACE: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> ExitCode {
    program::main("blog_service", HELP, run).await
}

async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let (target, config) = Target::choose().await?;
    println!("A blog on {}.\n", target.title(&config));
    let blog = open(&config).await?;

    let first_post = front_page(&blog).await?;
    if target.simulator().is_some() || arguments.writes == Writes::Run {
        a_reader(&blog, first_post).await?;
        a_mistake(&blog).await;
    }
    the_author(&blog).await?;
    a_rush(&blog).await;
    if let Some(simulator) = target.simulator() {
        an_outage(&blog, simulator).await?;
    }
    closing(&blog).await;
    figures(&blog);
    Ok(ExitCode::SUCCESS)
}

/// A pool is opened once, when the application starts. A wrong address is found here, not by the first visitor.
async fn open(config: &SupabaseConfig) -> Result<BlogService, Failure> {
    let pool = pool_tokio::connect(config)?;
    let settings = config.settings();
    pool.pool().warm_up(settings.min_connections, settings.connection_timeout).await?;
    Ok(BlogService::new(pool))
}

async fn front_page(blog: &BlogService) -> Result<i64, Failure> {
    let start = Instant::now();
    let (blogs, courses) = blog.front_page().await?;
    let took = words::time(start.elapsed());
    said(
        "front page",
        format!("{} blogs and {} courses, asked for together, in {took}", blogs.len(), courses.len()),
    );
    for blog in blogs.iter().take(2) {
        said("", format!("{:?} by {}, about {}", blog.title, blog.author, blog.tags.join(" and ")));
    }
    let courses = blog.courses(Some(Level::Beginner)).await?;
    if let Some(course) = courses.first() {
        said("", format!("{:?} for beginners, at {:.2}", course.title, course.price));
    }
    Ok(blogs.first().ok_or("there is no published blog: insert one, then try again")?.id)
}

/// The same view sent twice counts once: that is why the pool may send it again after a failure.
async fn a_reader(blog: &BlogService, post: i64) -> Result<(), Failure> {
    let since_epoch = std::time::SystemTime::UNIX_EPOCH.elapsed()?;
    let request_key = format!("blog-service-{}-{}", std::process::id(), since_epoch.as_nanos());
    let view = BlogView { blog_id: post, viewer: "a reader".into(), request_key };
    let (once, twice) = (blog.record_view(&view).await?, blog.record_view(&view).await?);
    let shown = |views: Option<i32>| views.map_or("no such post".to_owned(), |views| views.to_string());
    said(
        "a reader",
        format!("views after one read: {}; after sending the same again: {}", shown(once), shown(twice)),
    );
    Ok(())
}

/// An error has a class, the class has an answer.
async fn a_mistake(blog: &BlogService) {
    let view = BlogView { blog_id: -1, viewer: "nobody".into(), request_key: "blog-service-mistake".into() };
    match blog.record_view(&view).await {
        Ok(_) => said("a mistake", "a view of a post that does not exist was ignored".to_owned()),
        Err(error) => {
            said("a mistake", format!("a view of a post that does not exist: {}", visitor_reads(&error)));
            said("", format!("the log says: {error}"));
        }
    }
}

async fn the_author(blog: &BlogService) -> Result<(), Failure> {
    let week = blog.analytics(7).await?;
    let most = week.first().map_or("nothing".to_owned(), |row| {
        format!(
            "{:?}, {} by {}",
            row.title,
            views(row.views),
            words::count(row.unique_viewers.unsigned_abs(), "reader")
        )
    });
    said("the author", format!("most read this week: {most}"));
    Ok(())
}

/// More readers than connections: they are served in turn, and no more requests are under way than there are connections.
async fn a_rush(blog: &BlogService) {
    const READERS: usize = 24;
    let start = Instant::now();
    let served = serve(blog, READERS).await.iter().filter(|status| **status == 200).count();
    let (took, max) = (words::time(start.elapsed()), blog.pool().status().status.max);
    said(
        "a rush",
        format!("{READERS} readers at once over at most {max} connections: {served} served, in {took}"),
    );
}

/// While the server is away, a visitor waits for the pool's further attempts, and never longer than the operation's time limit.
async fn an_outage(blog: &BlogService, simulator: &Simulator) -> Result<(), Failure> {
    simulator.crash()?;
    let start = Instant::now();
    match blog.courses(None).await {
        Ok(_) => said("an outage", "not noticed".to_owned()),
        Err(error) => {
            said("an outage", format!("after {}: {}", words::time(start.elapsed()), visitor_reads(&error)));
            said("", format!("the log says: {error}"));
        }
    }
    simulator.listen()?;
    let start = Instant::now();
    let courses = come_again(blog).await?;
    let took = words::time(start.elapsed());
    let courses = words::count(courses.len() as u64, "course");
    said("", format!("the server is back: {courses} after {took}, without any help"));
    Ok(())
}

/// A visitor who tries again when the answer says so, a few times.
async fn come_again(blog: &BlogService) -> Result<Vec<Course>, Error> {
    let mut result = blog.courses(None).await;
    for _ in 0..5 {
        let Err(error) = &result else { break };
        let Some(wait) = Answer::from(error).retry_after else { break };
        sleep(wait).await;
        result = blog.courses(None).await;
    }
    result
}

/// Who is here is served, who comes later is refused.
async fn closing(blog: &BlogService) {
    // The visitor's requests are under way before the closing begins.
    let (page, ()) = tokio::join!(biased; blog.front_page(), blog.close(GRACE));
    match page {
        Ok((blogs, _)) => said("closing", format!("who was here was served: {} blogs", blogs.len())),
        Err(error) => said("closing", format!("who was here: {}", visitor_reads(&error))),
    }
    if let Err(error) = blog.blogs(1).await {
        said("", format!("who comes later: {}", visitor_reads(&error)));
    }
}

/// So many readers of the front page at once; what a web handler would have answered each.
async fn serve(blog: &BlogService, readers: usize) -> Vec<u16> {
    let mut handlers = JoinSet::new();
    for _ in 0..readers {
        let blog = blog.clone();
        handlers.spawn(async move {
            match blog.front_page().await {
                Ok(_) => 200,
                Err(error) => Answer::from(&error).status,
            }
        });
    }
    handlers.join_all().await
}

fn visitor_reads(error: &Error) -> String {
    let answer = Answer::from(error);
    let again =
        answer.retry_after.map_or(String::new(), |after| format!(", Retry-After {}", after.as_secs()));
    format!("{} {:?}{again}", answer.status, answer.says)
}

fn views(number: i64) -> String {
    words::count(number.unsigned_abs(), "view")
}

fn said(who: &str, what: String) {
    println!("{who:<12}{what}");
}

/// What a metrics exporter would read.
fn figures(blog: &BlogService) {
    const COLUMNS: [Column; 7] = [
        text("operation", 18),
        numbers("succeeded", 9),
        numbers("failed", 6),
        numbers("dropped", 7),
        numbers("p50", 9),
        numbers("p95", 9),
        numbers("longest", 9),
    ];
    println!("\n{}", table::heading(&COLUMNS).plain());
    for (name, stats) in blog.operations() {
        let counts = [stats.succeeded, stats.failed, stats.dropped].map(|count| count.to_string());
        let times = [stats.time.quantile(500), stats.time.quantile(950), stats.time.max()].map(words::time);
        let cells = std::iter::once(name.to_owned()).chain(counts).chain(times);
        println!("{}", table::row(&COLUMNS, cells.map(|cell| (cell, Default::default()))).plain());
    }
}
