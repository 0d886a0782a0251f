//! What is on the screen while the round runs.
//!
//! Rules kept here: whatever ends the round, the terminal becomes what it was; a frame is made of one look at the pool.

use std::collections::VecDeque;
use std::io;
use std::pin::pin;
use std::time::Duration;

use examples::blog::BlogService;
use examples::screen::{Line, Mode, Screen, print};
use pool_tokio::{PoolStatus, SupabasePool};
use supabase_sim::Simulator;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::journal::Journal;
use crate::load::Load;
use crate::story::{self, Act, Beat, Recovery};
use crate::view::Scene;

/// How often the picture is drawn.
const FRAME: Duration = Duration::from_millis(100);
/// How often news are looked for, in frames: what happens together is told together.
const LOOK: u32 = 3;
/// How many pictures there are in the whole round where they cannot be redrawn in place.
const PLAIN_PICTURES: u32 = 6;
/// The span of the key figures.
const WINDOW: Duration = Duration::from_secs(3);

/// How the round ended.
pub(crate) enum Ending {
    /// It was told to its end.
    Told(Vec<Recovery>),
    /// Ctrl-C was pressed.
    Interrupted,
}

/// What is on the screen, and what it is made of.
pub(crate) struct Show {
    screen: Screen,
    title: String,
    length: Duration,
    journal: Journal,
    act: Act,
    /// The pool in each frame of the last [`WINDOW`], and one before.
    past: VecDeque<PoolStatus>,
    frames: u32,
    /// When the next picture is due.
    picture_at: Duration,
}

impl Show {
    pub(crate) fn open(pool: &SupabasePool, title: String, length: Duration, mode: Mode) -> io::Result<Show> {
        Ok(Show {
            screen: Screen::open(mode)?,
            title,
            length,
            journal: Journal::of(pool),
            act: Act::default(),
            past: VecDeque::from([pool.status()]),
            frames: 0,
            picture_at: Duration::ZERO,
        })
    }

    /// Runs the story to its end, and draws meanwhile.
    pub(crate) async fn run(
        &mut self,
        blog: &BlogService,
        simulator: Option<&Simulator>,
        load: &Load,
    ) -> io::Result<Ending> {
        let (tell, mut beats) = mpsc::unbounded_channel();
        let mut story = pin!(story::tell(blog.pool(), simulator, load, self.length, tell));
        let mut interrupt = pin!(tokio::signal::ctrl_c());
        let mut frames = interval(FRAME);
        frames.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let ending = loop {
            tokio::select! {
                // In this order: from the first picture on, Ctrl-C is heard.
                biased;
                _ = &mut interrupt => break Ending::Interrupted,
                Some(beat) = beats.recv() => self.hear(beat),
                recoveries = &mut story => break Ending::Told(recoveries),
                _ = frames.tick() => self.frame(blog)?,
            }
        };
        while let Ok(beat) = beats.try_recv() {
            self.hear(beat);
        }
        Ok(ending)
    }

    /// Ends it, and leaves the last picture on the terminal.
    pub(crate) fn close(mut self, blog: &BlogService) -> io::Result<()> {
        self.journal.look();
        let (mode, picture) = (self.screen.mode(), self.picture(blog));
        if mode == Mode::Plain {
            self.screen.draw(&self.journal.unread())?;
        }
        drop(self.screen);
        print(mode, &picture)
    }

    fn hear(&mut self, beat: Beat) {
        match beat {
            Beat::Act(act) => {
                self.journal.act(&act);
                self.act = act;
            }
            Beat::Event(text) => self.journal.event(text),
        }
    }

    fn frame(&mut self, blog: &BlogService) -> io::Result<()> {
        self.past.push_back(blog.pool().status());
        while self.past.get(1).is_some_and(|second| self.journal.age(second.at) >= WINDOW) {
            self.past.pop_front();
        }
        self.frames += 1;
        if self.frames.is_multiple_of(LOOK) {
            self.journal.look();
        }
        match self.screen.mode() {
            Mode::Live => {
                let picture = self.picture(blog);
                self.screen.draw(&picture)
            }
            Mode::Plain => self.plain_frame(blog),
        }
    }

    /// The news as they come, and a picture now and then.
    fn plain_frame(&mut self, blog: &BlogService) -> io::Result<()> {
        self.screen.draw(&self.journal.unread())?;
        if self.journal.elapsed() < self.picture_at {
            return Ok(());
        }
        self.picture_at += self.length / PLAIN_PICTURES;
        let mut picture = vec![Line::new()];
        picture.extend(self.picture(blog));
        picture.push(Line::new());
        self.screen.draw(&picture)
    }

    fn picture(&self, blog: &BlogService) -> Vec<Line> {
        let now = blog.pool().status();
        let kpis = self.past.front().map_or(now.kpis, |past| now.since(past));
        let scene = Scene {
            title: &self.title,
            length: self.length,
            act: &self.act,
            now: &now,
            kpis: &kpis,
            operations: &blog.operations(),
            journal: &self.journal,
        };
        scene.lines(self.screen.mode())
    }
}
