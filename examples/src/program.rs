//! How an example begins and ends: 0 if all went well, 1 if it failed, 2 if it was not understood; what is wrong is said in one line.

use std::error::Error;
use std::process::ExitCode;

use crate::arguments::{Arguments, Refusal};

/// Runs the program `name` with what was said on its command line.
pub async fn main(
    name: &str,
    help: &str,
    run: impl AsyncFnOnce(Arguments) -> Result<ExitCode, Box<dyn Error>>,
) -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(Refusal::Help) => {
            println!("{help}");
            return ExitCode::SUCCESS;
        }
        Err(Refusal::Wrong(says)) => {
            eprintln!("{name}: {says}");
            return ExitCode::from(2);
        }
    };
    run(arguments).await.unwrap_or_else(|error| {
        eprintln!("{name}: {error}");
        ExitCode::FAILURE
    })
}
