//! The service layer of a blog, as an application would write it: typed rows, operations, one struct in front of the pool.
//!
//! Rules kept here: callers see rows and errors, never queries; every operation has a time limit; closing serves those who
//! were there before it and refuses those who come later.

mod answer;
mod operations;
mod rows;

use std::collections::BTreeMap;
use std::time::Duration;

use pool_tokio::monitor::{Monitor, WatchError};
use pool_tokio::pool_supabase::{Error, OperationStats};
use pool_tokio::{Service, SupabasePool};

pub use answer::Answer;
pub use operations::{BlogAnalytics, GetBlogs, GetCourses, RecordBlogView};
pub use rows::{Analytics, Blog, BlogView, Course, Level};

/// The blog. Cheap to clone: give one to each handler.
#[derive(Clone, Debug)]
pub struct BlogService {
    service: Service,
}

impl BlogService {
    /// The blog over a pool.
    pub fn new(pool: SupabasePool) -> Self {
        BlogService { service: Service::new(pool) }
    }

    /// Has a monitor watch the blog.
    ///
    /// # Errors
    ///
    /// When another pool has its name.
    pub fn watch(&self, monitor: &Monitor) -> Result<(), WatchError> {
        self.service.watch(monitor, "blog")
    }

    /// The newest posts.
    ///
    /// # Errors
    ///
    /// See [`Answer`] for what to tell the visitor.
    pub async fn blogs(&self, limit: u64) -> Result<Vec<Blog>, Error> {
        self.service.execute_with_pool(&GetBlogs { limit }).await
    }

    /// The courses of a level, or all, cheapest first.
    ///
    /// # Errors
    ///
    /// As [`blogs`](Self::blogs).
    pub async fn courses(&self, level: Option<Level>) -> Result<Vec<Course>, Error> {
        self.service.execute_with_pool(&GetCourses { level }).await
    }

    /// What the front page shows: both lists, asked for at the same time on two connections.
    ///
    /// # Errors
    ///
    /// As [`blogs`](Self::blogs).
    pub async fn front_page(&self) -> Result<(Vec<Blog>, Vec<Course>), Error> {
        tokio::try_join!(self.blogs(10), self.courses(None))
    }

    /// Counts a view once, however often it is sent, and gives the post's number of views; `None` for a post that is not there.
    ///
    /// # Errors
    ///
    /// As [`blogs`](Self::blogs).
    pub async fn record_view(&self, view: &BlogView) -> Result<Option<i32>, Error> {
        self.service.execute_with_pool(&RecordBlogView { view }).await
    }

    /// The most read posts of the last days.
    ///
    /// # Errors
    ///
    /// As [`blogs`](Self::blogs).
    pub async fn analytics(&self, days: u32) -> Result<Vec<Analytics>, Error> {
        self.service.execute_with_pool(&BlogAnalytics { days }).await
    }

    /// The figures of every operation so far, by name.
    pub fn operations(&self) -> BTreeMap<&'static str, OperationStats> {
        self.service.operations()
    }

    /// The pool beneath.
    pub fn pool(&self) -> &SupabasePool {
        self.service.pool()
    }

    /// Serves who is here and refuses who comes from now on; after `grace`, whoever is still being served is cut off.
    pub async fn close(&self, grace: Duration) {
        let pool = self.pool().pool();
        if tokio::time::timeout(grace, pool.drain()).await.is_err() {
            pool.shutdown(Duration::ZERO).await;
        }
    }
}
