//! The model checker over known bugs of other pools, those that a driver can have.

use pool_async::pool_core::Bug;
use pool_world::planted::{Engine, hunt};

#[test]
fn each_bug_of_the_driver_is_found() {
    hunt(&[Bug::LostWakeUp], &[Engine { name: "model", tests: &["races::"] }]);
}
