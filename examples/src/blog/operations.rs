//! Everything that this application asks of the database: each with a name, a class, a time limit, and its query.
//!
//! Rules kept here: a query that only reads says so, and so does a write that may be repeated. The pool repeats nothing else.

use std::time::Duration;

use pool_tokio::pool_core::Priority;
use pool_tokio::pool_supabase::Call;
use pool_tokio::pool_supabase::query::Select;
use pool_tokio::{Client, Operation, Order, Query};
use serde::Serialize;

use super::rows::{Analytics, Blog, BlogView, Course, Level};

/// The newest posts.
#[derive(Clone, Copy, Debug)]
pub struct GetBlogs {
    /// How many at most.
    pub limit: u64,
}

impl Operation for GetBlogs {
    type Output = Vec<Blog>;
    type Kind = Select;
    const NAME: &'static str = "get_blogs";
    // A reader waits for this page.
    const PRIORITY: Priority = Priority::High;
    const TIMEOUT: Duration = Duration::from_secs(3);

    fn query(&self, db: &Client) -> Query<Vec<Blog>> {
        db.from("blogs")
            .select("id,title,author,tags,views")
            .eq("published", true)
            .order("published_at", Order::DESC)
            .limit(self.limit)
    }
}

/// The courses, cheapest first.
#[derive(Clone, Copy, Debug)]
pub struct GetCourses {
    /// Of this level, or all.
    pub level: Option<Level>,
}

impl Operation for GetCourses {
    type Output = Vec<Course>;
    type Kind = Select;
    const NAME: &'static str = "get_courses";
    const PRIORITY: Priority = Priority::High;
    const TIMEOUT: Duration = Duration::from_secs(3);

    fn query(&self, db: &Client) -> Query<Vec<Course>> {
        let courses = db.from("courses").select("id,title,level,price").eq("published", true);
        let courses = match self.level {
            Some(level) => courses.eq("level", level.name()),
            None => courses,
        };
        courses.order("price", Order::ASC).order("title", Order::ASC)
    }
}

/// Counts a view, and gives the post's new number of views; `None` for a post that is not there.
#[derive(Clone, Copy, Debug)]
pub struct RecordBlogView<'a> {
    /// Who has read what.
    pub view: &'a BlogView,
}

impl Operation for RecordBlogView<'_> {
    type Output = Option<i32>;
    type Kind = Call;
    const NAME: &'static str = "record_blog_view";
    const TIMEOUT: Duration = Duration::from_secs(5);

    fn query(&self, db: &Client) -> Query<Option<i32>, Call> {
        // The database counts a request key once, so sending it again after a failure does no harm.
        db.rpc("record_blog_view", self.view).idempotent()
    }
}

/// The most read posts. Its fields are the arguments of the database's function.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct BlogAnalytics {
    /// Of how many days.
    pub days: u32,
}

impl Operation for BlogAnalytics {
    type Output = Vec<Analytics>;
    type Kind = Call;
    const NAME: &'static str = "blog_analytics";
    // Nobody waits for a report; readers go first.
    const PRIORITY: Priority = Priority::Low;
    const TIMEOUT: Duration = Duration::from_secs(10);

    fn query(&self, db: &Client) -> Query<Vec<Analytics>, Call> {
        db.rpc("blog_analytics", self).read_only().select("title,views,unique_viewers")
    }
}
