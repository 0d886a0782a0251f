//! The engines over known bugs of other pools: `cargo xtask planted`, and part of `cargo xtask test`.

use pool_core::Bug;
use pool_world::planted::{Engine, hunt};

const ENGINES: [Engine; 7] = [
    Engine {
        name: "stories",
        tests: &["stories_callers::", "stories_health::", "stories_load::", "regressions::"],
    },
    Engine { name: "histories", tests: &["histories::"] },
    Engine { name: "naive", tests: &["differential::"] },
    Engine { name: "metamorphic", tests: &["metamorphic::"] },
    Engine { name: "exhaustive", tests: &["exhaustive::every"] },
    Engine { name: "exact", tests: &["simulator::alone::exact"] },
    Engine { name: "sloppy", tests: &["simulator::alone::sloppy"] },
];

#[test]
fn each_bug_of_the_core_is_found() {
    let of_the_core: Vec<Bug> = Bug::ALL.into_iter().filter(|bug| *bug != Bug::LostWakeUp).collect();
    hunt(&of_the_core, &ENGINES);
}
