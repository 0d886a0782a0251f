//! Before the load: each operation once, so that what this project does not have is said once and not a thousand times.

use std::time::Instant;

use examples::arguments::Writes;
use examples::blog::{BlogService, BlogView};
use examples::screen::{Line, Paint};
use examples::target::Target;
use examples::words;
use pool_tokio::pool_supabase::Error;

/// One of the blog's operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Blogs,
    Courses,
    View,
    Analytics,
}

impl Kind {
    pub(crate) const ALL: [Kind; 4] = [Kind::Blogs, Kind::Courses, Kind::View, Kind::Analytics];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Kind::Blogs => "get_blogs",
            Kind::Courses => "get_courses",
            Kind::View => "record_blog_view",
            Kind::Analytics => "blog_analytics",
        }
    }

    /// Runs it, and says what came of it.
    pub(crate) async fn run(
        self,
        blog: &BlogService,
        view: impl FnOnce() -> BlogView,
    ) -> Result<String, Error> {
        match self {
            Kind::Blogs => blog.blogs(10).await.map(|blogs| words::count(blogs.len() as u64, "row")),
            Kind::Courses => {
                blog.courses(None).await.map(|courses| words::count(courses.len() as u64, "row"))
            }
            Kind::View => blog.record_view(&view()).await.map(|views| match views {
                Some(views) => {
                    format!("the post now has {}", words::count(views.unsigned_abs().into(), "view"))
                }
                None => "there is no such post".to_owned(),
            }),
            Kind::Analytics => blog.analytics(7).await.map(|rows| words::count(rows.len() as u64, "row")),
        }
    }
}

/// What the rehearsal has shown.
pub(crate) struct Rehearsal {
    /// The operations that work here.
    pub(crate) kinds: Vec<Kind>,
    /// The posts whose views are counted.
    pub(crate) posts: Vec<i64>,
    lines: Vec<Line>,
}

impl Rehearsal {
    pub(crate) async fn of(blog: &BlogService, target: &Target, writes: Writes) -> Rehearsal {
        let posts = blog.blogs(10).await.unwrap_or_default().iter().map(|blog| blog.id).collect();
        let mut rehearsal = Rehearsal { kinds: Vec::new(), posts, lines: Vec::new() };
        for kind in Kind::ALL {
            let says = if kind == Kind::View && writes == Writes::LeftOut && target.simulator().is_none() {
                (Paint::Warn, "left out: it writes to your project; --write includes it".to_owned())
            } else {
                rehearsal.run(kind, blog).await
            };
            let name = format!("  {:<18}", kind.name());
            rehearsal.lines.push(Line::new().text(name).paint(says.0, says.1));
        }
        rehearsal
    }

    /// What was tried, and what came of it.
    pub(crate) fn lines(&self) -> &[Line] {
        &self.lines
    }

    async fn run(&mut self, kind: Kind, blog: &BlogService) -> (Paint, String) {
        let Some(&post) = self.posts.first().or((kind != Kind::View).then_some(&0)) else {
            return (Paint::Warn, "left out: there is no post that could be viewed".to_owned());
        };
        let start = Instant::now();
        match kind.run(blog, || view(post, 0)).await {
            Ok(result) => {
                self.kinds.push(kind);
                (Paint::Plain, format!("{result}, in {}", words::time(start.elapsed())))
            }
            Err(error) => (Paint::Bad, format!("left out: {error}")),
        }
    }
}

/// The n-th view of this run. Its key is like no other, so that the database counts it once.
pub(crate) fn view(post: i64, n: u64) -> BlogView {
    let epoch = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    BlogView {
        blog_id: post,
        viewer: format!("quickstart-{}", n % 50),
        request_key: format!("quickstart-{}-{}-{n}", std::process::id(), epoch.as_millis()),
    }
}
