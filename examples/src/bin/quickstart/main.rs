//! A pool under load, and what it does when its server fails: `cargo run -p examples --bin quickstart`.
//!
//! Without an account it runs against a simulator in this process; with `SUPABASE_URL` and a key, against that project.
//! Every number that it shows was measured in this run. It ends by itself: with 0 when everything recovered, else with 1.

mod journal;
mod load;
mod rehearsal;
mod show;
mod story;
mod summary;
mod view;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use examples::arguments::Arguments;
use examples::blog::BlogService;
use examples::program;
use examples::screen::{Mode, print};
use examples::target::Target;

use load::Load;
use rehearsal::Rehearsal;
use show::{Ending, Show};
use summary::Summary;

const HELP: &str = "\
A pool of connections under load, and what it does when its server fails.

    cargo run -p examples --bin quickstart -- [--seconds N] [--write]

    --seconds N   how long the round takes, 3 to 600; 15 if not said
    --write       also run record_blog_view, which writes, when it runs on a project of yours

Without an account it runs on a simulator in this process. Set SUPABASE_URL and SUPABASE_PUBLISHABLE_KEY
to run on your project, which is only queried: nothing is cut there. NO_COLOR=1 prints plain lines.";

/// How long the round takes, if it was not said.
const LENGTH: Duration = Duration::from_secs(15);
/// How long the requests under way have when the round is over: longer than the time limit of any operation.
const GRACE: Duration = Duration::from_secs(12);
/// And when Ctrl-C was pressed.
const GRACE_INTERRUPTED: Duration = Duration::from_secs(2);

#[tokio::main]
async fn main() -> ExitCode {
    program::main("quickstart", HELP, run).await
}

async fn run(arguments: Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let mode = Mode::detect();
    let (target, config) = Target::choose().await?;
    let settings = config.settings();
    let title = target.title(&config);
    println!(
        "Opening a pool of {} to {} connections to {title}.",
        settings.min_connections, settings.max_connections
    );
    let blog = BlogService::new(pool_tokio::connect(&config)?);
    blog.pool().pool().warm_up(settings.min_connections, settings.connection_timeout).await?;
    if let Some(simulator) = target.simulator() {
        story::set_the_stage(simulator);
    }
    let rehearsal = Rehearsal::of(&blog, &target, arguments.writes).await;
    print(mode, rehearsal.lines())?;
    let load = Load::start(&blog, &rehearsal, &target)?;

    let mut show = Show::open(blog.pool(), title, arguments.length.unwrap_or(LENGTH), mode)?;
    let ending = show.run(&blog, target.simulator(), &load).await?;
    show.close(&blog)?;

    let grace = if matches!(ending, Ending::Told(_)) { GRACE } else { GRACE_INTERRUPTED };
    let tally = load.stop(grace).await;
    let summary = Summary::of(&blog, &target, &rehearsal, tally, ending).await;
    print(mode, &summary.lines())?;
    blog.close(grace).await;
    Ok(if summary.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
